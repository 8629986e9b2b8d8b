//! A mail, a ticket or what a caller asks for becomes an issue: once, whatever happened to earlier
//! tries.

use jiff::SignedDuration;

use super::{Creator, LOCKED_OUT, New, goods, later, read, wanted};
use crate::{
    actors::{
        desk::Task,
        issue_words::{IssueWords, Reading, Writer},
        mailboxes::{Letter, Mailbox},
    },
    clock,
    model::{
        desk::{Done, Outcome},
        effect::MailRef,
        keys::IssueKey,
        mail::{Address, Importance},
        request::{RequestPriority, Wanted},
    },
    store::StoreError,
};

/// A mail of this age may have had its issue made from another store, one that was lost.
const OLD: SignedDuration = SignedDuration::from_mins(15);

/// Whether the mail is older than any index lags behind.
fn is_old(letter: &Letter) -> bool {
    let Letter::Here { mail, .. } = letter else { return true };
    clock::now().duration_since(mail.received) > OLD
}

pub(super) async fn mail<C: Creator>(
    by: &C,
    task: &Task,
    mailbox: &Mailbox,
    mail: &MailRef,
    replaces: Option<&IssueKey>,
) -> Result<Outcome, StoreError> {
    let effect = &task.effect;
    let mark = effect.mark();
    let place = match by.place(effect, &mailbox.place).await {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let mut found = match look(by, task, &mark, &place).await? {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let reading = match read(by, effect, mailbox, (mail, false)).await {
        Ok(reading) => reading,
        Err(outcome) => return Ok(outcome),
    };
    if found.is_none() && is_old(&reading.letter) {
        found = match by.find_lost(&mark).await {
            Ok(found) => found,
            Err(error) => return Ok(by.read_failed(effect, &error)),
        };
    }
    if let Some(issue) = found {
        return Ok(created(issue, mailbox, &reading));
    }
    let (reporter, importance) = match &reading.letter {
        Letter::Here { mail, .. } => (mail.from.as_ref(), mail.importance),
        _ => (task.case.reporter(), Importance::Normal),
    };
    let words = |writer: &Writer<'_>, told: &[String]| {
        let instead = replaces.map(|gone| writer.replaces(gone));
        let told: Vec<_> = told.iter().cloned().chain(instead).collect();
        let mark = C::MARKS_TEXT.then_some(mark.as_str());
        writer.issue(mailbox, &task.case, &reading, &told, mark)
    };
    let new = New {
        mark: &mark,
        reporter,
        priority: match importance {
            Importance::High if C::TAKES_IMPORTANCE => Some(RequestPriority::High),
            Importance::Low if C::TAKES_IMPORTANCE => Some(RequestPriority::Low),
            _ => None,
        },
        category: mailbox.category.as_deref(),
        words: &words,
        locale: mailbox.locale,
    };
    Ok(match by.make(effect, &place, &new).await? {
        Ok(issue) => {
            tracing::info!(issue.key = %issue, case.id = %task.case.id, "a mail became an issue");
            created(issue, mailbox, &reading)
        }
        Err(outcome) => outcome,
    })
}

pub(super) async fn ticket<C: Creator>(by: &C, task: &Task) -> Result<Outcome, StoreError> {
    let (effect, common) = (&task.effect, by.common());
    let ticket = task.case.ticket.as_ref();
    let Some((ticket, place)) = ticket.and_then(|one| Some((one, one.place.as_ref()?))) else {
        return Ok(later(effect, Some(LOCKED_OUT), "its ticket has no place in a tracker"));
    };
    let fields = common.desk.fields_of(task.case.id).await?;
    let mark = common.desk.secret().ticket_mark(task.case.id);
    let words = |writer: &Writer<'_>, _: &[String]| {
        let mark = C::MARKS_TEXT.then_some(mark.as_str());
        writer.ticket(&task.case.subject, ticket, &fields, common.chat_url, mark)
    };
    let made = make_or_find(by, task, place, &bare(&mark, &words, common.locale)).await?;
    Ok(made.map_or_else(
        |outcome| outcome,
        |issue| {
            tracing::info!(issue.key = %issue, case.id = %task.case.id, "a ticket became an issue");
            Outcome::Done(Done::Created { issue, attach: false, watch: false })
        },
    ))
}

