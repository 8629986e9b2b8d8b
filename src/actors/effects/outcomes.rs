//! What a try comes to: the outcome of an error, and its line in the log. A service's own words are
//! kept with the effect and never logged.

use std::time::Duration;

use crate::{
    clients::ApiError,
    model::{
        desk::{Done, Outcome},
        effect::{Effect, Work},
        keys::EffectId,
        render,
    },
};

/// Characters of a service's own words that are kept with an effect.
const WORDS_MAX: usize = 200;
/// Stands before them. They can name people, so the log ends here.
const WORDS: &str = "; it says: ";

/// Each outcome in the log, once.
pub(super) fn tell(id: EffectId, outcome: &Outcome) {
    match outcome {
        Outcome::Done(_) => tracing::debug!("done"),
        Outcome::NotFound => tracing::debug!("nothing of an unclear try is to be found"),
        Outcome::IssueGone => tracing::warn!("the issue was deleted in its tracker"),
        Outcome::Retry { fault, .. } | Outcome::LookAgain { fault, .. } => {
            tracing::warn!(cause = ours(fault), "it did not work and will be tried again");
        }
        Outcome::Unclear { fault } => {
            tracing::warn!(cause = ours(fault), "it may have worked and will be looked for");
        }
        Outcome::Panicked => {
            tracing::warn!(cause = "it panicked", "it may have worked and will be looked for");
        }
        Outcome::Refused { fault } => {
            tracing::error!(
                cause = ours(fault),
                effect.id = %id,
                "it will not work; see `ticketd desk list --dead`"
            );
        }
    }
}

/// What of a fault is ours to say.
pub(in crate::actors) fn ours(fault: &str) -> &str {
    fault.split_once(WORDS).map_or(fault, |(ours, _)| ours)
}

/// What is kept with an effect: the service's own words, cut, where it gives some.
pub(in crate::actors) fn fault_of(error: &ApiError) -> String {
    match error {
        ApiError::Rejected { reasons, .. } if !reasons.is_empty() => {
            render::cut(&format!("{error}{WORDS}{}", reasons.join("; ")), WORDS_MAX)
        }
        error => error.to_string(),
    }
}

/// It has happened, with nothing to add.
pub(in crate::actors) fn plainly() -> Outcome {
    Outcome::Done(Done::Plainly)
}

/// Nothing was tried: the effect stays what it was.
pub(in crate::actors) fn later(effect: &Effect, after: Option<Duration>, fault: &str) -> Outcome {
    let fault = fault.to_owned();
    if effect.is_unclear() {
        Outcome::LookAgain { after, fault }
    } else {
        Outcome::Retry { after, fault }
    }
}

/// A read failed, before anything was written in this try. `locked_out` is the pause after a
/// refused sign-in.
pub(in crate::actors) fn read_failed(
    effect: &Effect,
    error: &ApiError,
    locked_out: Duration,
) -> Outcome {
    let after = match error {
        ApiError::Unauthorized { .. } => Some(locked_out),
        ApiError::RateLimited { after, .. } => *after,
        _ => None,
    };
    later(effect, after, &fault_of(error))
}

/// A write failed: what that means where nothing more is known of it. `locked_out` as in
/// [`read_failed`].
pub(in crate::actors) fn write_failed(error: &ApiError, locked_out: Duration) -> Outcome {
    let fault = fault_of(error);
    match error {
        ApiError::Ambiguous { .. } | ApiError::Malformed { .. } => Outcome::Unclear { fault },
        ApiError::Unauthorized { .. } => Outcome::Retry { after: Some(locked_out), fault },
        ApiError::RateLimited { after, .. } => Outcome::Retry { after: *after, fault },
        // Conflict, locked, too early: refused for the moment, not for good.
        ApiError::Unavailable { .. }
        | ApiError::NotFound { .. }
        | ApiError::Rejected { status: 409 | 423 | 425, .. } => {
            Outcome::Retry { after: None, fault }
        }
        ApiError::Rejected { .. } | ApiError::Forbidden { .. } => Outcome::Refused { fault },
    }
}

/// A write to a tracker failed. What it forbids us waits for the operator; but only a ticket and
/// its comments are worth that all that comes after them waits too.
pub(in crate::actors) fn tracker_failed(
    effect: &Effect,
    error: &ApiError,
    locked_out: Duration,
) -> Outcome {
    match error {
        ApiError::Forbidden { .. } | ApiError::NotFound { .. } if is_word(&effect.work) => {
            Outcome::Retry { after: Some(locked_out), fault: fault_of(error) }
        }
        ApiError::NotFound { .. } => Outcome::Refused { fault: fault_of(error) },
        error => write_failed(error, locked_out),
    }
}

/// Whether it brings to the tracker what somebody said.
pub(in crate::actors) fn is_word(work: &Work) -> bool {
    matches!(
        work,
        Work::CreateIssue { .. }
            | Work::AddComment { .. }
            | Work::FileTicket
            | Work::AddReply { .. }
            | Work::FileRequest
            | Work::AddRemark
    )
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_services_own_words_are_kept_but_not_logged() {
        let reasons = vec!["invalidRecipients".to_owned(), "<dora@customer.example>".to_owned()];
        let fault = fault_of(&ApiError::Rejected { service: "jmap", status: 400, reasons });
        assert!(fault.contains("dora@customer.example"), "{fault}");
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let id = EffectId::parse("17.3").unwrap();
            for outcome in [
                Outcome::Retry { after: None, fault: fault.clone() },
                Outcome::LookAgain { after: None, fault: fault.clone() },
                Outcome::Unclear { fault: fault.clone() },
                Outcome::Refused { fault },
            ] {
                tell(id, &outcome);
            }
        });
        let lines = log.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = String::from_utf8_lossy(&lines);
        assert_eq!(lines.matches("jmap rejects the call with status 400").count(), 4, "{lines}");
        assert!(!lines.contains("dora") && !lines.contains("invalidRecipients"), "{lines}");
    }
}
