//! What leads to a case: Message-IDs, conversations, issues, subjects.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::error::StoreError;
use super::rows::{DeskTable, digest};
use super::{DeskTx, DeskView};
use crate::model::keys::{CaseId, IssueKey, MailboxName};
use crate::model::mail::MessageId;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Link {
    pub(super) case: CaseId,
}

pub(super) struct Messages;

impl DeskTable for Messages {
    const TREE: &'static str = "messages";
    type Key = [u8; 16];
    type Row = Link;
}

pub(super) struct Conversations;

impl DeskTable for Conversations {
    const TREE: &'static str = "conversations";
    type Key = [u8; 16];
    type Row = Link;
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct IssueLink {
    pub(super) case: CaseId,
    /// The key's own words: the row's key is only a digest.
    pub(super) issue: IssueKey,
}

pub(super) struct Issues;

impl DeskTable for Issues {
    const TREE: &'static str = "issues";
    type Key = [u8; 16];
    type Row = IssueLink;
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SubjectLink {
    pub(super) case: CaseId,
    at: Timestamp,
}

pub(super) struct Subjects;

impl DeskTable for Subjects {
    const TREE: &'static str = "subjects";
    type Key = [u8; 8];
    type Row = SubjectLink;
}

fn message_key(mailbox: &MailboxName, id: &MessageId) -> [u8; 16] {
    digest(&[mailbox.as_str(), id.as_str()])
}

fn conversation_key(mailbox: &MailboxName, conversation: &str) -> [u8; 16] {
    digest(&[mailbox.as_str(), conversation])
}

/// The key of an issue's rows.
fn issue_key(issue: &IssueKey) -> [u8; 16] {
    digest(&[issue.as_str()])
}

impl DeskView {
    /// The case that a mail with this Message-ID belongs to.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_message(
        &self,
        mailbox: &MailboxName,
        id: &MessageId,
    ) -> Result<Option<CaseId>, StoreError> {
        Ok(self.0.get::<Messages>(&message_key(mailbox, id))?.map(|link| link.case))
    }

    /// The case that the mailbox's conversation was linked with first.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_conversation(
        &self,
        mailbox: &MailboxName,
        conversation: &str,
    ) -> Result<Option<CaseId>, StoreError> {
        let key = conversation_key(mailbox, conversation);
        Ok(self.0.get::<Conversations>(&key)?.map(|link| link.case))
    }

    /// The case of an issue.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_issue(&self, issue: &IssueKey) -> Result<Option<CaseId>, StoreError> {
        Ok(self.0.get::<Issues>(&issue_key(issue))?.map(|link| link.case))
    }

    /// The case that a sender's subject, by its digest, was linked with last, and when.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_subject(&self, subject: u64) -> Result<Option<(CaseId, Timestamp)>, StoreError> {
        let link = self.0.get::<Subjects>(&subject.to_be_bytes())?;
        Ok(link.map(|link| (link.case, link.at)))
    }
}

impl DeskTx<'_> {
    /// Mails that answer `id` belong to `case`, unless they belong to another one already: an id
    /// may be claimed by anybody.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn link_message(
        &mut self,
        mailbox: &MailboxName,
        id: &MessageId,
        case: CaseId,
    ) -> Result<(), StoreError> {
        let key = message_key(mailbox, id);
        if self.view.0.contains::<Messages>(&key)? {
            return Ok(());
        }
        self.view.0.put::<Messages>(&key, &Link { case })
    }

    /// Mails of this conversation belong to `case`, unless they belong to another one already:
    /// forged references bring a mail into any conversation.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn link_conversation(
        &mut self,
        mailbox: &MailboxName,
        conversation: &str,
        case: CaseId,
    ) -> Result<(), StoreError> {
        let key = conversation_key(mailbox, conversation);
        if self.view.0.contains::<Conversations>(&key)? {
            return Ok(());
        }
        self.view.0.put::<Conversations>(&key, &Link { case })
    }

    /// What happens to `issue` belongs to `case`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn link_issue(&mut self, issue: &IssueKey, case: CaseId) -> Result<(), StoreError> {
        self.view.0.put::<Issues>(&issue_key(issue), &IssueLink { case, issue: issue.clone() })
    }

    /// A sender's subject, by its digest, was about `case` at this time.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn link_subject(
        &mut self,
        subject: u64,
        case: CaseId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.view.0.put::<Subjects>(&subject.to_be_bytes(), &SubjectLink { case, at })
    }
}