pub(super) async fn request<C: Creator>(by: &C, task: &Task) -> Result<Outcome, StoreError> {
    let (effect, common) = (&task.effect, by.common());
    let wanted = match wanted(by, effect).await? {
        Ok(wanted) => wanted,
        Err(outcome) => return Ok(outcome),
    };
    let Wanted::Ticket(new) = &wanted else {
        return Ok(Outcome::Refused { fault: "no ticket was asked for".to_owned() });
    };
    let limit = match goods::limit(by, effect, &wanted).await {
        Ok(limit) => limit,
        Err(outcome) => return Ok(outcome),
    };
    let mark = common.desk.secret().ticket_mark(task.case.id);
    let words = |writer: &Writer<'_>, told: &[String]| {
        let mark = C::MARKS_TEXT.then_some(mark.as_str());
        writer.request(new, limit, told, mark)
    };
    let reporter = Address { name: None, email: new.reporter.clone() };
    let bare = bare(&mark, &words, common.locale);
    let new = New {
        reporter: Some(&reporter),
        priority: new.priority,
        category: new.category.as_deref(),
        ..bare
    };
    let made = make_or_find(by, task, task.case.place().unwrap_or_default(), &new).await?;
    Ok(made.map_or_else(
        |outcome| outcome,
        |issue| {
            tracing::info!(issue.key = %issue, case.id = %task.case.id, "a request became an issue");
            let attach = !by.writer(common.locale).parcels_of(&wanted, limit).is_empty();
            Outcome::Done(Done::Created { issue, attach, watch: !wanted.watchers().is_empty() })
        },
    ))
}

/// An issue that is made in ticketd's own name.
fn bare<'n>(
    mark: &'n str,
    words: &'n (dyn Fn(&Writer<'_>, &[String]) -> IssueWords + Sync),
    locale: crate::locale::Locale,
) -> New<'n> {
    New { mark, reporter: None, priority: None, category: None, words, locale }
}

async fn make_or_find<C: Creator>(
    by: &C,
    task: &Task,
    place: &str,
    new: &New<'_>,
) -> Result<Result<IssueKey, Outcome>, StoreError> {
    let place = match by.place(&task.effect, place).await {
        Ok(place) => place,
        Err(outcome) => return Ok(Err(outcome)),
    };
    match look(by, task, new.mark, &place).await? {
        Ok(Some(issue)) => Ok(Ok(issue)),
        Ok(None) => by.make(&task.effect, &place, new).await,
        Err(outcome) => Ok(Err(outcome)),
    }
}

/// What an unclear try has made; an outcome if that is nothing, or cannot be told.
async fn look<C: Creator>(
    by: &C,
    task: &Task,
    mark: &str,
    place: &C::Place,
) -> Result<Result<Option<IssueKey>, Outcome>, StoreError> {
    let effect = &task.effect;
    if !effect.is_unclear() {
        return Ok(Ok(None));
    }
    Ok(match by.find(effect, mark, place).await? {
        Ok(None) => Err(Outcome::NotFound),
        Ok(found) => Ok(found),
        Err(error) => Err(by.read_failed(effect, &error)),
    })
}

fn created(issue: IssueKey, mailbox: &Mailbox, reading: &Reading) -> Outcome {
    let Letter::Here { mail, .. } = &reading.letter else {
        return Outcome::Done(Done::Created { issue, attach: false, watch: false });
    };
    let attach = !reading.parcels().is_empty();
    let watch = mail.recipients.iter().any(|person| person.email != mailbox.address);
    Outcome::Done(Done::Created { issue, attach, watch })
}
