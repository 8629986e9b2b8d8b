//! `createReply` and `createReplyAll`: a draft that answers a message, with its quotation ("message:
//! createReply", "message: createReplyAll").

use http::StatusCode;

use super::ask::Ask;
use super::error::{Outcome, Refusal};
use super::item::{Body, Item, Person};
use super::mailbox::DRAFTS;
use super::state::State;
use super::write::{self, apply, blank};

pub(super) fn create(state: &mut State, ask: &Ask<'_>, id: &str, all: bool) -> Outcome {
    let body = ask.body()?;
    let comment = body["comment"].as_str().or_else(|| body["Comment"].as_str());
    let message = if body["message"].is_null() { &body["Message"] } else { &body["message"] };
    if comment.is_some() && !message["body"].is_null() {
        let text = "Specify either a comment or the body of the message, not both.";
        return Err(Refusal::bad(text));
    }
    let (_, original) = state.find(ask.mailbox, id)?;
    let mut draft = blank(state, ask.mailbox);
    draft.subject = subject(&original.subject);
    draft.in_reply_to = Some(original.message_id.clone());
    draft.references.clone_from(&original.references);
    draft.references.push(original.message_id.clone());
    draft.body = quoting(original, comment.unwrap_or_default());
    let own = &state.mailboxes[ask.mailbox].address;
    (draft.to, draft.cc) = recipients(original, own, all);
    apply(&mut draft, message)?;
    let number = state.mailboxes[ask.mailbox].add(draft, DRAFTS);
    write::show(state, ask, number, StatusCode::CREATED)
}

fn subject(original: &str) -> String {
    let answered = original.get(..3).is_some_and(|mark| mark.eq_ignore_ascii_case("re:"));
    if answered { original.to_owned() } else { format!("RE: {original}") }
}

/// To whom the original says, else to its author; with all of them, but for the mailbox itself.
fn recipients(original: &Item, own: &str, all: bool) -> (Vec<Person>, Vec<Person>) {
    let mut to = original.reply_to.clone();
    if to.is_empty() {
        to.extend(original.from.clone());
    }
    if !all {
        return (to, Vec::new());
    }
    let mut seen: Vec<String> = to.iter().map(|one| one.address.to_lowercase()).collect();
    seen.push(own.to_lowercase());
    let mut others = |list: &[Person]| {
        let mut found = list.to_vec();
        found.retain(|one| {
            let address = one.address.to_lowercase();
            let new = !seen.contains(&address);
            seen.push(address);
            new
        });
        found
    };
    to.extend(others(&original.to));
    (to, others(&original.cc))
}

fn quoting(original: &Item, comment: &str) -> Body {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let show = |one: &Person| escape(&format!("{} <{}>", one.name, one.address));
    let list = |all: &[Person]| all.iter().map(show).collect::<Vec<_>>().join("; ");
    let quoted = if original.body.html {
        original.body.content.clone()
    } else {
        escape(&original.body.content).replace('\n', "<br>\r\n")
    };
    let content = format!(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\
         </head><body>{}<hr tabindex=\"-1\" style=\"display:inline-block; width:98%\">\
         <div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>From:</b> {}<br><b>Sent:</b> {}<br><b>To:</b> {}\
         <br><b>Subject:</b> {}<div>&nbsp;</div></div>{quoted}</body></html>",
        escape(comment),
        original.from.as_ref().map(show).unwrap_or_default(),
        original.sent.strftime("%A, %B %-d, %Y %-I:%M:%S %p"),
        list(&original.to),
        escape(&original.subject),
    );
    Body { html: true, content }
}
