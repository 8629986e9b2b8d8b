//! The daemon, put together: from a configuration to an open door, and down again in order.
//!
//! Going down: the door closes and finishes its requests, actors finish their messages, the store
//! has its last barrier. Whatever hangs is cut off by the hard stop; nothing acknowledged is lost
//! by that, because the barrier came before the acknowledgement.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::{net::TcpListener, signal::unix::Signal};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    actors::{
        Desk, LateAnswers, Mailboxes, RedmineSessions, Review, SessionTools, SupervisorHandle,
    },
    clients::{MattermostClient, RedmineClient, UserLocales},
    clock,
    config::Config,
    http::{Api, Context, Control, Doorkeeping, FrontDoor, bind},
    lifecycle::{self, Shutdown},
    locale::Texts,
    secret,
    store::{Keyring, Store, StoreError},
    telemetry::Metrics,
};

mod mail_road;
mod mail_source;
mod tickets;
mod trackers;

pub use mail_road::{MailRoad, template};
pub use mail_source::{graph_auth, graph_client, jmap_client};
pub use trackers::jira_client;

use trackers::{Shared, TrackerParts};

/// How long actors may take to finish what they have.
const ACTORS_LIMIT: Duration = Duration::from_secs(5);
/// How often the door forgets silent users.
const TIDY_EVERY: Duration = Duration::from_mins(1);
/// How often the desk is counted for `/metrics` and `/ready`.
const GAUGE_EVERY: Duration = Duration::from_secs(5);
/// How often finished cases are looked for that nobody need remember.
const PURGE_EVERY: Duration = Duration::from_hours(6);
/// How often files are looked for that no request took.
const SWEEP_EVERY: Duration = Duration::from_mins(15);
/// How often the store's export is brought up to date.
const EXPORT_EVERY: Duration = Duration::from_hours(1);

/// A daemon whose store is open and whose address is bound, and which serves nobody yet.
pub struct App {
    config: Config,
    store: Store,
    supervisor: SupervisorHandle,
    context: Arc<Context>,
    door: FrontDoor,
    address: SocketAddr,
    closing: CancellationToken,
    review: Option<Review>,
    control: Option<Control>,
}

