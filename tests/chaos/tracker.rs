//! The tracker of a run, Jira or Redmine, and what stands in it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ticketd::sandbox::{Deployment, Fault, FaultRule, Jira, JiraSetup, Redmine};
use tokio::time::sleep;

use crate::plan::{Filing, Plan};

/// The webhook's secret.
const SECRET: &str = "a-secret-of-jira-and-us";
/// Redmine's issues that were there before.
const SEED: usize = 8;

/// A tracker.
pub(crate) enum Tracker {
    Jira(Arc<Jira>),
    Redmine(Redmine),
}

/// An issue as it is now.
pub(crate) struct Issue {
    pub(crate) key: String,
    pub(crate) description: String,
    pub(crate) comments: Vec<String>,
    /// The names of what hangs on it.
    pub(crate) files: Vec<String>,
}

impl Tracker {
    pub(crate) async fn new(plan: &Plan) -> io::Result<Self> {
        if plan.filing == Filing::Redmine {
            return Ok(Self::Redmine(Redmine::start().await?));
        }
        let setup = JiraSetup {
            flavour: if plan.cloud { Deployment::Cloud } else { Deployment::DataCenter },
            index_lag: plan.index_lag,
            writes_per_second: plan.writes_per_second,
            ..JiraSetup::default()
        };
        Ok(Self::Jira(Arc::new(Jira::start_with(setup).await?)))
    }

    /// The table of its configuration.
    pub(crate) fn toml(&self, plan: &Plan) -> String {
        match self {
            Self::Jira(jira) => {
                let user =
                    if plan.cloud { format!("user = {:?}\n", Jira::USER) } else { String::new() };
                let hooks = if plan.webhooks {
                    format!("webhook_secret = {SECRET:?}\n")
                } else {
                    String::new()
                };
                format!(
                    "[jira]\nurl = \"{}\"\n{user}{hooks}api_token = {:?}\nlabels = [\"ticketd\"]\n\
                     boards = [{{ key = \"support\", name = \"Support\" }}]\npoll = \"1s\"\n\
                     index_lag = \"2s\"\nwrites_per_second = 1000\n",
                    jira.url(),
                    Jira::API_TOKEN,
                )
            }
            Self::Redmine(redmine) => format!(
                "[redmine]\nurl = \"{}\"\napi_key = {:?}\nissue_type = \"Support\"\npoll = \"1s\"\n\
                 users = {{ \"alice@example.org\" = \"6\" }}\n",
                redmine.url(),
                Redmine::user_key("bot"),
            ),
        }
    }

    /// Where a mailbox's mails are filed.
    pub(crate) fn place(&self) -> &'static str {
        match self {
            Self::Jira(_) => "",
            Self::Redmine(_) => "tracker = \"redmine\"\nproject = \"helpdesk\"\n",
        }
    }

    /// The stand-in of Jira.
    pub(crate) fn jira(&self) -> Option<&Arc<Jira>> {
        match self {
            Self::Jira(jira) => Some(jira),
            Self::Redmine(_) => None,
        }
    }

    /// The issues that were made.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        match self {
            Self::Jira(jira) => {
                let issues = jira.issues().into_iter().map(|issue| Issue {
                    key: issue.key,
                    description: issue.description,
                    comments: issue.comments.into_iter().map(|comment| comment.body).collect(),
                    files: issue.attachments.into_iter().map(|file| file.filename).collect(),
                });
                issues.collect()
            }
            Self::Redmine(redmine) => {
                let issues = redmine.issues().into_iter().skip(SEED).map(|issue| Issue {
                    key: issue.id.to_string(),
                    description: issue.description,
                    comments: redmine.notes(issue.id).into_iter().map(|note| note.text).collect(),
                    files: redmine
                        .attachments(issue.id)
                        .into_iter()
                        .map(|(name, _)| name)
                        .collect(),
                });
                issues.collect()
            }
        }
    }

    /// An agent says something; where there is such a thing, another one says something that is
    /// not for the reporter.
    pub(crate) fn comment(&self, key: &str, text: &str) {
        match self {
            Self::Jira(jira) => drop(jira.comment_as("bob", key, text)),
            Self::Redmine(redmine) => {
                let id = key.parse().unwrap();
                redmine.private_note_as("admin", id, "Do not tell the reporter.").unwrap();
                redmine.comment_as("alice", id, text).unwrap();
            }
        }
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        match self {
            Self::Jira(jira) => jira.fault(rule),
            Self::Redmine(redmine) => redmine.fault(rule),
        }
    }

    /// From now on nothing fails any more.
    pub(crate) fn clear_faults(&self) {
        match self {
            Self::Jira(jira) => jira.clear_faults(),
            Self::Redmine(redmine) => redmine.clear_faults(),
        }
    }

    /// It starts again, which takes so long; faults that were set before are over then.
    pub(crate) async fn restart(&self, away: Fault, long: Duration) {
        self.clear_faults();
        self.fault(away.into());
        sleep(long).await;
        self.clear_faults();
    }

    /// Who tells it where a new daemon listens, if that is to be told what happens.
    pub(crate) fn lead(&self, webhooks: bool) -> impl Fn(SocketAddr) + Send + 'static {
        let told = self.jira().filter(|_| webhooks).cloned();
        move |address| {
            let hook = format!("http://{address}/hooks/jira").parse().unwrap();
            told.as_ref().inspect(|jira| jira.webhook_to(hook, SECRET));
        }
    }
}
