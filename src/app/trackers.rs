//! The trackers that mails and tickets are filed in, put together: their clients, who makes issues
//! there, and who hears what happens in them.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::mail_road;
use crate::{
    actors::{
        Boards, CommentTools, Desk, IssueSettings, JiraReading, JiraTools, Mailboxes, ReaderBoard,
        ReaderPlace, RedmineCommentTools, RedmineReading, RedmineSettings, RedmineTools,
        SupervisorHandle, TicketReader, Trackers, start_jira_comments, start_jira_creator,
        start_redmine_comments, start_redmine_creator,
    },
    clients::{JiraAuth, JiraClient, JiraSettings, MattermostClient, RedmineClient, RedmineDesk},
    config::{self, Config, Place, TextFormatting},
    health::Part,
    http::JiraHook,
    locale::{Locale, Texts},
    model::{ids::ProjectRef, keys::Tracker, mail::Email, markup::Markup},
    telemetry::Metrics,
};

/// How long a call to Jira may take; what is attached has longer.
const JIRA_LIMIT: Duration = Duration::from_secs(20);

/// The trackers that something is filed in.
pub struct TrackerParts {
    /// Jira.
    pub jira: Option<Jira>,
    /// Redmine.
    pub redmine: Option<Redmine>,
}

/// Jira, as the desk uses it.
pub struct Jira {
    /// The client.
    pub client: JiraClient,
    boards: Boards,
    config: config::Jira,
}

/// Redmine, as the desk uses it.
pub struct Redmine {
    /// The client.
    pub client: RedmineDesk,
    filing: config::Filing,
    close_status: Option<String>,
}

/// What the makers of issues have in common.
pub struct Shared<'s> {
    pub desk: &'s Desk,
    pub mailboxes: &'s Mailboxes,
    pub texts: &'s Arc<Texts>,
    pub mattermost: &'s MattermostClient,
    pub chat_url: &'s Url,
    pub locale: Locale,
}

impl TrackerParts {
    /// Those that a mailbox, a form or a board of the API names. Nothing is called yet.
    ///
    /// # Errors
    /// Without CA certificates.
    pub fn build(
        config: &Config,
        redmine: &RedmineClient,
        metrics: &Metrics,
    ) -> anyhow::Result<Self> {
        let forms = config.ticket.iter().flat_map(|ticket| &ticket.forms);
        let forms = forms.filter_map(|form| form.place.as_ref());
        let boards = config.api_boards();
        let boards = boards.iter().map(|board| &board.place);
        let mailboxes = config.mailboxes.iter().map(|mailbox| &mailbox.place);
        let places: Vec<_> = mailboxes.chain(forms).chain(boards).collect();
        let used: Vec<_> = places
            .iter()
            .filter_map(|place| match place {
                Place::Jira(board) => Some(board),
                Place::Redmine(_) => None,
            })
            .collect();
        let jira = match &config.jira {
            Some(jira) if !used.is_empty() => {
                let client = jira_client(jira, metrics)?;
                let boards = jira.boards.iter().filter(|board| used.contains(&&board.key));
                let names = boards.map(|board| board.name.clone());
                let boards = Boards::new(client.clone(), names);
                Some(Jira { client, boards, config: jira.clone() })
            }
            _ => None,
        };
        let redmine = match &config.redmine.filing {
            Some(filing) if places.iter().any(|place| matches!(place, Place::Redmine(_))) => {
                Some(Redmine {
                    client: RedmineDesk::new(redmine, filing.api_key.clone()),
                    filing: filing.clone(),
                    close_status: config.redmine.close_status.clone(),
                })
            }
            _ => None,
        };
        Ok(Self { jira, redmine })
    }

    /// Their records for `/ready`.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let jira = self.jira.iter().map(|jira| jira.client.part().clone());
        jira.chain(self.redmine.iter().map(|redmine| redmine.client.part().clone()))
    }

    /// Who takes in what Jira tells, if it shall.
    pub fn hook(&self, desk: &Desk) -> Option<JiraHook> {
        let jira = self.jira.as_ref()?;
        let secret = jira.config.webhook_secret.clone()?;
        Some(JiraHook::new(secret, desk.clone(), jira.client.clone()))
    }

    /// Where agents' comments are read.
    pub fn readers(&self) -> Trackers {
        Trackers {
            jira: self.jira.as_ref().map(|jira| jira.client.clone()),
            redmine: self.redmine.as_ref().map(|redmine| redmine.client.clone()),
        }
    }

    /// Where callers of the API read.
    pub fn reader(&self, config: &Config) -> TicketReader {
        let boards = config.api_boards().into_iter().filter_map(|board| {
            let place = match mail_road::place(&board.place, config)? {
                (Tracker::Jira, name) => ReaderPlace::Jira(name),
                (Tracker::Redmine, project) => ReaderPlace::Redmine(ProjectRef::parse(&project)?),
            };
            Some(ReaderBoard { key: board.key, place })
        });
        let jira = self.jira.as_ref().map(|jira| JiraReading {
            client: jira.client.clone(),
            boards: jira.boards.clone(),
            categories: jira.config.categories.clone(),
            users: jira.users(),
        });
        let redmine = self.redmine.as_ref().map(|redmine| RedmineReading {
            client: redmine.client.clone(),
            users: redmine.users(),
        });
        TicketReader::new(boards.collect(), jira, redmine)
    }

    /// Starts their actors.
    ///
    /// # Errors
    /// If the supervisor does not get one to run.
    pub async fn start(
        &self,
        supervisor: &SupervisorHandle,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        if let Some(jira) = &self.jira {
            jira.start(supervisor, shared).await?;
        }
        if let Some(redmine) = &self.redmine {
            redmine.start(supervisor, shared).await?;
        }
        Ok(())
    }
}

