//! From the first signal to the last barrier, and what systemd hears of it.
//!
//! The first SIGTERM or SIGINT asks for a soft stop, a second one or [`SOFT_LIMIT`] for a hard
//! one. Without systemd the notices go nowhere.

use std::{io, time::Duration};

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::actors::SupervisorHandle;

/// How long a soft stop may take. Below systemd's own 90 s.
pub const SOFT_LIMIT: Duration = Duration::from_secs(30);

/// The two ways to end. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Take nothing new, finish what was begun.
    pub soft: CancellationToken,
    /// End now.
    pub hard: CancellationToken,
}

impl Shutdown {
    /// A shutdown that the process' signals ask for.
    ///
    /// # Errors
    /// If signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::default();
        let asked = shutdown.clone();
        tokio::spawn(async move {
            for token in [&asked.soft, &asked.hard] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(shutdown)
    }

    /// Ends when a hard stop is due: asked for, or because the soft one takes too long.
    pub async fn out_of_patience(&self) {
        self.soft.cancelled().await;
        tokio::select! {
            () = self.hard.cancelled() => tracing::warn!("second signal: stopping at once"),
            () = tokio::time::sleep(SOFT_LIMIT) => {
                tracing::warn!(limit_s = SOFT_LIMIT.as_secs(), "the soft stop takes too long");
            }
        }
    }
}

/// SIGHUP: take up the master keys anew.
///
/// # Errors
/// If signals cannot be listened to.
pub fn on_hangup() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Tells systemd that the service is up.
pub fn notify_ready() {
    notify(&[NotifyState::Ready]);
}

/// Tells systemd that the service is going down.
pub fn notify_stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Tells systemd, as often as it wants to hear it, that actors are still looked after. If the
/// supervisor falls silent so do we, and systemd starts the service anew.
pub async fn feed_watchdog(supervisor: SupervisorHandle) {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    let mut rhythm = tokio::time::interval(within / 3);
    loop {
        rhythm.tick().await;
        if supervisor.is_awake(within / 3).await {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot notify systemd");
    }
}
