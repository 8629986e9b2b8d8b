//! Which request is which, and the template under which it is counted and faulted: `GET message`
//! whatever the mailbox and the id. A path that is none of these gets Graph's own 404 or 405.

use percent_encoding::percent_decode_str;

use crate::sandbox::wire::Request;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Token(String),
    DeviceCode(String),
    Authorize(String),
    /// In a mailbox: its id or address, or `None` for `me`.
    Mail(Option<String>, Act),
    Subscriptions,
    Subscription(String),
    Reauthorize(String),
    Upload(String),
}

/// What is asked of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Those at the top, or those within one.
    Folders(Option<String>),
    Folder(String),
    List(Option<String>),
    Delta(String),
    Create,
    Message(String),
    Patch(String),
    Delete(String),
    Value(String),
    Reply {
        id: String,
        all: bool,
    },
    Send(String),
    Move(String),
    Attachments(String),
    Attach(String),
    UploadSession(String),
    Attachment(String, String),
    AttachmentValue(String, String),
}

/// A place with its template.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) place: Place,
    pub(super) template: &'static str,
}

/// The steps of a path, decoded; `mailFolders('x')` is the two steps that `mailFolders/x` has.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for step in path.trim_matches('/').split('/') {
        let step = percent_decode_str(step).decode_utf8_lossy().into_owned();
        match step.strip_suffix("')").and_then(|step| step.split_once("('")) {
            Some((name, key)) => steps.extend([name.to_owned(), key.replace("''", "'")]),
            None => steps.push(step),
        }
    }
    steps
}

pub(super) fn of(request: &Request) -> Option<Route> {
    let steps = steps(&request.path);
    let lower: Vec<String> = steps.iter().map(|step| step.to_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    let step = |at: usize| steps.get(at).cloned().unwrap_or_default();
    let method = request.method.as_str();
    let (place, template) = match (method, names.as_slice()) {
        ("POST", [_, "oauth2", "v2.0", "token"]) => (Place::Token(step(0)), "POST token"),
        ("POST", [_, "oauth2", "v2.0", "devicecode"]) => {
            (Place::DeviceCode(step(0)), "POST devicecode")
        }
        ("GET", [_, "oauth2", "v2.0", "authorize"]) => (Place::Authorize(step(0)), "GET authorize"),
        ("POST", ["v1.0", "subscriptions"]) => (Place::Subscriptions, "POST subscriptions"),
        ("GET", ["v1.0", "subscriptions"]) => (Place::Subscriptions, "GET subscriptions"),
        ("GET", ["v1.0", "subscriptions", _]) => (Place::Subscription(step(2)), "GET subscription"),
        ("PATCH", ["v1.0", "subscriptions", _]) => {
            (Place::Subscription(step(2)), "PATCH subscription")
        }
        ("DELETE", ["v1.0", "subscriptions", _]) => {
            (Place::Subscription(step(2)), "DELETE subscription")
        }
        ("POST", ["v1.0", "subscriptions", _, "reauthorize"]) => {
            (Place::Reauthorize(step(2)), "POST reauthorize")
        }
        ("PUT", ["api", "v2.0", "users", _, "messages", _, "attachmentsessions", _]) => {
            (Place::Upload(step(7)), "PUT upload")
        }
        (_, ["v1.0", "me", ..]) => {
            let (act, template) = in_mailbox(method, &names[2..], &steps[2..])?;
            (Place::Mail(None, act), template)
        }
        (_, ["v1.0", "users", _, ..]) => {
            let (act, template) = in_mailbox(method, &names[3..], &steps[3..])?;
            (Place::Mail(Some(step(2)), act), template)
        }
        _ => return None,
    };
    Some(Route { place, template })
}

fn in_mailbox(method: &str, names: &[&str], steps: &[String]) -> Option<(Act, &'static str)> {
    let step = |at: usize| steps.get(at).cloned().unwrap_or_default();
    Some(match (method, names) {
        ("GET", ["mailfolders"]) => (Act::Folders(None), "GET mailFolders"),
        ("GET", ["mailfolders", _, "childfolders"]) => {
            (Act::Folders(Some(step(1))), "GET childFolders")
        }
        ("GET", ["mailfolders", _]) => (Act::Folder(step(1)), "GET mailFolder"),
        ("GET", ["messages"]) => (Act::List(None), "GET messages"),
        ("POST", ["messages"]) => (Act::Create, "POST messages"),
        ("GET", ["mailfolders", _, "messages"]) => (Act::List(Some(step(1))), "GET messages"),
        (
            "GET",
            ["mailfolders", _, "messages", "delta" | "delta()" | "microsoft.graph.delta()"],
        ) => (Act::Delta(step(1)), "GET messages/delta"),
        // A message is the same by whatever folder it is reached.
        (_, ["mailfolders", _, rest @ ..]) if rest.len() > 1 => {
            return in_mailbox(method, rest, &steps[2..]);
        }
        ("GET", ["messages", _]) => (Act::Message(step(1)), "GET message"),
        ("PATCH", ["messages", _]) => (Act::Patch(step(1)), "PATCH message"),
        ("DELETE", ["messages", _]) => (Act::Delete(step(1)), "DELETE message"),
        ("GET", ["messages", _, "$value"]) => (Act::Value(step(1)), "GET message/$value"),
        ("POST", ["messages", _, act]) => {
            let act = act.trim_start_matches("microsoft.graph.");
            match act {
                "createreply" => (Act::Reply { id: step(1), all: false }, "POST createReply"),
                "createreplyall" => (Act::Reply { id: step(1), all: true }, "POST createReplyAll"),
                "send" => (Act::Send(step(1)), "POST send"),
                "move" => (Act::Move(step(1)), "POST move"),
                "attachments" => (Act::Attach(step(1)), "POST attachments"),
                _ => return None,
            }
        }
        ("GET", ["messages", _, "attachments"]) => (Act::Attachments(step(1)), "GET attachments"),
        ("POST", ["messages", _, "attachments", act])
            if act.trim_start_matches("microsoft.graph.") == "createuploadsession" =>
        {
            (Act::UploadSession(step(1)), "POST createUploadSession")
        }
        ("GET", ["messages", _, "attachments", _]) => {
            (Act::Attachment(step(1), step(3)), "GET attachment")
        }
        ("GET", ["messages", _, "attachments", _, "$value"]) => {
            (Act::AttachmentValue(step(1), step(3)), "GET attachment/$value")
        }
        _ => return None,
    })
}