impl Jira {
    fn users<T: FromIterator<(Email, String)>>(&self) -> T {
        let users = self.config.users.iter();
        users.filter_map(|(email, user)| Some((Email::parse(email)?, user.clone()))).collect()
    }

    async fn start(
        &self,
        supervisor: &SupervisorHandle,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        let jira = &self.config;
        let tools = JiraTools {
            jira: self.client.clone(),
            mattermost: shared.mattermost.clone(),
            desk: shared.desk.clone(),
            mailboxes: shared.mailboxes.clone(),
            boards: self.boards.clone(),
            texts: shared.texts.clone(),
            settings: IssueSettings {
                issue_type: jira.issue_type.clone(),
                labels: jira.labels.clone(),
                users: self.users(),
                reopen: jira.reopen.clone(),
                resolve: jira.resolve.clone(),
                locale: shared.locale,
                chat_url: shared.chat_url.clone(),
            },
        };
        start_jira_creator(supervisor, tools).await?;
        if let Some(label) = jira.labels.first() {
            let tools = CommentTools {
                jira: self.client.clone(),
                desk: shared.desk.clone(),
                label: label.clone(),
                poll: jira.poll,
                index_lag: jira.index_lag,
                webhooks: jira.webhook_secret.is_some(),
            };
            start_jira_comments(supervisor, tools).await?;
        }
        let boards = self.boards.clone();
        tokio::spawn(async move { boards.resolve().await });
        Ok(())
    }
}

impl Redmine {
    fn users<T: FromIterator<(Email, u64)>>(&self) -> T {
        let users = self.filing.users.iter();
        users.filter_map(|(email, user)| Some((Email::parse(email)?, *user))).collect()
    }

    async fn start(
        &self,
        supervisor: &SupervisorHandle,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        let config::Filing { issue_type, text_formatting, poll, .. } = &self.filing;
        let tools = RedmineTools {
            redmine: self.client.clone(),
            mattermost: shared.mattermost.clone(),
            desk: shared.desk.clone(),
            mailboxes: shared.mailboxes.clone(),
            texts: shared.texts.clone(),
            settings: RedmineSettings {
                issue_type: issue_type.clone(),
                markup: match text_formatting {
                    TextFormatting::Textile => Markup::Textile,
                    TextFormatting::CommonMark => Markup::CommonMark,
                },
                users: self.users(),
                attachment_max: self.filing.attachment_bytes,
                reopen: self.filing.reopen_status.clone(),
                close_status: self.close_status.clone(),
                locale: shared.locale,
                chat_url: shared.chat_url.clone(),
            },
        };
        start_redmine_creator(supervisor, tools).await?;
        let (redmine, desk) = (self.client.clone(), shared.desk.clone());
        let tools = RedmineCommentTools { redmine, desk, poll: *poll };
        start_redmine_comments(supervisor, tools).await?;
        Ok(())
    }
}

/// The configured Jira. Nothing is called yet.
///
/// # Errors
/// Without CA certificates.
pub fn jira_client(jira: &config::Jira, metrics: &Metrics) -> anyhow::Result<JiraClient> {
    let token = jira.api_token.clone();
    let auth = match &jira.user {
        Some(user) => JiraAuth::Basic { user: user.clone(), token },
        None => JiraAuth::Bearer(token),
    };
    let settings = JiraSettings {
        url: jira.url.clone(),
        auth,
        cloud: match jira.flavour {
            config::Flavour::Auto => None,
            config::Flavour::Cloud => Some(true),
            config::Flavour::DataCenter => Some(false),
        },
        writes_per_second: jira.writes_per_second,
        limit: JIRA_LIMIT,
    };
    Ok(JiraClient::new(settings, metrics.clone())?)
}