impl App {
    /// Binds the address, opens the store, starts the actors.
    ///
    /// # Errors
    /// A sentence for the operator: the store's, or that the address is taken.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        // The address first: a start that fails on it leaves no new store behind.
        let listener = bind(config.http.listen)
            .with_context(|| format!("cannot listen on {}", config.http.listen))?;
        let store = open_store(&config).await?;
        Self::with(config, store, listener).await
    }

    async fn with(config: Config, store: Store, listener: TcpListener) -> anyhow::Result<Self> {
        let metrics = Metrics::new();
        let texts = Arc::new(Texts::load()?);
        let redmine = RedmineClient::new(config.redmine.url.clone(), metrics.clone())?;
        let mattermost = MattermostClient::new(
            config.mattermost.url.clone(),
            config.mattermost.bot_token.clone(),
            metrics.clone(),
        )?;
        let closing = CancellationToken::new();
        let locale = config.mattermost.locale;
        let door = Doorkeeping::new(&config.limits, &config.redmine, locale, closing.clone());
        if config.http.public_url.is_none() && !config.redmine.slash_tokens.is_empty() {
            tracing::warn!("http.public_url is not set: the sign-in form cannot be opened");
        }
        let form_url = config.http.public_url.as_ref().map(|url| url.join(&door.form_path()));
        let supervisor = SupervisorHandle::spawn(metrics.clone()).await?;
        let late = LateAnswers::start(&supervisor, mattermost.clone()).await?;
        let sessions = RedmineSessions::new(
            supervisor.clone(),
            SessionTools {
                redmine: redmine.clone(),
                mattermost: mattermost.clone(),
                late: late.clone(),
                store: store.clone(),
                texts: texts.clone(),
                close_status: config.redmine.close_status.clone(),
                form_url: form_url.transpose()?,
                metrics: metrics.clone(),
            },
        );
        let mut parts = vec![redmine.part().clone(), mattermost.part().clone()];
        let mail_road = MailRoad::build(&config, &store, &metrics)?;
        let mut mail = Mailboxes::default();
        let mut jira_hook = None;
        let trackers = TrackerParts::build(&config, &redmine, &metrics)?;
        parts.extend(trackers.parts());
        if let Some(road) = &mail_road {
            let Review { desk, mailboxes, .. } = &road.review;
            mail = mailboxes.clone();
            jira_hook = trackers.hook(desk);
            let shared = Shared {
                desk,
                mailboxes,
                texts: &texts,
                mattermost: &mattermost,
                chat_url: &config.mattermost.url,
                locale,
            };
            trackers.start(&supervisor, &shared).await?;
            road.start(&supervisor, &trackers, &shared).await?;
        }
        let review = mail_road.map(|road| road.review);
        let tickets = match (&config.ticket, &review) {
            (Some(ticket), Some(Review { desk, mailboxes, .. })) => {
                let parts = tickets::Parts {
                    config: &config,
                    ticket,
                    mattermost: &mattermost,
                    trackers: &trackers,
                    desk,
                    mailboxes,
                    late: &late,
                    texts: &texts,
                    metrics: &metrics,
                };
                Some(tickets::start(&supervisor, parts).await?)
            }
            _ => None,
        };
        let (tickets, feed) = tickets.unzip();
        parts.extend(feed.flatten().map(|feed| feed.part().clone()));
        let api = review.as_ref().and_then(|review| {
            Api::new(&config, &store, &review.desk, trackers.reader(&config)).map(Arc::new)
        });
        let locales = UserLocales::new(mattermost, locale);
        let context = Arc::new(Context {
            sessions,
            late,
            locales,
            texts,
            metrics,
            store: store.clone(),
            parts,
            mail,
            jira_hook,
            tickets,
            api,
            door,
        });
        // Bound here as the address is: who comes before it is served waits, and is not turned away.
        let control = review.as_ref().and_then(|_| {
            Control::bind(&config.store.path)
                .inspect_err(|error| tracing::error!(%error, "commands cannot reach this daemon"))
                .ok()
        });
        let address = listener.local_addr()?;
        let connections = config.limits.connections.get();
        let door = FrontDoor::new(listener, context.clone(), connections, &config.http.context)?;
        Ok(Self { config, store, supervisor, context, door, address, closing, review, control })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its desk, where something goes to a tracker or into the chat.
    #[must_use]
    pub fn desk(&self) -> Option<&Desk> {
        self.review.as_ref().map(|review| &review.desk)
    }

    /// Serves until the shutdown is asked for, and goes down in order.
    ///
    /// # Errors
    /// If an actor could not be kept alive, the stop had to be a hard one, or the last barrier
    /// failed: the process should exit non-zero.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { config, store, supervisor, context, door, closing, address, review, control } =
            self;
        // Before anybody hears that we are ready: an early SIGHUP would end the process.
        let hangups = lifecycle::on_hangup()?;
        let keep = SignedDuration::from_hours(24 * i64::from(config.desk.keep_days));
        let upkeep = review.map(|review| {
            let answering = control.map(|control| control.serve(review.clone()));
            let mut tasks = vec![
                tokio::spawn(purge(review.desk.clone(), keep)),
                tokio::spawn(sweep(review.desk.clone())),
                tokio::spawn(gauge(review)),
            ];
            tasks.extend(answering.map(tokio::spawn));
            tasks.into_iter().map(AbortOnDropHandle::new).collect::<Vec<_>>()
        });
        let chores = [
            tokio::spawn(lifecycle::feed_watchdog(supervisor.clone())),
            tokio::spawn(tidy(context.clone())),
            tokio::spawn(keep_export(store.clone())),
            tokio::spawn(take_up_keys(store.clone(), config, hangups)),
        ]
        .map(AbortOnDropHandle::new);
        let mut serving = AbortOnDropHandle::new(tokio::spawn(door.serve()));
        tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, "ticketd is ready");
        lifecycle::notify_ready();
        tokio::select! {
            () = shutdown.soft.cancelled() => {}
            () = supervisor.failed().cancelled() => {}
            _ = &mut serving => bail!("the front door fell shut"),
        }
        tracing::info!("ticketd is stopping");
        lifecycle::notify_stopping();
        drop((chores, upkeep));
        closing.cancel();
        shutdown.soft.cancel();
        let gave_up = supervisor.failed().is_cancelled();
        let soft = async {
            let _ = serving.await;
            supervisor.drain(ACTORS_LIMIT).await;
            store.close().await
        };
        tokio::select! {
            closed = soft => closed.context("the last barrier failed")?,
            () = shutdown.out_of_patience() => bail!("stopped before everything was finished"),
        }
        if gave_up {
            bail!("an actor failed too often; see the log");
        }
        tracing::info!("ticketd has stopped");
        Ok(())
    }
}

