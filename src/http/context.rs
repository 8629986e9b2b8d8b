//! What handlers need, and no more.

use std::{num::NonZeroU32, sync::Arc};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{api::Api, error::HttpError, request_id::RequestIds};
use crate::{
    actors::{Desk, DialogBroker, LateAnswers, Mailboxes, RedmineSessions},
    clients::{JiraClient, UserLocales},
    config::{Limits, Redmine},
    health::Part,
    locale::{Locale, Texts},
    model::{ids::UserId, thread::ThreadSecret},
    store::Store,
    telemetry::Metrics,
};

/// Requests that are worked on at once; more get 503. Each takes well under a millisecond of CPU,
/// and most wait for Redmine.
const AT_ONCE: usize = 512;
/// Requests without a valid token that get a 401 within a second; more get 429.
const STRANGERS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// Webhooks that are read at once before anybody knows who sent them.
const UNPROVEN: usize = 8;

/// What the secrets of the tickets' paths are for: fixed for ever, as buttons are.
const FORMS: &str = "ticket-forms";
const BUTTONS: &str = "ticket-buttons";

/// Shared by all requests.
pub struct Context {
    /// Users' sessions.
    pub sessions: RedmineSessions,
    /// Takes answers that come too late.
    pub late: LateAnswers,
    /// Users' languages.
    pub locales: UserLocales,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// Counters.
    pub metrics: Metrics,
    /// For `/ready`.
    pub store: Store,
    /// The remote services, for `/ready`.
    pub parts: Vec<Part>,
    /// The mailboxes: their records for `/ready`, and their bells.
    pub mail: Mailboxes,
    /// Where Jira's webhooks go, if they are taken.
    pub jira_hook: Option<JiraHook>,
    /// Tickets of the chat, if there are any.
    pub tickets: Option<Tickets>,
    /// The API for tickets, if there is a board for it.
    pub api: Option<Arc<Api>>,
    /// What only the door itself needs.
    pub door: Doorkeeping,
}

impl Context {
    /// Forgets users and tokens that have been silent for long. To be called now and then.
    pub fn forget_the_silent(&self) {
        self.door.pace.retain_recent();
        if let Some(api) = &self.api {
            api.forget_the_silent();
        }
    }
}

/// What tickets of the chat need at the door.
pub struct Tickets {
    /// Who serves them.
    pub(super) broker: DialogBroker,
    /// The tokens of `/ticket`.
    pub(super) slash_tokens: Vec<SecretString>,
    /// Stands in the path of filled forms.
    pub(super) form_secret: SecretString,
    /// Stands in the path of buttons; the same for as long as the store lives.
    pub(super) button_secret: SecretString,
}

impl Tickets {
    /// The paths hold what `secret` makes of them.
    #[must_use]
    pub fn new(
        broker: DialogBroker,
        slash_tokens: Vec<SecretString>,
        secret: &ThreadSecret,
    ) -> Self {
        let (form_secret, button_secret) = (secret.path(FORMS), secret.path(BUTTONS));
        Self { broker, slash_tokens, form_secret, button_secret }
    }

    /// Where filled forms are taken: nobody guesses it.
    #[must_use]
    pub fn form_path(secret: &ThreadSecret) -> String {
        format!("ticket/submit/{}", secret.path(FORMS).expose_secret())
    }

    /// Where buttons lead: nobody guesses it.
    #[must_use]
    pub fn button_path(secret: &ThreadSecret) -> String {
        format!("actions/{}", secret.path(BUTTONS).expose_secret())
    }
}

/// What becomes of Jira's webhooks.
pub struct JiraHook {
    /// What signs them.
    pub(super) secret: SecretString,
    /// Who hears of comments.
    pub(super) desk: Desk,
    /// Who knows which comments are our own.
    pub(super) jira: JiraClient,
    /// Places for webhooks whose signature is not checked yet: each holds a body in memory.
    pub(super) unproven: Semaphore,
}

impl JiraHook {
    /// What `secret` signs goes to the desk.
    #[must_use]
    pub fn new(secret: SecretString, desk: Desk, jira: JiraClient) -> Self {
        Self { secret, desk, jira, unproven: Semaphore::new(UNPROVEN) }
    }

    /// Whether this account is ours. While Jira has not said who we are, nobody is: our own
    /// comments are dropped when they are read, before they would be sent.
    pub(super) fn is_us(&self, account: &str) -> bool {
        self.jira.known_myself().is_some_and(|us| us.id == account)
    }
}

/// The door's own limits and secrets.
pub struct Doorkeeping {
    pub(super) slash_tokens: Vec<SecretString>,
    pub(super) form_secret: SecretString,
    pub(super) body_bytes: usize,
    pub(super) default_locale: Locale,
    pace: DefaultKeyedRateLimiter<UserId>,
    at_once: Semaphore,
    /// Requests without a valid token: a few are answered as what they are.
    strangers: DefaultDirectRateLimiter,
    /// Whoever tells of a mailbox, until it is known who they are.
    pub(super) unproven: Semaphore,
    /// Log lines that strangers can cause, by the hundred if they want.
    pub(super) complaints: DefaultKeyedRateLimiter<&'static str>,
    pub(super) ids: RequestIds,
    /// Fires when the door closes: `/ready` says so, and connections are not kept alive.
    pub(super) closing: CancellationToken,
    /// Answers that are still to be delivered after their request was answered.
    pub(super) late: TaskTracker,
}

impl Doorkeeping {
    /// A door that is open until `closing` fires.
    #[must_use]
    pub fn new(
        limits: &Limits,
        redmine: &Redmine,
        default_locale: Locale,
        closing: CancellationToken,
    ) -> Self {
        Self {
            slash_tokens: redmine.slash_tokens.clone(),
            form_secret: Uuid::new_v4().simple().to_string().into(),
            body_bytes: limits.body_bytes,
            default_locale,
            pace: DefaultKeyedRateLimiter::keyed(Quota::per_minute(limits.per_user_per_minute)),
            at_once: Semaphore::new(AT_ONCE),
            strangers: DefaultDirectRateLimiter::direct(Quota::per_second(STRANGERS)),
            unproven: Semaphore::new(UNPROVEN),
            complaints: DefaultKeyedRateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
            ids: RequestIds::new(),
            closing,
            late: TaskTracker::new(),
        }
    }

    /// The path at which filled login forms are taken: nobody guesses it.
    #[must_use]
    pub fn form_path(&self) -> String {
        format!("slash/redmine/login/{}", self.form_secret.expose_secret())
    }

    /// A place among the requests that are worked on; to be kept until the answer.
    pub(super) fn enter(&self) -> Result<SemaphorePermit<'_>, HttpError> {
        self.at_once.try_acquire().map_err(|_| HttpError::Overloaded)
    }

    /// Whether this user has used up what a minute holds.
    pub(super) fn is_too_fast(&self, user: &UserId) -> bool {
        self.pace.check_key(user).is_err()
    }

    /// What somebody without a valid token gets.
    pub(super) fn stranger(&self, refusal: HttpError) -> HttpError {
        match self.strangers.check() {
            Ok(()) => refusal,
            Err(_) => HttpError::TooManyRequests,
        }
    }
}
