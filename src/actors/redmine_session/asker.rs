//! Whoever asks: in their language, with their key.

use std::sync::Arc;

use fluent_bundle::FluentValue;
use secrecy::SecretString;

use super::{Failure, SessionTools};
use crate::{
    clients::RedmineClient,
    locale::Locale,
    model::{ids::IssueId, login::RedmineLogin, redmine::IssueLine, render},
};

/// The longest subject that a list shows, in characters.
const SUBJECT_SHOWN: usize = 120;

/// One asker, for one command.
pub(super) struct Asker {
    pub(super) tools: Arc<SessionTools>,
    pub(super) locale: Locale,
    pub(super) login: Option<Arc<RedmineLogin>>,
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

    pub(super) fn key(&self) -> Result<&SecretString, Failure> {
        self.login().map(|login| &login.api_key)
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
