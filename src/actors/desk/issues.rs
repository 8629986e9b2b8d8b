//! What the desk hears of issues: what is said in them, how they stand, and where they have gone.

use jiff::Timestamp;

use super::{Desk, leads};
use crate::{
    clock,
    model::{
        case::{Case, Standing},
        desk as rules,
        effect::Worker,
        keys::{CaseId, CommentId, IssueKey},
        mail::MessageId,
        ticket_event::{self, EventKind},
    },
    store::StoreError,
};

impl Desk {
    /// Takes up an agent's comment, once.
    ///
    /// # Errors
    /// The store's.
    pub async fn commented(&self, issue: IssueKey, comment: CommentId) -> Result<(), StoreError> {
        let told = self.write(move |inner, tables| {
            tables.write(|rows| {
                let Some(id) = rows.case_of_issue(&issue)? else {
                    return Ok(None);
                };
                if rows.comment_is_known(id, &comment)? {
                    return Ok(None);
                }
                let Some(mut case) = rows.case(id)? else { return Ok(None) };
                let now = clock::now();
                rows.know_comment(id, &comment, now)?;
                for effect in rules::agent_commented(&mut case, comment, now) {
                    rows.put_effect(&effect)?;
                }
                rows.put_case(&case)?;
                inner.record_event(rows, Some(EventKind::Commented), &case, now)
            })
        });
        self.tell_event(told.await?);
        self.wake(&[Worker::Mail, Worker::Chat]);
        Ok(())
    }

    /// Takes up how an issue stands in its tracker: the ticket follows where that is news.
    ///
    /// # Errors
    /// The store's.
    pub async fn stands(&self, issue: IssueKey, standing: Standing) -> Result<(), StoreError> {
        // Most looks bring no news: they cost no barrier.
        let asked = issue.clone();
        let news = self.read(move |tables| {
            let Some(id) = tables.case_of_issue(&asked)? else { return Ok(false) };
            let case = tables.case(id)?.filter(|case| case.issue.as_ref() == Some(&asked));
            let news = |mut case| rules::stands(&mut case, standing, clock::now()).is_some();
            Ok(case.is_some_and(news))
        });
        if !news.await? {
            return Ok(());
        }
        let told = self.write(move |inner, tables| {
            tables.write(|rows| {
                let Some(id) = rows.case_of_issue(&issue)? else { return Ok(None) };
                let Some(mut case) = rows.case(id)? else { return Ok(None) };
                let (before, now) = (case.clone(), clock::now());
                let Some(effects) = rules::stands(&mut case, standing, now) else {
                    return Ok(None);
                };
                effects.iter().try_for_each(|effect| rows.put_effect(effect))?;
                rows.put_case(&case)?;
                inner.last_words(&case);
                inner.record_event(rows, ticket_event::told(&before, &case, None), &case, now)
            })
        });
        self.tell_event(told.await?);
        self.wake(&[Worker::Chat]);
        Ok(())
    }

    /// The case whose issue was made with this mark, as it stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn case_of_mark(&self, mark: &str) -> Result<Option<Case>, StoreError> {
        if let Some(case) = self.secret().case_of_ticket(mark) {
            return self.case(case).await;
        }
        let Some(mark) = MessageId::parse(mark) else { return Ok(None) };
        let mailboxes: Vec<_> = self.0.sites.keys().cloned().collect();
        self.read(move |tables| {
            for mailbox in mailboxes {
                if let Some(case) = tables.case_of_message(&mailbox, &mark)? {
                    return tables.case(case);
                }
            }
            Ok(None)
        })
        .await
    }

    /// Notes that the case's issue has another key now.
    ///
    /// # Errors
    /// The store's.
    pub async fn moved(&self, case: CaseId, to: IssueKey) -> Result<(), StoreError> {
        self.write(move |_, tables| {
            tables.write(|rows| {
                let Some(mut case) = rows.case(case)? else { return Ok(()) };
                leads::link_issue(rows, &case, &to)?;
                case.issue = Some(to);
                rows.put_case(&case)
            })
        })
        .await
    }

    /// Whether the issue belongs to a case that makes issues. One that a comment adopted may still
    /// be what an unclear call has made.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::actors) async fn is_made(&self, issue: IssueKey) -> Result<bool, StoreError> {
        self.read(move |tables| {
            let Some(id) = tables.case_of_issue(&issue)? else { return Ok(false) };
            Ok(tables.case(id)?.is_some_and(|case| !case.is_adopted()))
        })
        .await
    }

    /// Since when the issue belongs to a case that only adopted it.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::actors) async fn adopted_at(
        &self,
        issue: IssueKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |tables| {
            let Some(id) = tables.case_of_issue(&issue)? else { return Ok(None) };
            Ok(tables.case(id)?.filter(Case::is_adopted).map(|case| case.opened))
        })
        .await
    }

    /// Whether the issue belongs to a case.
    ///
    /// # Errors
    /// The store's.
    pub async fn knows_issue(&self, issue: IssueKey) -> Result<bool, StoreError> {
        self.read(move |tables| Ok(tables.case_of_issue(&issue)?.is_some())).await
    }
}
