//! Tickets of the chat, put together: who opens their forms, and who posts them.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;

use super::{mail_road::place, trackers::TrackerParts};

use crate::{
    actors::{
        BrokerTools, Channels, ChatFeed, Desk, DialogBroker, LateAnswers, Mailboxes, PosterTools,
        ReactionTools, ReaderTools, SupervisorHandle, start_chat_feed, start_mattermost_poster,
        start_reactions, start_thread_reader,
    },
    clients::{MattermostClient, UserLocales},
    config::{self, Config},
    http::Tickets,
    locale::Texts,
    telemetry::Metrics,
};

/// What tickets are built of.
pub(super) struct Parts<'p> {
    pub(super) config: &'p Config,
    pub(super) ticket: &'p config::Ticket,
    pub(super) mattermost: &'p MattermostClient,
    pub(super) trackers: &'p TrackerParts,
    pub(super) desk: &'p Desk,
    pub(super) mailboxes: &'p Mailboxes,
    pub(super) late: &'p LateAnswers,
    pub(super) texts: &'p Arc<Texts>,
    pub(super) metrics: &'p Metrics,
}

/// Starts the broker and the poster; and, where an emoji makes tickets, what hears of it.
///
/// # Errors
/// If the supervisor does not get one to run.
pub(super) async fn start(
    supervisor: &SupervisorHandle,
    parts: Parts<'_>,
) -> anyhow::Result<(Tickets, Option<ChatFeed>)> {
    let Parts { config, ticket, mattermost, trackers, desk, mailboxes, late, texts, metrics } =
        parts;
    let base = config.http.public_url.as_ref().context("http.public_url is not set")?;
    let secret = desk.secret();
    let tools = PosterTools {
        mattermost: mattermost.clone(),
        trackers: trackers.readers(),
        desk: desk.clone(),
        mailboxes: mailboxes.clone(),
        texts: texts.clone(),
        locale: config.mattermost.locale,
        time_zone: ticket.time_zone.clone(),
        actions_url: base.join(&Tickets::button_path(secret))?,
        chat_url: config.mattermost.url.clone(),
    };
    start_mattermost_poster(supervisor, tools).await?;
    let announced = config.mailboxes.iter().any(|mailbox| mailbox.channel.is_some());
    if announced || ticket.forms.iter().any(|form| form.place.is_some()) {
        let tools = ReaderTools { mattermost: mattermost.clone(), desk: desk.clone() };
        start_thread_reader(supervisor, tools).await?;
    }
    let places = ticket
        .forms
        .iter()
        .filter_map(|form| Some((form.name.clone(), place(form.place.as_ref()?, config)?)))
        .collect::<BTreeMap<_, _>>();
    let channels = Channels::default();
    let feed = if ticket.forms.iter().any(|form| form.emoji.is_some()) {
        let token = config.mattermost.bot_token.clone();
        let token = token.context("mattermost.bot_token is not set")?;
        let feed = start_chat_feed(supervisor, mattermost.clone(), token).await?;
        let tools = ReactionTools {
            feed: feed.clone(),
            mattermost: mattermost.clone(),
            desk: desk.clone(),
            texts: texts.clone(),
            locale: config.mattermost.locale,
            locales: UserLocales::new(mattermost.clone(), config.mattermost.locale),
            config: Arc::new(ticket.clone()),
            places: places.clone(),
            chat_url: config.mattermost.url.clone(),
            channels: channels.clone(),
            per_minute: config.limits.per_user_per_minute,
            metrics: metrics.clone(),
        };
        start_reactions(supervisor, tools).await?;
        Some(feed)
    } else {
        None
    };
    let tools = BrokerTools {
        mattermost: mattermost.clone(),
        desk: desk.clone(),
        late: late.clone(),
        texts: texts.clone(),
        locale: config.mattermost.locale,
        config: ticket.clone(),
        places,
        submit_url: base.join(&Tickets::form_path(secret))?,
        chat_url: config.mattermost.url.clone(),
        channels,
        metrics: metrics.clone(),
    };
    let broker = DialogBroker::start(supervisor, tools).await?;
    Ok((Tickets::new(broker, ticket.slash_tokens.clone(), secret), feed))
}