/// What the operator's questions are put to; `None` where there is neither a mailbox nor `/ticket` nor a board.
///
/// # Errors
/// As [`MailRoad::build`].
pub fn review(config: &Config, store: &Store, metrics: &Metrics) -> anyhow::Result<Option<Review>> {
    Ok(MailRoad::build(config, store, metrics)?.map(|road| road.review))
}

/// Opens the store with the configured keys.
///
/// # Errors
/// The store's own sentences, which say what to do.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let keys = Keyring::parse(&config.store.master_key).context("store.master_key")?;
    let path = config.store.path.clone();
    Ok(tokio::task::spawn_blocking(move || Store::open(&path, keys)).await??)
}

async fn tidy(context: Arc<Context>) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        context.forget_the_silent();
    }
}

/// A mailbox notes its backlog when it is read; a tracker that is away is noticed here too.
async fn gauge(review: Review) {
    loop {
        if let Err(error) = count(&review).await {
            tracing::error!(%error, "the desk cannot be counted");
        }
        tokio::time::sleep(GAUGE_EVERY).await;
    }
}

async fn count(Review { desk, mailboxes, .. }: &Review) -> Result<(), StoreError> {
    desk.gauge().await?;
    for mailbox in mailboxes.all() {
        mailbox.health.backlog(desk.backlog(&mailbox.name).await?);
    }
    Ok(())
}

async fn purge(desk: Desk, keep: SignedDuration) {
    loop {
        tokio::time::sleep(PURGE_EVERY).await;
        let before = clock::now() - keep;
        match desk.purge(before).await {
            Ok(purged) if purged.cases + purged.mails > 0 => tracing::info!(
                cases.removed = purged.cases,
                mails.removed = purged.mails,
                "what was finished long ago is forgotten"
            ),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "finished cases could not be removed"),
        }
    }
}

async fn sweep(desk: Desk) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = desk.sweep_uploads().await {
            tracing::error!(%error, "files that no request took could not be removed");
        }
    }
}

async fn keep_export(store: Store) {
    loop {
        tokio::time::sleep(EXPORT_EVERY).await;
        let exporting = store.clone();
        match tokio::task::spawn_blocking(move || exporting.export_if_changed()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store's export failed"),
            Err(_) => tracing::error!("the store's export broke off"),
        }
    }
}

/// Finishes a rotation while the service runs: at the start if there are older keys, and on SIGHUP
/// after reading the keys again.
async fn take_up_keys(store: Store, config: Config, mut hangups: Signal) {
    if let Ok(keys) = Keyring::parse(&config.store.master_key)
        && keys.has_older()
    {
        reseal(&store, keys).await;
    }
    while hangups.recv().await.is_some() {
        let Some(file) = &config.store.master_key_file else {
            tracing::warn!("the master key is not in a file: restart ticketd to take up another");
            continue;
        };
        match read_keys(file.clone()).await {
            Ok(keys) => reseal(&store, keys).await,
            Err(error) => tracing::error!(%error, "the master key file cannot be used"),
        }
    }
}

async fn reseal(store: &Store, keys: Keyring) {
    let key = keys.current_id();
    match store.reseal(keys).await {
        Ok(done) if done.unreadable == 0 => tracing::info!(
            key.id = %key,
            rows.resealed = done.resealed,
            "every row is sealed with the current key; older ones are no longer needed"
        ),
        Ok(done) => tracing::error!(
            key.id = %key,
            rows.unreadable = done.unreadable,
            "some rows do not open; keep the older keys"
        ),
        Err(error) => tracing::error!(%error, "the new master key is not taken up"),
    }
}

async fn read_keys(file: std::path::PathBuf) -> anyhow::Result<Keyring> {
    let text: SecretString =
        tokio::task::spawn_blocking(move || secret::read_file(&file)).await??;
    Ok(Keyring::parse(&text)?)
}
