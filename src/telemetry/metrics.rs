//! The numbers of `/metrics`, counted where things happen. Labels come from small fixed sets,
//! which the `&'static str`s see to: never a user's id, name or text. Counting never fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::health;

/// Half a millisecond (answered from memory) to the 30 s after which Mattermost hangs up.
const SECONDS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RemoteCall {
    service: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Restart {
    actor: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Command {
    command: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ticket {
    event: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EffectLabels {
    work: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeskLabels {
    what: &'static str,
}

/// Mailboxes stand in the configuration: their names are few and nobody's secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailboxLabels {
    mailbox: String,
}

type Times<L> = Family<L, Histogram, fn() -> Histogram>;

/// All numbers. Cheap to clone; clones count into the same numbers.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Times<Request>,
    remote_calls: Times<RemoteCall>,
    shed: Family<Shed, Counter>,
    restarts: Family<Restart, Counter>,
    commands: Family<Command, Counter>,
    tickets: Family<Ticket, Counter>,
    sessions: Gauge,
    store_rounds: Counter,
    store_writes: Counter,
    mails: Family<MailLabels, Counter>,
    effects: Family<EffectLabels, Counter>,
    lag: Family<MailboxLabels, Gauge>,
    backlog: Family<MailboxLabels, Gauge>,
    read: Family<MailboxLabels, Gauge>,
    sign_in: Family<MailboxLabels, Gauge>,
    desk: Family<DeskLabels, Gauge>,
}

impl Metrics {
    /// The media type of [`Metrics::encode`].
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// All numbers at nought.
    #[must_use]
    pub fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("ticketd"),
            requests: Times::new_with_constructor(times),
            remote_calls: Times::new_with_constructor(times),
            shed: Family::default(),
            restarts: Family::default(),
            commands: Family::default(),
            tickets: Family::default(),
            sessions: Gauge::default(),
            store_rounds: Counter::default(),
            store_writes: Counter::default(),
            mails: Family::default(),
            effects: Family::default(),
            lag: Family::default(),
            backlog: Family::default(),
            read: Family::default(),
            sign_in: Family::default(),
            desk: Family::default(),
        };
        let registry = &mut inner.registry;
        registry.register_with_unit(
            "http_request_duration",
            "Time to answer a request, by route and status",
            Unit::Seconds,
            inner.requests.clone(),
        );
        registry.register_with_unit(
            "remote_call_duration",
            "Time that a remote service took, by service and outcome",
            Unit::Seconds,
            inner.remote_calls.clone(),
        );
        registry.register("shed", "Requests turned away, by reason", inner.shed.clone());
        registry.register(
            "actor_restarts",
            "Actors that failed and were started again, by kind",
            inner.restarts.clone(),
        );
        registry.register(
            "commands",
            "Commands given by users, by outcome",
            inner.commands.clone(),
        );
        registry.register(
            "tickets",
            "What was done with /ticket, its forms and its buttons",
            inner.tickets.clone(),
        );
        registry.register("sessions", "Users with a session at present", inner.sessions.clone());
        registry.register(
            "store_barrier_rounds",
            "Times that the store was put on disk",
            inner.store_rounds.clone(),
        );
        registry.register(
            "store_barrier_waiters",
            "Writers that these served; many share a round",
            inner.store_writes.clone(),
        );
        registry.register("mails", "Mails recorded, by what became of them", inner.mails.clone());
        registry.register(
            "effects",
            "Tries of what the desk does to the outside, by work and outcome",
            inner.effects.clone(),
        );
        registry.register_with_unit(
            "mailbox_lag",
            "Time between the arrival of a mail and its record, the last time",
            Unit::Seconds,
            inner.lag.clone(),
        );
        registry.register(
            "mailbox_backlog",
            "Cases that wait for their tracker",
            inner.backlog.clone(),
        );
        registry.register(
            "mailbox_ok",
            "Whether the mailbox could be read the last time (1) or not (0)",
            inner.read.clone(),
        );
        registry.register(
            "mailbox_sign_in_needed",
            "Whether nothing is read from the mailbox until somebody signs in (1) or not (0)",
            inner.sign_in.clone(),
        );
        registry.register(
            "desk",
            "What stands still: dead effects, mails put aside, cases that wait for a worker",
            inner.desk.clone(),
        );
        Self(Arc::new(inner))
    }

    /// So much of the desk stands like this now.
    pub fn desk(&self, what: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.desk.get_or_create(&DeskLabels { what }).set(count);
    }

    /// A mail was seen, and this is what became of it.
    pub fn mail(&self, outcome: &'static str) {
        self.0.mails.get_or_create(&MailLabels { outcome }).inc();
    }

    /// An effect was tried, and this is how it stands.
    pub fn effect(&self, work: &'static str, outcome: &'static str) {
        self.0.effects.get_or_create(&EffectLabels { work, outcome }).inc();
    }

    /// How a mailbox stands.
    pub fn mailbox(&self, mailbox: &health::Mailbox) {
        let labels = MailboxLabels { mailbox: mailbox.name().to_owned() };
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.0.lag.get_or_create(&labels).set(gauge(mailbox.lag_seconds()));
        self.0.backlog.get_or_create(&labels).set(gauge(mailbox.waiting()));
        self.0.read.get_or_create(&labels).set(i64::from(mailbox.part.is_well()));
        let locked = mailbox.sign_in_fault().is_some();
        self.0.sign_in.get_or_create(&labels).set(i64::from(locked));
    }

    /// A request was answered. `route` is the pattern, never the path that came.
    pub fn http_request(&self, route: &'static str, status: u16, took: Duration) {
        self.0.requests.get_or_create(&Request { route, status }).observe(took.as_secs_f64());
    }

    /// A request was turned away to shed load.
    pub fn shed(&self, reason: &'static str) {
        self.0.shed.get_or_create(&Shed { reason }).inc();
    }

    /// A call to a remote service ended.
    pub fn remote_call(&self, service: &'static str, outcome: &'static str, took: Duration) {
        let labels = RemoteCall { service, outcome };
        self.0.remote_calls.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// An actor failed and was started again.
    pub fn actor_restarted(&self, actor: &'static str) {
        self.0.restarts.get_or_create(&Restart { actor }).inc();
    }

    /// So many sessions are open now.
    pub fn sessions(&self, open: usize) {
        self.0.sessions.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// A user's command ended.
    pub fn command(&self, command: &'static str, outcome: &'static str) {
        self.0.commands.get_or_create(&Command { command, outcome }).inc();
    }

    /// Something was done with tickets: a command, a form sent in, a button pressed.
    pub fn ticket(&self, event: &'static str, outcome: &'static str) {
        self.0.tickets.get_or_create(&Ticket { event, outcome }).inc();
    }

    /// What the store's barrier has done since the start.
    pub fn store_barrier(&self, rounds: u64, waiters: u64) {
        self.0.store_rounds.inner().store(rounds, Ordering::Relaxed);
        self.0.store_writes.inner().store(waiters, Ordering::Relaxed);
    }

    /// All numbers in the text form of `OpenMetrics`, which Prometheus reads.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.0.registry).is_err() {
            tracing::error!("metrics cannot be encoded");
        }
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn times() -> Histogram {
    Histogram::new(SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_shows_under_its_name_and_labels() {
        let metrics = Metrics::new();
        let counted = metrics.clone();
        counted.http_request("/slash/redmine", 200, Duration::from_millis(2));
        counted.http_request("/slash/redmine", 200, Duration::from_mins(1));
        counted.shed("connections");
        counted.remote_call("redmine", "unavailable", Duration::from_millis(700));
        counted.actor_restarted("redmine_session");
        counted.sessions(3);
        counted.sessions(2);
        counted.command("list", "ok");
        counted.command("list", "ok");
        let text = metrics.encode();
        let request = "route=\"/slash/redmine\",status=\"200\"";
        let remote = "service=\"redmine\",outcome=\"unavailable\"";
        for line in [
            format!("http_request_duration_seconds_sum{{{request}}} 60.002"),
            format!("http_request_duration_seconds_count{{{request}}} 2"),
            format!("http_request_duration_seconds_bucket{{le=\"0.001\",{request}}} 0"),
            format!("http_request_duration_seconds_bucket{{le=\"30.0\",{request}}} 1"),
            format!("remote_call_duration_seconds_count{{{remote}}} 1"),
            "shed_total{reason=\"connections\"} 1".to_owned(),
            "actor_restarts_total{actor=\"redmine_session\"} 1".to_owned(),
            "sessions 2".to_owned(),
            "commands_total{command=\"list\",outcome=\"ok\"} 2".to_owned(),
        ] {
            let line = format!("ticketd_{line}");
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
