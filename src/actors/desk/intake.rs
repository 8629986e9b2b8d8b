//! What happens to a mail that is seen: known already, kept out by a rule, put into quarantine, or
//! taken into a case. The first word about a mail is the last.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    Announced, Site,
    arrival::{Arrival, Verdict},
};
use crate::{
    model::{
        case::{Case, MailRecord, MailState},
        desk as rules,
        effect::MailRef,
        filter::{self, Facts},
        issue_text,
        keys::{CaseId, MailKey, MailboxName},
        mail::{Folder, Mail},
        render,
        thread::ThreadSecret,
        ticket::Ticket,
    },
    store::{self, DeskTx, StoreError},
};
use jiff::Timestamp;

/// Answered mails by which a mail that comes too early will be found: the nearest ones.
const AWAITED: usize = 3;
/// How long an answer without references finds its case by its subject.
const SUBJECT_DAYS: i64 = 7;
/// Characters of a subject that the register keeps.
const SUBJECT_MAX: usize = 100;

/// Records mails in one transaction; if one of them cannot be digested, each in its own.
pub(super) fn record_all(
    tables: &store::Desk,
    mailbox: &MailboxName,
    site: &Site,
    arrivals: &[Arrival],
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let together = || {
        tables.write(|rows| {
            let secret = tables.secret();
            let each = arrivals.iter();
            each.map(|arrival| record(rows, secret, mailbox, site, arrival, now)).collect()
        })
    };
    match catch_unwind(AssertUnwindSafe(together)) {
        Ok(Err(StoreError::RowTooLong { .. })) | Err(_) => {
            arrivals.iter().map(|one| record_any(tables, mailbox, site, one, now)).collect()
        }
        Ok(recorded) => recorded,
    }
}

/// Records one mail; one that ticketd cannot digest is put aside, so that it holds up no other.
fn record_any(
    tables: &store::Desk,
    mailbox: &MailboxName,
    site: &Site,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let one = |arrival: &Arrival| {
        tables.write(|rows| record(rows, tables.secret(), mailbox, site, arrival, now))
    };
    let reason = match catch_unwind(AssertUnwindSafe(|| one(arrival))) {
        Ok(Err(StoreError::RowTooLong { .. })) => "its record would be too long",
        Ok(recorded) => return recorded,
        Err(_) => "recording it panicked",
    };
    let Arrival::Mail(mail) = arrival else {
        return Err(StoreError::Engine(reason.to_owned()));
    };
    tracing::error!(mail.remote = mail.remote, cause = reason, "a mail is put aside");
    one(&Arrival::Unreadable {
        remote: mail.remote.clone(),
        received: mail.received,
        reason: reason.to_owned(),
        raw: Vec::new(),
    })
}

fn record(
    rows: &mut DeskTx<'_>,
    secret: &ThreadSecret,
    mailbox: &MailboxName,
    site: &Site,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    match arrival {
        Arrival::Mail(mail) => Intake { rows, secret, mailbox, site, mail, now }.record(),
        Arrival::Unreadable { remote, received, reason, raw } => {
            let key = MailKey::of(mailbox, &format!("{remote}\0unreadable"));
            if rows.mail(&key)?.is_some() {
                return Ok(Verdict::Known);
            }
            // Where the server gives nothing, what it said is all there is.
            let raw = if raw.is_empty() { reason.as_bytes() } else { raw };
            rows.keep_raw(&key, raw)?;
            rows.put_mail(&MailRecord {
                key,
                mailbox: mailbox.clone(),
                remote: remote.clone(),
                folder: Folder::Inbox,
                from: None,
                subject: String::new(),
                received: *received,
                recorded: now,
                state: MailState::Quarantined { reason: reason.clone() },
            })?;
            Ok(Verdict::Quarantined)
        }
    }
}

/// Takes in a mail that a rule kept out, by the operator's word; `None` if the register has no
/// such row any more.
pub(super) fn let_in(
    rows: &mut DeskTx<'_>,
    secret: &ThreadSecret,
    site: &Site,
    (key, mail): (MailKey, &Mail),
    now: Timestamp,
) -> Result<Option<Verdict>, StoreError> {
    let Some(MailRecord { mailbox, state: MailState::Ignored { rule }, .. }) = rows.mail(&key)?
    else {
        return Ok(None);
    };
    let mut intake = Intake { rows, secret, mailbox: &mailbox, site, mail, now };
    let case = intake.find_case()?;
    let verdict = intake.take_in(key, case)?;
    tracing::info!(mail.key = %key, rule, "the operator lets in a mail that a rule kept out");
    Ok(Some(verdict))
}

struct Intake<'a, 'tx> {
    rows: &'a mut DeskTx<'tx>,
    secret: &'a ThreadSecret,
    mailbox: &'a MailboxName,
    site: &'a Site,
    mail: &'a Mail,
    now: Timestamp,
}

