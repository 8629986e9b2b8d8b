//! What the makers of issues do alike, whichever tracker they make them in: which step comes to
//! what, what is fetched for it, and what is looked for before anything is made twice. What differs
//! is a [`Creator`]'s. Nothing here writes to a tracker itself.

use std::{fmt::Display, sync::Arc, time::Duration};

use url::Url;

use super::{
    desk::{Desk, Task},
    effects::{later, plainly},
    issue_words::{IssueWords, Parcel, Reading, Style, Writer},
    mailboxes::{Mailbox, Mailboxes},
};
use crate::{
    clients::{ApiError, MattermostClient},
    locale::{Locale, Texts},
    model::{
        desk::Outcome,
        effect::{Effect, MailRef, Work},
        keys::IssueKey,
        mail::{Address, Email},
        request::{RequestPriority, Wanted},
    },
    store::StoreError,
};

mod file;
mod goods;
mod say;
mod watch;

pub(super) use goods::Goods;

/// The pause where somebody must first do something: give us a right back, or a token.
pub(super) const LOCKED_OUT: Duration = Duration::from_mins(15);

/// What every maker of issues works with.
pub(super) struct Common<'c> {
    pub(super) desk: &'c Desk,
    pub(super) mattermost: &'c MattermostClient,
    pub(super) mailboxes: &'c Mailboxes,
    pub(super) texts: &'c Texts,
    /// The language of issues that come from no mailbox.
    pub(super) locale: Locale,
    pub(super) chat_url: &'c Url,
}

/// An issue to be made.
pub(super) struct New<'n> {
    /// By what it is known again.
    pub(super) mark: &'n str,
    /// Who asks, where the issue can be made in their name.
    pub(super) reporter: Option<&'n Address>,
    pub(super) priority: Option<RequestPriority>,
    /// What it is filed under.
    pub(super) category: Option<&'n str>,
    /// What it says, with these lines below who asked.
    pub(super) words: &'n (dyn Fn(&Writer<'_>, &[String]) -> IssueWords + Sync),
    /// The language of what ticketd says in it.
    pub(super) locale: Locale,
}

