//! The mail road, put together: from the configured mailboxes over the desk to Jira and back.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use url::Url;

use super::mail_source::{self, StoredGrants, graph_client, jmap_client};
use crate::{
    actors::{
        Boards, CommentTools, Desk, Doorbell, Herald, Hook, IssueSettings, JiraTools, MailTools,
        Mailbox, Mailboxes, Review, Site, SupervisorHandle, Template, Trackers,
        start_jira_comments, start_jira_creator, start_mail_replier, start_mailbox_streamer,
    },
    clients::{Grants, JiraAuth, JiraClient, JiraSettings, MailboxClient, Mark, MattermostClient},
    config::{self, Config},
    health,
    locale::{Locale, Texts},
    model::{
        desk::Policy,
        filter::Rules,
        ids::ChannelId,
        issue_text,
        keys::{MailboxName, Tracker},
        mail::Email,
    },
    store::Store,
    telemetry::Metrics,
};

/// How long a call to Jira may take; what is attached has longer.
const JIRA_LIMIT: Duration = Duration::from_secs(20);

/// The parts of the mail road.
pub struct MailRoad {
    /// What the operator asks.
    pub review: Review,
    /// Jira.
    pub jira: JiraClient,
    boards: Boards,
    config: config::Jira,
}

impl MailRoad {
    /// Puts it together; `None` where there is neither a mailbox nor a form whose tickets become
    /// issues. Nothing is called yet.
    ///
    /// # Errors
    /// A sentence for the operator: a template that cannot be read, or no CA certificates.
    pub fn build(
        config: &Config,
        store: &Store,
        metrics: &Metrics,
    ) -> anyhow::Result<Option<Self>> {
        let forms = config.ticket.iter().flat_map(|ticket| &ticket.forms);
        let boards: Vec<_> = forms.filter_map(|form| form.board.as_ref()).collect();
        let idle = config.mailboxes.is_empty() && boards.is_empty();
        let (Some(jira), false) = (&config.jira, idle) else { return Ok(None) };
        let boards = jira.boards.iter().filter(|board| boards.contains(&&board.key));
        let boards: Vec<_> = boards.map(|board| board.name.clone()).collect();
        let client = jira_client(jira, metrics)?;
        let mut sites = HashMap::new();
        let mut mailboxes = Vec::new();
        for one in &config.mailboxes {
            let (mailbox, site) = mailbox(one, jira, config, store, metrics)?;
            sites.insert(mailbox.name.clone(), site);
            mailboxes.push(mailbox);
        }
        let boards = mailboxes.iter().map(|mailbox| mailbox.board.clone()).chain(boards);
        let boards = Boards::new(client.clone(), boards);
        let desk = Desk::new(store.clone(), sites, jira.index_lag, metrics.clone());
        let review = Review { desk, mailboxes: Mailboxes::new(mailboxes) };
        Ok(Some(Self { review, jira: client, boards, config: jira.clone() }))
    }

