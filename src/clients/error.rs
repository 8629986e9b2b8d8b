//! How a call to a remote service can fail, sorted by what the caller should do about it.

use std::time::Duration;

/// The cause of [`ApiError::Malformed`] for an answer beyond the transport's bound.
pub(super) const TOO_LONG: &str = "the answer is larger than 4 MiB";

/// A failed call. The texts are for the log: no key, no address and no answer's body is in them,
/// but for [`ApiError::Rejected`], which keeps the service's own words for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401: the key is not, or no longer, accepted.
    #[error("{service} does not accept the credentials")]
    Unauthorized {
        /// The service's name.
        service: &'static str,
    },
    /// 403: known, but not allowed.
    #[error("{service} forbids the call")]
    Forbidden {
        /// The service's name.
        service: &'static str,
    },
    /// 404: not there, or hidden.
    #[error("{service} does not know the thing asked for")]
    NotFound {
        /// The service's name.
        service: &'static str,
    },
    /// Another 4xx: repeating it as it is will not help.
    #[error("{service} rejects the call with status {status}")]
    Rejected {
        /// The service's name.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// The service's own words, for the user; may be empty.
        reasons: Vec<String>,
    },
    /// 429: too many calls.
    #[error("{service} asks to slow down")]
    RateLimited {
        /// The service's name.
        service: &'static str,
        /// How long to wait, where the service says.
        after: Option<Duration>,
    },
    /// The call had no effect: the service could not be reached, or a read failed.
    #[error("{service} is not available: {cause}")]
    Unavailable {
        /// The service's name.
        service: &'static str,
        /// Why, in a few words.
        cause: String,
    },
    /// A write that may have happened: no clear answer came back. Look before you repeat it.
    #[error("{service} gave no clear answer to a write: {cause}")]
    Ambiguous {
        /// The service's name.
        service: &'static str,
        /// Why, in a few words.
        cause: String,
    },
    /// The answer is not what the service's interface promises.
    #[error("{service} answered something else than its interface promises: {cause}")]
    Malformed {
        /// The service's name.
        service: &'static str,
        /// What was wrong with it.
        cause: String,
    },
}

impl ApiError {
    /// The service's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::Unauthorized { service }
            | Self::Forbidden { service }
            | Self::NotFound { service }
            | Self::Rejected { service, .. }
            | Self::RateLimited { service, .. }
            | Self::Unavailable { service, .. }
            | Self::Ambiguous { service, .. }
            | Self::Malformed { service, .. } => service,
        }
    }

    /// Whether the answer was longer than we read: asking for less may help.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        matches!(self, Self::Malformed { cause, .. } if cause == TOO_LONG)
    }

    /// A word for metrics and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Rejected { .. } => "rejected",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// The same after a write was sent: an answer that cannot be read says nothing of whether it
    /// happened.
    #[must_use]
    pub fn after_write(self) -> Self {
        match self {
            Self::Malformed { service, cause } => Self::Ambiguous { service, cause },
            other => other,
        }
    }

    /// Whether it is the word on one thing, such as a file, and says nothing of others: another
    /// try with it would fail again.
    #[must_use]
    pub fn is_of_one_thing(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::Forbidden { .. }
                | Self::Rejected { .. }
                | Self::Malformed { .. }
        )
    }

    /// Whether the service itself is at fault, rather than what was asked of it.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::Ambiguous { .. }
                | Self::Malformed { .. }
        )
    }
}
