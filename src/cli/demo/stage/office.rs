//! Where the mailbox is: one of the two services that are built in for it, with what an operator
//! writes to reach it, and how somebody puts a mail of their own into it.

use std::io;

use clap::ValueEnum;
use serde_json::json;
use url::Url;

use crate::sandbox::{Graph, GraphSetup, Jmap, Submission};

/// Who writes what the operator tries: a second mailbox of the tenant.
const COLLEAGUE: &str = "you@example.org";

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli::demo) enum Provider {
    /// A JMAP server, which pushes its news
    #[default]
    Jmap,
    /// Microsoft 365: Entra and Graph, signed in by a client secret, polled
    Graph,
}

/// The one that runs.
pub(in crate::cli::demo) enum Office {
    Jmap(Jmap),
    Graph(Graph),
}

impl Office {
    /// The mailbox, of either.
    pub(in crate::cli::demo) const ADDRESS: &str = Jmap::ADDRESS;

    pub(super) async fn open(provider: Provider) -> io::Result<Self> {
        match provider {
            Provider::Jmap => Jmap::start().await.map(Self::Jmap),
            Provider::Graph => {
                let mailboxes = vec![Self::ADDRESS.to_owned(), COLLEAGUE.to_owned()];
                let setup = GraphSetup { mailboxes, ..GraphSetup::default() };
                Graph::start_with(setup).await.map(Self::Graph)
            }
        }
    }

    /// The end of `[[mailbox]]`, and the table of its source.
    pub(super) fn table(&self) -> String {
        match self {
            Self::Jmap(jmap) => format!(
                r#"
[mailbox.jmap]
url = "{url}"
user = "{user}"
password = "{password}"
"#,
                url = jmap.url(),
                user = Jmap::USER,
                password = Jmap::PASSWORD,
            ),
            Self::Graph(graph) => format!(
                r#"source = "graph"
poll = "1s"

[mailbox.graph]
tenant = "{tenant}"
client_id = "{client_id}"
client_secret = "{client_secret}"
authority = "{url}"
base_url = "{url}"
"#,
                tenant = Graph::TENANT,
                client_id = Graph::CLIENT_ID,
                client_secret = Graph::CLIENT_SECRET,
                url = graph.url(),
            ),
        }
    }

    pub(in crate::cli::demo) fn url(&self) -> Url {
        match self {
            Self::Jmap(jmap) => jmap.url(),
            Self::Graph(graph) => graph.url(),
        }
    }

    pub(in crate::cli::demo) fn title(&self) -> &'static str {
        match self {
            Self::Jmap(_) => "JMAP",
            Self::Graph(_) => "Microsoft 365",
        }
    }

    /// A letter arrives.
    pub(in crate::cli::demo) fn deliver(&self, raw: String) {
        match self {
            Self::Jmap(jmap) => jmap.deliver(raw),
            Self::Graph(graph) => graph.deliver(raw),
        };
    }

    /// What left, the oldest first.
    pub(in crate::cli::demo) fn submissions(&self) -> Vec<Submission> {
        match self {
            Self::Jmap(jmap) => jmap.submissions(),
            Self::Graph(graph) => graph.submissions(),
        }
    }

    /// A command for a shell that puts a mail into the inbox. Its JSON holds no quote of the
    /// shell's.
    pub(in crate::cli::demo) fn a_mail(&self) -> String {
        match self {
            Self::Jmap(jmap) => {
                let (user, password) = (Jmap::USER, Jmap::PASSWORD);
                let (url, body) = (jmap.session_url(), jmap_mail());
                format!(
                    "  curl -u {user}:{password} -H 'Content-Type: application/json' {url} -d '{body}'"
                )
            }
            // A draft in the inbox is no mail, so that a colleague has to write it and send it.
            Self::Graph(graph) => {
                let (url, token, body) = (graph.url(), graph.token(), graph_mail());
                format!(
                    "  token='Authorization: Bearer {token}'\n  \
                     at={url}v1.0/users/{COLLEAGUE}/messages\n  \
                     id=$(curl -s -H \"$token\" -H 'Content-Type: application/json' $at -d '{body}' \\\n       \
                     | grep -o '\"id\":\"[^\"]*' | cut -d '\"' -f 4)\n  \
                     curl -H \"$token\" -X POST -d '' $at/$id/send"
                )
            }
        }
    }
}

fn jmap_mail() -> String {
    let mail = json!({
        "mailboxIds": { Jmap::INBOX: true },
        "from": [{ "email": "you@customer.example" }],
        "to": [{ "email": Jmap::ADDRESS }],
        "subject": "My own mail",
        "textBody": [{ "partId": "1" }],
        "bodyValues": { "1": { "value": "Please help." } },
    });
    json!({
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        "methodCalls": [["Email/set", { "accountId": Jmap::USER, "create": { "m": mail } }, "0"]],
    })
    .to_string()
}

fn graph_mail() -> String {
    json!({
        "toRecipients": [{ "emailAddress": { "address": Graph::ADDRESS } }],
        "subject": "My own mail",
        "body": { "contentType": "text", "content": "Please help." },
    })
    .to_string()
}
