//! Why a command did not do what it should: one text for the user, another for the log.

use crate::{
    clients::ApiError,
    model::{
        ids::{IssueId, ProjectRef},
        render,
    },
    store::StoreError,
};

use super::Asker;

/// A command that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user has not signed in.
    NoLogin,
    /// The key belongs to somebody else than the user says.
    NotThatUser,
    /// There is no way to open a form: ticketd does not know its own address.
    NoForm,
    /// Nothing to open a form with came with the command.
    NoTrigger,
    /// Redmine, or Mattermost, did not do it.
    Remote(ApiError, About),
    /// The store did not keep a login.
    NotKept(StoreError),
    /// The store did not forget a login.
    NotForgotten(StoreError),
    /// The user signed out while they signed in.
    SignedOut,
    /// The session ended on the way: the login may be kept or not.
    SessionEnded,
}

/// What a remote failure is about: "not found" means little without it.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// A key that is being checked.
    NewKey,
    /// One issue.
    Issue(IssueId),
    /// One project.
    Project(ProjectRef),
    /// A form in Mattermost.
    Form,
    /// Nothing in particular.
    Redmine,
}

impl Failure {
    /// A word for metrics.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::NoLogin => "no_login",
            Self::NotThatUser => "not_that_user",
            Self::NoForm => "no_form",
            Self::NoTrigger => "no_trigger",
            Self::Remote(error, _) => error.kind(),
            Self::NotKept(_) | Self::NotForgotten(_) => "store",
            Self::SignedOut => "signed_out",
            Self::SessionEnded => "session_ended",
        }
    }

    /// Tells the log, once, what the operator may have to mend. What a user mistyped is no event.
    pub(super) fn log(&self, command: &'static str) {
        match self {
            Self::Remote(error, _) if error.is_outage() => {
                tracing::warn!(command, %error, "a command failed at the remote service");
            }
            Self::NotKept(error) | Self::NotForgotten(error) => {
                tracing::error!(command, %error, "a command failed at the store");
            }
            Self::SessionEnded => tracing::error!(command, "a session ended within a command"),
            Self::NoForm => tracing::warn!(
                command,
                "no login form can be opened: set http.public_url to where Mattermost reaches us"
            ),
            _ => tracing::debug!(command, failure = self.kind(), "a command was refused"),
        }
    }

    /// What the user reads.
    pub(super) fn sentence(&self, asker: &Asker) -> String {
        match self {
            Self::NoLogin => asker.say("redmine-no-login", &[]),
            Self::NotThatUser => asker.say("redmine-not-that-user", &[]),
            Self::NoForm => asker.say("redmine-no-form", &[]),
            Self::NoTrigger => asker.say("redmine-form-failed", &[]),
            Self::NotKept(_) => asker.say("redmine-not-saved", &[]),
            Self::NotForgotten(_) => asker.say("redmine-not-forgotten", &[]),
            Self::SignedOut => asker.say("redmine-signed-out-meanwhile", &[]),
            Self::SessionEnded => asker.say("redmine-login-unclear", &[]),
            Self::Remote(error, about) => remote(error, about, asker),
        }
    }
}

fn remote(error: &ApiError, about: &About, asker: &Asker) -> String {
    match (error, about) {
        (_, About::Form) => asker.say("redmine-form-failed", &[]),
        (ApiError::Unauthorized { .. }, About::NewKey) => asker.say("redmine-wrong-key", &[]),
        (ApiError::Forbidden { .. }, About::NewKey) => asker.say("redmine-rest-off", &[]),
        (ApiError::Unauthorized { .. }, _) => asker.say("redmine-key-revoked", &[]),
        (ApiError::Forbidden { .. }, About::Issue(id)) => {
            asker.say("redmine-issue-forbidden", &[("issue", asker.link(*id).into())])
        }
        (ApiError::Forbidden { .. }, About::Project(project)) => {
            asker.say("redmine-project-forbidden", &[("project", project.as_str().into())])
        }
        (ApiError::Forbidden { .. }, About::Redmine) => asker.say("redmine-forbidden", &[]),
        (ApiError::NotFound { .. }, About::Issue(id)) => {
            asker.say("redmine-issue-unknown", &[("issue", id.to_string().into())])
        }
        (ApiError::NotFound { .. }, About::Project(project)) => {
            asker.say("redmine-project-unknown", &[("project", project.as_str().into())])
        }
        (ApiError::Rejected { reasons, .. }, _) if !reasons.is_empty() => {
            let reasons: Vec<_> = reasons.iter().map(|reason| render::line(reason)).collect();
            asker.say("redmine-rejected", &[("reasons", reasons.join("; ").into())])
        }
        (ApiError::RateLimited { .. }, _) => asker.say("redmine-rate-limited", &[]),
        (ApiError::Unavailable { .. }, _) => asker.say("redmine-down", &[]),
        (ApiError::Ambiguous { .. }, _) => asker.say("redmine-unclear", &[]),
        (ApiError::Malformed { .. } | ApiError::NotFound { .. }, _) => {
            asker.say("redmine-not-redmine", &[])
        }
        (ApiError::Rejected { .. }, _) => asker.say("redmine-rejected-silently", &[]),
    }
}

/// Says what a remote failure is about.
pub(super) trait Concerning<T> {
    fn about(self, about: About) -> Result<T, Failure>;
}

impl<T> Concerning<T> for Result<T, ApiError> {
    fn about(self, about: About) -> Result<T, Failure> {
        self.map_err(|error| Failure::Remote(error, about))
    }
}

/// Lets a write pass that may have happened, so that the caller can look; gives its error back for
/// the case that looking shows nothing.
pub(super) fn unless_unclear(sent: Result<(), ApiError>) -> Result<Option<ApiError>, ApiError> {
    match sent {
        Ok(()) => Ok(None),
        Err(error @ ApiError::Ambiguous { .. }) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// A look at what a write did, and the look failed: whatever it says, the write may have happened.
pub(super) fn unseen(error: &ApiError) -> ApiError {
    ApiError::Ambiguous { service: error.service(), cause: format!("looking failed: {error}") }
}
