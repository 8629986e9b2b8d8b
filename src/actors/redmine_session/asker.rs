//! Whoever asks: in their language, with their key.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fluent_bundle::FluentValue;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{
    Era, Failure, SessionTools,
    failure::{About, Concerning},
};
use crate::{
    clients::RedmineClient,
    locale::Locale,
    model::{ids::IssueId, login::RedmineLogin, redmine::IssueLine, render},
};

/// How long Redmine's word on a key holds: a revoked one is noticed within this time.
const CHECK_EVERY: Duration = Duration::from_mins(1);
/// The longest subject that a list shows, in characters.
const SUBJECT_SHOWN: usize = 120;

/// One asker, for one command.
pub(super) struct Asker {
    pub(super) tools: Arc<SessionTools>,
    pub(super) locale: Locale,
    pub(super) login: Option<Arc<RedmineLogin>>,
    pub(super) checked: Checked,
    /// When the command was given.
    pub(super) era: Era,
}

/// When Redmine last said whose key it is. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Checked(Arc<Mutex<Option<Instant>>>);

impl Checked {
    fn is_recent(&self) -> bool {
        let checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checked.is_some_and(|at| at.elapsed() < CHECK_EVERY)
    }

    pub(super) fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Asker {
    pub(super) fn say(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.tools.texts.say(self.locale, key, args)
    }

    pub(super) fn redmine(&self) -> &RedmineClient {
        &self.tools.redmine
    }

    pub(super) fn login(&self) -> Result<&RedmineLogin, Failure> {
        self.login.as_deref().ok_or(Failure::NoLogin)
    }

    /// The asker's key, if Redmine still takes it. With a key that it does not take Redmine answers
    /// most reads all the same, as to a stranger (recorded), so it is asked whose key this is
    /// before one that was not checked lately is used.
    pub(super) async fn key(&self) -> Result<&SecretString, Failure> {
        let key = &self.login()?.api_key;
        if !self.checked.is_recent() {
            self.redmine().current_user(key).await.about(About::Redmine)?;
            self.checked.now();
        }
        Ok(key)
    }

    /// The issue as a link.
    pub(super) fn link(&self, id: IssueId) -> String {
        format!("[#{id}]({})", self.redmine().issue_url(id))
    }

    /// The issue as a link with its subject.
    pub(super) fn link_with_subject(&self, line: &IssueLine) -> String {
        let subject = render::line(&render::cut(&line.subject, SUBJECT_SHOWN));
        format!("{} {subject}", self.link(line.id))
    }

    /// The issue as a row of a list.
    pub(super) fn row(&self, line: &IssueLine) -> String {
        let nobody = || self.say("redmine-nobody", &[]);
        let assignee = line.assignee.as_deref().map_or_else(nobody, render::line);
        let [tracker, status] = [&line.tracker, &line.status].map(|text| render::line(text));
        format!("- {} ({tracker}, **{status}**, {assignee})", self.link_with_subject(line))
    }
}
