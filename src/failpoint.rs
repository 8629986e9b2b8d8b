//! Places where a test can make the running daemon panic, freeze or die.
//!
//! `TICKETD_FAILPOINTS=redmine_session.run=panic*1,late_answers.handle=freeze` arms them for
//! a whole run; `*1` is how often. Without the cargo feature `failpoints`, which only ticketd's
//! own tests switch on, [`hit`] is empty.

/// Passes the failpoint of this name.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub async fn hit(_: &'static str) {}

#[cfg(feature = "failpoints")]
pub use armed::hit;

#[cfg(feature = "failpoints")]
mod armed {
    use std::{
        collections::HashMap,
        sync::{Mutex, OnceLock, PoisonError},
    };

    struct Failpoint {
        action: String,
        left: u32,
    }

    static ARMED: OnceLock<Mutex<HashMap<String, Failpoint>>> = OnceLock::new();

    /// Passes the failpoint of this name: does what it was armed for, if it was.
    ///
    /// # Panics
    /// If it was armed for that.
    #[allow(clippy::panic, reason = "that is what it is for")]
    pub async fn hit(name: &'static str) {
        match action(name).as_deref() {
            Some("panic") => panic!("failpoint {name}"),
            Some("freeze") => std::future::pending().await,
            Some("abort") => std::process::abort(),
            _ => {}
        }
    }

    fn action(name: &str) -> Option<String> {
        let armed = ARMED.get_or_init(|| Mutex::new(from_environment()));
        let mut armed = armed.lock().unwrap_or_else(PoisonError::into_inner);
        let failpoint = armed.get_mut(name)?;
        failpoint.left = failpoint.left.checked_sub(1)?;
        Some(failpoint.action.clone())
    }

    fn from_environment() -> HashMap<String, Failpoint> {
        let armed = std::env::var("TICKETD_FAILPOINTS").unwrap_or_default();
        let each = armed.split(',').filter_map(|each| each.split_once('='));
        each.map(|(name, rest)| {
            let (action, times) = rest.split_once('*').unwrap_or((rest, ""));
            let left = times.parse().unwrap_or(u32::MAX);
            (name.to_owned(), Failpoint { action: action.to_owned(), left })
        })
        .collect()
    }
}