/// What a maker of issues knows of its tracker. Each call has a time limit; each write comes after
/// its intent is stored.
pub(super) trait Creator: Send + Sync + 'static {
    /// Whether an issue's text must say by what it is known again.
    const MARKS_TEXT: bool;
    /// Whether a mail's importance means something there.
    const TAKES_IMPORTANCE: bool;
    /// Where issues are made.
    type Place: Send + Sync;
    /// By what the tracker calls an issue.
    type Issue: Display + Send + Sync;
    /// By what it calls somebody.
    type Account: Send + Sync;

    fn common(&self) -> Common<'_>;
    fn style(&self) -> Style;
    /// How long nothing must be asked, and why.
    fn rest(&self) -> Option<(Duration, &'static str)>;
    fn issue(key: &IssueKey) -> Option<Self::Issue>;

    fn place(
        &self,
        effect: &Effect,
        name: &str,
    ) -> impl Future<Output = Result<Self::Place, Outcome>> + Send;

    /// The issue that carries a mark, after a call that may have made it.
    fn find(
        &self,
        effect: &Effect,
        mark: &str,
        place: &Self::Place,
    ) -> impl Future<Output = Result<Result<Option<IssueKey>, ApiError>, StoreError>> + Send;

    /// The issue that another store, which was lost, has made of this mail.
    fn find_lost(
        &self,
        mark: &str,
    ) -> impl Future<Output = Result<Option<IssueKey>, ApiError>> + Send;

    fn make(
        &self,
        effect: &Effect,
        place: &Self::Place,
        new: &New<'_>,
    ) -> impl Future<Output = Result<Result<IssueKey, Outcome>, StoreError>> + Send;

    /// Bytes of the largest file that the tracker takes.
    fn limit(&self) -> impl Future<Output = Result<u64, ApiError>> + Send;

    /// Whether a call that may have said it did.
    fn was_said(
        &self,
        effect: &Effect,
        issue: &Self::Issue,
        mark: &str,
    ) -> impl Future<Output = Result<bool, Outcome>> + Send;

    fn say(
        &self,
        effect: &Effect,
        issue: &Self::Issue,
        mark: &str,
        text: &str,
    ) -> impl Future<Output = Result<Result<(), Outcome>, StoreError>> + Send;

    /// Hangs files on the issue, each once.
    fn attach(
        &self,
        effect: &Effect,
        goods: &Goods<'_>,
        parcels: &[Parcel],
        issue: &Self::Issue,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    fn account(
        &self,
        email: &Email,
    ) -> impl Future<Output = Result<Option<Self::Account>, ApiError>> + Send;

    /// To let somebody watch twice changes nothing.
    fn watch(
        &self,
        issue: &Self::Issue,
        account: &Self::Account,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    fn follow_state(
        &self,
        task: &Task,
        issue: &Self::Issue,
    ) -> impl Future<Output = Outcome> + Send;

    fn reopen(&self, effect: &Effect, issue: &Self::Issue) -> impl Future<Output = Outcome> + Send;

    /// A read failed, before anything was written in this try.
    fn read_failed(&self, effect: &Effect, error: &ApiError) -> Outcome;

    fn write_failed(&self, effect: &Effect, error: &ApiError) -> Outcome;

    fn writer(&self, locale: Locale) -> Writer<'_> {
        Writer { texts: self.common().texts, locale, style: self.style() }
    }
}

/// Carries out one step of a case, or looks for what an earlier try has left.
pub(super) async fn carry_out<C: Creator>(by: &C, task: &Task) -> Result<Outcome, StoreError> {
    let effect = &task.effect;
    if let Some((rest, why)) = by.rest() {
        return Ok(later(effect, Some(rest), why));
    }
    let outcome = match &effect.work {
        Work::FileTicket => return file::ticket(by, task).await,
        Work::FileRequest => return file::request(by, task).await,
        Work::CreateIssue { mail, replaces } => match mailbox(by, task) {
            Ok(mailbox) => file::mail(by, task, &mailbox, mail, replaces.as_ref()).await,
            Err(outcome) => Ok(outcome),
        },
        _ => match task.case.issue.as_ref().and_then(C::issue) {
            Some(issue) => in_issue(by, task, &issue).await,
            // Its issue was refused.
            None if effect.work == Work::FollowState => Ok(plainly()),
            None => Ok(Outcome::Refused { fault: "there is no issue for it".to_owned() }),
        },
    };
    if let (Ok(Outcome::Done(_)), Work::CreateIssue { mail, .. } | Work::AddComment { mail }) =
        (&outcome, &effect.work)
        && let Ok(mailbox) = mailbox(by, task)
    {
        mailbox.mark_made(by.common().desk, mail.clone());
    }
    outcome
}

async fn in_issue<C: Creator>(
    by: &C,
    task: &Task,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let effect = &task.effect;
    match &effect.work {
        Work::FollowState => return Ok(by.follow_state(task, issue).await),
        Work::Reopen => return Ok(by.reopen(effect, issue).await),
        Work::AddReply { post } => return say::reply(by, effect, post, issue).await,
        Work::AddRemark => return say::remark(by, effect, issue).await,
        Work::AttachUploads { .. } => return goods::of_request(by, effect, issue).await,
        Work::WatchRequest { .. } => return watch::of_request(by, effect, issue).await,
        _ => {}
    }
    let mailbox = match mailbox(by, task) {
        Ok(mailbox) => mailbox,
        Err(outcome) => return Ok(outcome),
    };
    match &effect.work {
        Work::AddComment { mail } => say::mail(by, task, &mailbox, mail, issue).await,
        Work::Attach { mail, answer } => {
            goods::of_mail(by, effect, &mailbox, (mail, *answer), issue).await
        }
        Work::Watch { mail } => Ok(watch::of_mail(by, effect, &mailbox, mail, issue).await),
        _ => Ok(Outcome::Refused { fault: "it is not done in a tracker".to_owned() }),
    }
}

fn mailbox<C: Creator>(by: &C, task: &Task) -> Result<Arc<Mailbox>, Outcome> {
    let mailbox = task.case.mailbox().and_then(|of| by.common().mailboxes.of(of));
    mailbox.ok_or_else(|| later(&task.effect, Some(LOCKED_OUT), "its mailbox is not configured"))
}

/// Fetches and reads a mail. The largest file that the tracker takes is asked only where there is
/// something to attach.
async fn read<C: Creator>(
    by: &C,
    effect: &Effect,
    mailbox: &Mailbox,
    (mail, answer): (&MailRef, bool),
) -> Result<Reading, Outcome> {
    let read = async {
        let mut reading = Reading::fetch(effect, mailbox, mail, answer, by.style()).await?;
        if reading.may_have_parcels() {
            reading.limit = by.limit().await?;
        }
        Ok(reading)
    };
    read.await.map_err(|error| by.read_failed(effect, &error))
}

/// What the caller wants whose request this step is about.
async fn wanted<C: Creator>(
    by: &C,
    effect: &Effect,
) -> Result<Result<Wanted, Outcome>, StoreError> {
    let wanted = match effect.request() {
        Some(request) => by.common().desk.wanted(request).await?,
        None => None,
    };
    let gone = || Outcome::Refused { fault: "its words are not kept any more".to_owned() };
    Ok(wanted.ok_or_else(gone))
}