impl Intake<'_, '_> {
    fn record(mut self) -> Result<Verdict, StoreError> {
        let mail = self.mail;
        let identity = mail.identity();
        let mut key = MailKey::of(self.mailbox, &identity);
        let mut copy_of = None;
        if let Some(known) = self.rows.mail(&key)? {
            if known.remote == mail.remote {
                return Ok(Verdict::Known);
            }
            // The same mail once more: it gets a row of its own, which says so.
            key = MailKey::of(self.mailbox, &format!("{identity}\0{}", mail.remote));
            if self.rows.mail(&key)?.is_some() {
                return Ok(Verdict::Known);
            }
            copy_of = Some(known.folder);
        }
        let case = if copy_of.is_some() { None } else { self.find_case()? };
        let sender = mail.from.as_ref().map(|from| self.secret.address(&from.email));
        let this_hour = sender.map_or(Ok(0), |sender| self.count(sender))?;
        let streak = case
            .as_ref()
            .and_then(|case| case.mail.as_ref())
            .filter(|conversation| Some(conversation.streak_of) == sender)
            .map_or(0, |conversation| conversation.streak);
        let ours = |id| self.secret.case_of(id).is_some();
        let facts = Facts {
            mail,
            ours: mail.message_id.as_ref().is_some_and(ours),
            copy_of,
            joins: case.is_some(),
            streak,
            this_hour,
        };
        if let Some(rule) = filter::judge(&facts, &self.site.rules) {
            let state = MailState::Ignored { rule: rule.word().to_owned() };
            self.put_mail(key, state)?;
            return Ok(Verdict::Ignored);
        }
        self.take_in(key, case)
    }

    /// Into its case, or into a new one.
    fn take_in(&mut self, key: MailKey, case: Option<Case>) -> Result<Verdict, StoreError> {
        let mail = self.mail;
        let mail_ref = MailRef { key, remote: mail.remote.clone() };
        let (mut case, verdict, effects) = if let Some(mut case) = case {
            let sender = mail.from.as_ref().map(|from| self.secret.address(&from.email));
            let sender = sender.unwrap_or_default();
            let policy = self.site.policy;
            let effects = rules::join(&mut case, mail, mail_ref, sender, policy, self.now);
            (case, Verdict::Comment, effects)
        } else {
            let id = self.rows.next_case()?;
            let ticket = self.ticket(id)?;
            let policy = self.site.policy;
            let (case, effects) =
                rules::open(id, self.mailbox, (mail, mail_ref), ticket, policy, self.now);
            self.link_subject(case.id)?;
            (case, Verdict::Ticket, effects)
        };
        let id = case.id;
        let state = match verdict {
            Verdict::Ticket => MailState::Ticket { case: id },
            _ => MailState::Comment { case: id },
        };
        self.put_mail(key, state)?;
        effects.iter().try_for_each(|effect| self.rows.put_effect(effect))?;
        self.admit(&mut case);
        self.rows.put_case(&case)?;
        self.link(id)?;
        Ok(verdict)
    }

    /// The ticket of a new case, where the chat is to hear of it.
    fn ticket(&mut self, case: CaseId) -> Result<Option<Ticket>, StoreError> {
        let Some(Announced { channel, prefix, time_zone }) = &self.site.announced else {
            return Ok(None);
        };
        let day = self.now.to_zoned(time_zone.clone()).date();
        let number = self.rows.number_ticket(day, case)?;
        self.rows.keep_fields(case, &[])?;
        Ok(Some(Ticket::new(number, prefix.clone(), channel.clone())))
    }

    /// The case that the mail belongs to: by what it answers, then by the mailbox's conversation,
    /// then by an issue's key in the subject, last by the subject of an answer. Whoever does not
    /// name an id of ours must be known to the case.
    fn find_case(&mut self) -> Result<Option<Case>, StoreError> {
        let mail = self.mail;
        for id in &mail.answers {
            if let Some(case) = self.secret.case_of(id)
                && let Some(case) = self.open_case(case)?
            {
                return Ok(Some(case));
            }
        }
        // Its own id may be awaited: the answer was faster, and is about the same. Some devices use
        // one id for all they send.
        if let Some(id) = &mail.message_id
            && let Some(case) = self.rows.case_of_message(self.mailbox, id)?
            && let Some(case) = self.case_of_participant(case)?
            && is_about(&case, mail)
        {
            return Ok(Some(case));
        }
        for id in &mail.answers {
            if let Some(case) = self.rows.case_of_message(self.mailbox, id)?
                && let Some(case) = self.case_of_participant(case)?
            {
                return Ok(Some(case));
            }
        }
        // What answers nothing begins a conversation, whatever the mailbox thinks of it.
        if let Some(conversation) = &mail.conversation
            && (!mail.answers.is_empty() || self.answers_by_subject())
            && let Some(case) = self.rows.case_of_conversation(self.mailbox, conversation)?
            && let Some(case) = self.case_of_participant(case)?
        {
            return Ok(Some(case));
        }
        for issue in issue_text::issue_keys(&mail.subject) {
            if let Some(case) = self.rows.case_of_issue(&issue)?
                && let Some(case) = self.case_of_participant(case)?
            {
                return Ok(Some(case));
            }
        }
        self.case_of_subject()
    }

