//! The mailbox of a run, behind JMAP or behind Microsoft Graph, and what can happen to it.

use std::io;

use ticketd::sandbox::{
    FaultRule, Graph, GraphOddities, GraphSetup, Jmap, JmapSetup, Lifecycle, Submission,
};

use crate::door::Door;
use crate::plan::{Accident, Plan, Source};

/// Of a hundred notices, those that arrive.
const DELIVERED: u8 = 80;

/// A mailbox.
pub(crate) enum Post {
    Jmap(Jmap),
    Graph(Graph, Door),
}

impl Post {
    pub(crate) async fn new(plan: &Plan) -> io::Result<Self> {
        match plan.source {
            Source::Jmap => {
                let setup = JmapSetup { push: plan.push, ..JmapSetup::default() };
                Ok(Self::Jmap(Jmap::start_with(setup).await?))
            }
            Source::Graph => {
                let graph = Graph::start_with(GraphSetup::default()).await?;
                graph.deliver_share(DELIVERED);
                Ok(Self::Graph(graph, Door::open().await?))
            }
        }
    }

    /// The tables of its configuration; `token_file` where a token is read from a file.
    pub(crate) fn toml(&self, plan: &Plan, token_file: &str) -> String {
        match self {
            Self::Jmap(jmap) => {
                let sign_in = if plan.token {
                    format!("token_file = '{token_file}'")
                } else {
                    format!("user = {:?}\npassword = {:?}", Jmap::USER, Jmap::PASSWORD)
                };
                format!("[mailbox.jmap]\nurl = \"{}\"\n{sign_in}\n", jmap.session_url())
            }
            Self::Graph(graph, _) => format!(
                "source = \"graph\"\n[mailbox.graph]\ntenant = {:?}\nclient_id = {:?}\n\
                 client_secret = {:?}\nauthority = \"{url}\"\nbase_url = \"{url}\"\n\
                 webhooks = {}\n",
                Graph::TENANT,
                Graph::CLIENT_ID,
                Graph::CLIENT_SECRET,
                plan.push,
                url = graph.url(),
            ),
        }
    }

    /// Where the daemon can be reached whichever port it has; only who tells it news needs that.
    pub(crate) fn door(&self) -> Option<&Door> {
        match self {
            Self::Jmap(_) => None,
            Self::Graph(_, door) => Some(door),
        }
    }

    /// Whether the mailbox has been read up to now.
    pub(crate) fn is_listened_to(&self) -> bool {
        match self {
            Self::Jmap(jmap) => {
                jmap.ledger().iter().any(|call| call.target.contains("Email/changes"))
            }
            // Each folder from its beginning to the first link.
            Self::Graph(graph, _) => graph.requests("GET messages/delta") > 2,
        }
    }

    pub(crate) fn deliver(&self, raw: String) {
        match self {
            Self::Jmap(jmap) => jmap.deliver(raw),
            Self::Graph(graph, _) => graph.deliver(raw),
        };
    }

    pub(crate) fn submissions(&self) -> Vec<Submission> {
        match self {
            Self::Jmap(jmap) => jmap.submissions(),
            Self::Graph(graph, _) => graph.submissions(),
        }
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        match self {
            Self::Jmap(jmap) => jmap.fault(rule),
            Self::Graph(graph, _) => graph.fault(rule),
        }
    }

    /// From now on nothing fails any more.
    pub(crate) fn clear_faults(&self) {
        match self {
            Self::Jmap(jmap) => jmap.clear_faults(),
            Self::Graph(graph, _) => {
                graph.clear_faults();
                graph.set_send_lag(None);
            }
        }
    }

    /// The mailbox's token as it is now.
    pub(crate) fn token(&self) -> String {
        match self {
            Self::Jmap(jmap) => jmap.token(),
            Self::Graph(graph, _) => graph.token(),
        }
    }

    /// Whether all mails of the inbox are marked as read.
    pub(crate) fn all_are_read(&self) -> bool {
        let is_read = |words: Vec<String>| words.iter().any(|word| word == "$seen");
        match self {
            Self::Jmap(jmap) => jmap.emails("inbox").iter().all(|id| is_read(jmap.keywords(id))),
            Self::Graph(graph, _) => {
                graph.emails("inbox").iter().all(|id| is_read(graph.keywords(id)))
            }
        }
    }

    pub(crate) fn suffer(&self, accident: &Accident) {
        match (self, accident) {
            (Self::Jmap(jmap), Accident::DropStreams) => jmap.drop_event_streams(),
            (Self::Jmap(jmap), Accident::Replay) => jmap.replay(),
            (Self::Jmap(jmap), Accident::Restore) => jmap.reset_states(),
            (Self::Jmap(jmap), Accident::Push(on)) => jmap.set_push(*on),
            (Self::Jmap(jmap), Accident::Forget) => jmap.forget_changes(),
            (Self::Jmap(jmap), Accident::ExpireToken) => jmap.expire_tokens(),
            (Self::Graph(graph, _), Accident::Forget) => graph.forget_changes(),
            (Self::Graph(graph, _), Accident::ExpireToken) => graph.expire_tokens(),
            (Self::Graph(graph, _), Accident::ExpireTokenAfter(requests)) => {
                graph.expire_tokens_after(*requests);
            }
            (Self::Graph(graph, _), Accident::Odd) => graph.set_oddities(GraphOddities {
                duplicates: true,
                disorder: true,
                empty_pages: true,
            }),
            (Self::Graph(graph, _), Accident::Throttle(requests)) => graph.throttle(*requests),
            (Self::Graph(graph, _), Accident::DropSubscriptions) => graph.drop_subscriptions(),
            (Self::Graph(graph, _), Accident::RemoveSubscriptions) => {
                graph.lifecycle(Lifecycle::SubscriptionRemoved);
            }
            (Self::Graph(graph, _), Accident::SendLag(lag)) => graph.set_send_lag(Some(*lag)),
            _ => unreachable!("each source has accidents of its own"),
        }
    }
}