    /// Starts its actors.
    ///
    /// # Errors
    /// If the supervisor does not get one to run.
    pub async fn start(
        &self,
        supervisor: &SupervisorHandle,
        texts: &Arc<Texts>,
        (mattermost, chat_url, locale): (&MattermostClient, &Url, Locale),
    ) -> anyhow::Result<()> {
        let Review { desk, mailboxes } = &self.review;
        let jira = &self.config;
        let users = jira.users.iter();
        let users = users.filter_map(|(email, user)| Some((Email::parse(email)?, user.clone())));
        let tools = JiraTools {
            jira: self.jira.clone(),
            mattermost: mattermost.clone(),
            desk: desk.clone(),
            mailboxes: mailboxes.clone(),
            boards: self.boards.clone(),
            texts: texts.clone(),
            settings: IssueSettings {
                issue_type: jira.issue_type.clone(),
                labels: jira.labels.clone(),
                users: users.collect(),
                reopen: jira.reopen.clone(),
                resolve: jira.resolve.clone(),
                locale,
                chat_url: chat_url.clone(),
            },
        };
        start_jira_creator(supervisor, tools).await?;
        let tools = MailTools {
            trackers: Trackers { jira: Some(self.jira.clone()), redmine: None },
            desk: desk.clone(),
            mailboxes: mailboxes.clone(),
            texts: texts.clone(),
        };
        start_mail_replier(supervisor, tools).await?;
        if let Some(label) = jira.labels.first() {
            let tools = CommentTools {
                jira: self.jira.clone(),
                desk: desk.clone(),
                label: label.clone(),
                poll: jira.poll,
                index_lag: jira.index_lag,
                webhooks: jira.webhook_secret.is_some(),
            };
            start_jira_comments(supervisor, tools).await?;
        }
        for mailbox in mailboxes.all() {
            let channel = mailbox.channel.clone();
            let herald = channel
                .map(|channel| Herald::new(mattermost.clone(), channel, texts.clone(), locale));
            start_mailbox_streamer(supervisor, mailbox, desk.clone(), herald).await?;
        }
        let boards = self.boards.clone();
        tokio::spawn(async move { boards.resolve().await });
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

fn mailbox(
    mailbox: &config::Mailbox,
    jira: &config::Jira,
    config: &Config,
    store: &Store,
    metrics: &Metrics,
) -> anyhow::Result<(Mailbox, Site)> {
    let name = &mailbox.name;
    let wrong = |what: &str| format!("mailbox[{name}].{what}");
    let parsed = MailboxName::parse(name).with_context(|| wrong("name"))?;
    let address = Email::parse(&mailbox.address).with_context(|| wrong("address"))?;
    let board = mailbox.board.as_ref().or(jira.default_board.as_ref());
    let board = jira.boards.iter().find(|known| Some(&known.key) == board);
    let board = board.with_context(|| wrong("board"))?.name.clone();
    let category = mailbox.category.as_ref().or(jira.default_category.as_ref());
    let reply = &mailbox.reply;
    let template = reply.template_file.as_deref().map(template).transpose()?;
    let Source { client: source, mark, hook, grants } =
        source(mailbox, &parsed, config, store, metrics)?;
    let filter = &mailbox.filter;
    let aliases = mailbox.aliases.iter().filter_map(|alias| Email::parse(alias));
    let site = Site {
        rules: Rules {
            own: aliases.chain([address.clone()]).collect(),
            allowed_domains: filter.allowed_domains.clone(),
            blocked: filter.blocked_senders.clone(),
            automatic: filter.automatic == config::Automatic::Ticket,
            per_sender_per_hour: filter.per_sender_per_hour.get(),
        },
        policy: Policy {
            tracker: Tracker::Jira,
            notices: reply.enabled,
            reopen: jira.reopen.is_some(),
            index_lag: jira.index_lag,
        },
        answers_per_day: reply.per_address_per_day.get(),
        announced: None,
    };
    let channel = mailbox.channel.as_deref().map(ChannelId::parse);
    let ready = Mailbox {
        health: health::Mailbox::new(name),
        name: parsed,
        address,
        source,
        board,
        category: category.and_then(|category| issue_text::label(category)),
        poll: mailbox.poll,
        first_days: mailbox.first_days,
        keep_days: config.desk.keep_days,
        locale: reply.locale,
        portal_url: reply.portal_url.clone(),
        template,
        mark,
        hook,
        channel: channel.transpose()?,
        bell: Doorbell::default(),
        grants,
    };
    Ok((ready, site))
}

/// Where a mailbox's mails come from, and what only some have.
struct Source {
    client: MailboxClient,
    mark: Option<Mark>,
    hook: Option<Hook>,
    grants: Option<Arc<dyn Grants>>,
}

fn source(
    mailbox: &config::Mailbox,
    name: &MailboxName,
    config: &Config,
    store: &Store,
    metrics: &Metrics,
) -> anyhow::Result<Source> {
    let graph = match &mailbox.source {
        config::MailSource::Jmap(jmap) => {
            let client = MailboxClient::Jmap(jmap_client(jmap, metrics)?);
            return Ok(Source { client, mark: None, hook: None, grants: None });
        }
        config::MailSource::Graph(graph) => graph,
    };
    let grants: Arc<dyn Grants> = Arc::new(StoredGrants::new(store.clone(), name.clone(), graph));
    let client = MailboxClient::Graph(graph_client(mailbox, graph, grants.clone(), metrics)?);
    let hook = match &config.http.public_url {
        Some(url) if graph.webhooks => Some(Hook {
            url: url.join(&format!("hooks/graph/{name}"))?,
            client_state: store.desk().secret().client_state(name),
        }),
        _ => None,
    };
    let of_a_person = matches!(graph.sign_in, config::SignIn::Device | config::SignIn::Code);
    let mark = mail_source::mark(&graph.mark);
    Ok(Source { client, mark, hook, grants: of_a_person.then_some(grants) })
}

/// The operator's text of a notice.
///
/// # Errors
/// The file cannot be read, or is no template.
pub fn template(file: &Path) -> anyhow::Result<Template> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    Template::parse(text).with_context(|| format!("{shown} is no template that can be used"))
}