    /// An answer whose program kept neither references nor our key.
    fn case_of_subject(&mut self) -> Result<Option<Case>, StoreError> {
        let Some(from) = &self.mail.from else { return Ok(None) };
        if !self.answers_by_subject() {
            return Ok(None);
        }
        let normalised = issue_text::normalised(&self.mail.subject);
        let digest = self.secret.subject(&from.email, &normalised);
        let Some((case, since)) = self.rows.case_of_subject(digest)? else { return Ok(None) };
        let age = self.now.as_second() - since.as_second();
        if age > SUBJECT_DAYS * 86_400 { Ok(None) } else { self.open_case(case) }
    }

    /// Whether the subject says that the mail is an answer, and to what.
    fn answers_by_subject(&self) -> bool {
        let normalised = issue_text::normalised(&self.mail.subject);
        !normalised.is_empty() && normalised != self.mail.subject.trim().to_lowercase()
    }

    fn open_case(&mut self, id: CaseId) -> Result<Option<Case>, StoreError> {
        let case = self.rows.case(id)?;
        Ok(case.filter(|case| case.mailbox() == Some(self.mailbox)))
    }

    fn case_of_participant(&mut self, id: CaseId) -> Result<Option<Case>, StoreError> {
        let case = self.open_case(id)?;
        Ok(case.filter(|case| match (&self.mail.from, self.mail.folder) {
            (_, Folder::Sent) => true,
            (Some(from), Folder::Inbox) => {
                let who = self.secret.address(&from.email);
                case.mail.as_ref().is_some_and(|conversation| conversation.knows(who))
            }
            (None, Folder::Inbox) => false,
        }))
    }

    /// Counts the mail for its sender; returns how many came before it in this hour.
    fn count(&mut self, sender: u64) -> Result<u32, StoreError> {
        // The hour in which the mailbox got it: a backlog is no flood.
        let hour = self.mail.received.min(self.now).as_second().div_euclid(3_600);
        let mut count = self.rows.sender(sender)?;
        if count.hour != hour {
            (count.hour, count.mails) = (hour, 0);
        }
        let before = count.mails;
        count.mails = count.mails.saturating_add(1);
        self.rows.put_sender(sender, count)?;
        Ok(before)
    }

    fn put_mail(&mut self, key: MailKey, state: MailState) -> Result<(), StoreError> {
        let mail = self.mail;
        self.rows.put_mail(&MailRecord {
            key,
            mailbox: self.mailbox.clone(),
            remote: mail.remote.clone(),
            folder: mail.folder,
            from: mail.from.as_ref().map(|from| from.email.clone()),
            subject: render::cut(&Case::subject_of(&mail.subject), SUBJECT_MAX),
            received: mail.received,
            recorded: self.now,
            state,
        })
    }

    /// What leads later mails to the case.
    fn link(&mut self, case: CaseId) -> Result<(), StoreError> {
        let mail = self.mail;
        for id in mail.message_id.iter().chain(mail.answers.iter().take(AWAITED)) {
            if self.secret.case_of(id).is_none() {
                self.rows.link_message(self.mailbox, id, case)?;
            }
        }
        if let Some(conversation) = &mail.conversation {
            self.rows.link_conversation(self.mailbox, conversation, case)?;
        }
        Ok(())
    }

    /// Whom the mail brings into the case.
    fn admit(&self, case: &mut Case) {
        let mail = self.mail;
        let Some(conversation) = &mut case.mail else { return };
        let people = mail.from.iter().chain(&mail.reply_to).chain(&mail.recipients);
        for person in people.filter(|person| !self.site.rules.own.contains(&person.email)) {
            conversation.admit(self.secret.address(&person.email));
        }
    }

    fn link_subject(&mut self, case: CaseId) -> Result<(), StoreError> {
        let Some(from) = &self.mail.from else { return Ok(()) };
        let normalised = issue_text::normalised(&self.mail.subject);
        let digest = self.secret.subject(&from.email, &normalised);
        self.rows.link_subject(digest, case, self.now)
    }
}

/// Whether the mail is about what the case is about, by the subject.
fn is_about(case: &Case, mail: &Mail) -> bool {
    let normalised = |subject: &str| issue_text::normalised(&Case::subject_of(subject));
    normalised(&case.subject) == normalised(&mail.subject)
}
