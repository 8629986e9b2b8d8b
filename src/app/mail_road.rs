//! The mail road, put together: from the configured mailboxes to the desk, and back.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use super::mail_source::{self, StoredGrants, graph_client, jmap_client};
use super::trackers::{Shared, TrackerParts};
use crate::{
    actors::{
        Announced, Desk, Doorbell, Herald, Hook, MailTools, Mailbox, Mailboxes, Review, Site,
        SupervisorHandle, Template, start_mail_replier, start_mailbox_streamer,
    },
    clients::{Grants, MailboxClient, Mark},
    config::{self, Config, Place},
    health,
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
use anyhow::Context as _;

/// Stands for the lag of Jira's index where there is no Jira: longer than any call is under way.
const NO_INDEX: Duration = Duration::from_mins(5);

/// The parts of the mail road.
pub struct MailRoad {
    /// What the operator asks.
    pub review: Review,
}

impl MailRoad {
    /// Puts it together; `None` where there is neither a mailbox nor `/ticket` nor a board of
    /// the API. Nothing is called yet.
    ///
    /// # Errors
    /// A sentence for the operator: a template that cannot be read, or no CA certificates.
    pub fn build(
        config: &Config,
        store: &Store,
        metrics: &Metrics,
    ) -> anyhow::Result<Option<Self>> {
        let idle = config.mailboxes.is_empty() && config.ticket.is_none();
        if idle && config.api_boards().is_empty() {
            return Ok(None);
        }
        let mut sites = HashMap::new();
        let mut mailboxes = Vec::new();
        for one in &config.mailboxes {
            let (mailbox, site) = mailbox(one, config, store, metrics)?;
            sites.insert(mailbox.name.clone(), site);
            mailboxes.push(mailbox);
        }
        let index_lag = config.jira.as_ref().map_or(NO_INDEX, |jira| jira.index_lag);
        let desk = Desk::new(store.clone(), sites, index_lag, metrics.clone());
        let review = Review { desk, mailboxes: Mailboxes::new(mailboxes), store: store.clone() };
        Ok(Some(Self { review }))
    }

    /// Starts its actors.
    ///
    /// # Errors
    /// If the supervisor does not get one to run.
    pub async fn start(
        &self,
        supervisor: &SupervisorHandle,
        trackers: &TrackerParts,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        let Review { desk, mailboxes, .. } = &self.review;
        if !mailboxes.all().is_empty() {
            let tools = MailTools {
                trackers: trackers.readers(),
                desk: desk.clone(),
                mailboxes: mailboxes.clone(),
                texts: shared.texts.clone(),
            };
            start_mail_replier(supervisor, tools).await?;
        }
        for mailbox in mailboxes.all() {
            let herald = mailbox.channel.clone().map(|channel| {
                Herald::new(shared.mattermost.clone(), channel, shared.texts.clone(), shared.locale)
            });
            start_mailbox_streamer(supervisor, mailbox, desk.clone(), herald).await?;
        }
        Ok(())
    }
}

fn mailbox(
    mailbox: &config::Mailbox,
    config: &Config,
    store: &Store,
    metrics: &Metrics,
) -> anyhow::Result<(Mailbox, Site)> {
    let name = &mailbox.name;
    let wrong = |what: &str| format!("mailbox[{name}].{what}");
    let parsed = MailboxName::parse(name).with_context(|| wrong("name"))?;
    let address = Email::parse(&mailbox.address).with_context(|| wrong("address"))?;
    let (tracker, place) = place(&mailbox.place, config).with_context(|| wrong("board"))?;
    let jira = config.jira.as_ref().filter(|_| tracker == Tracker::Jira);
    let category =
        mailbox.category.as_ref().or_else(|| jira.and_then(|jira| jira.default_category.as_ref()));
    let reply = &mailbox.reply;
    let template = reply.template_file.as_deref().map(template).transpose()?;
    let Source { client: source, mark, hook, grants } =
        source(mailbox, &parsed, config, store, metrics)?;
    let filter = &mailbox.filter;
    let channel = mailbox.channel.as_deref().map(ChannelId::parse).transpose()?;
    let announced = channel.clone().zip(config.ticket.as_ref()).map(|(channel, ticket)| {
        Announced { channel, prefix: ticket.prefix.clone(), time_zone: ticket.time_zone.clone() }
    });
    let aliases = mailbox.aliases.iter().filter_map(|alias| Email::parse(alias));
    let site = Site {
        place: place.clone(),
        rules: Rules {
            own: aliases.chain([address.clone()]).collect(),
            allowed_domains: filter.allowed_domains.clone(),
            blocked: filter.blocked_senders.clone(),
            automatic: filter.automatic == config::Automatic::Ticket,
            per_sender_per_hour: filter.per_sender_per_hour.get(),
        },
        policy: Policy {
            tracker,
            notices: reply.enabled,
            reopen: match (jira, &config.redmine.filing) {
                (Some(jira), _) => jira.reopen.is_some(),
                (None, filing) => filing.as_ref().is_some_and(|one| one.reopen_status.is_some()),
            },
            index_lag: jira.map_or(NO_INDEX, |jira| jira.index_lag),
        },
        answers_per_day: reply.per_address_per_day.get(),
        announced,
    };
    let ready = Mailbox {
        health: health::Mailbox::new(name),
        name: parsed,
        address,
        source,
        place,
        category: category.and_then(|category| issue_text::label(category)),
        poll: mailbox.poll,
        first_days: mailbox.first_days,
        keep_days: config.desk.keep_days,
        locale: reply.locale,
        portal_url: reply.portal_url.clone(),
        template,
        mark,
        hook,
        channel,
        bell: Doorbell::default(),
        grants,
    };
    Ok((ready, site))
}

/// Which tracker, and where in there: the name of a board of Jira's, a project of Redmine's.
pub(super) fn place(place: &Place, config: &Config) -> Option<(Tracker, String)> {
    match place {
        Place::Jira(key) => {
            let mut boards = config.jira.iter().flat_map(|jira| &jira.boards);
            let board = boards.find(|board| board.key == *key)?;
            Some((Tracker::Jira, board.name.clone()))
        }
        Place::Redmine(project) => Some((Tracker::Redmine, project.clone())),
    }
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
