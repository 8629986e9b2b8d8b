//! Where `/ticket` runs: a daemon's home and the chat around it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ticketd::sandbox::{Mattermost, Redmine, RedmineIssue};

use super::naive;
use crate::door::Door;
use crate::home::{Home, Living};

/// Home and chat.
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) chat: Mattermost,
    /// Where each ticket is an issue besides.
    pub(crate) redmine: Option<Redmine>,
    /// Where the chat reaches the daemon.
    pub(crate) door: Arc<Door>,
}

impl Place {
    pub(crate) async fn new(in_redmine: bool) -> io::Result<Self> {
        let (home, chat) = (Home::new()?, Mattermost::start().await?);
        let door = Arc::new(Door::open().await?);
        let redmine = if in_redmine { Some(Redmine::start().await?) } else { None };
        let tracker = redmine.as_ref().map(|redmine| {
            format!(
                "tracker = \"redmine\"\nproject = \"helpdesk\"\n\
                 [redmine]\nurl = \"{}\"\napi_key = {:?}\nissue_type = \"Support\"\npoll = \"1s\"\n",
                redmine.url(),
                Redmine::user_key("bot"),
            )
        });
        home.configure(&format!(
            "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{}\"\n\
             [mattermost]\nurl = \"{}\"\nbot_token = {:?}\n\
             [ticket]\nslash_tokens = [{:?}]\n{}\
             [limits]\nper_user_per_minute = 60000\n",
            door.url(),
            chat.url(),
            Mattermost::bot_token(),
            Mattermost::slash_token("/ticket"),
            tracker.unwrap_or_default(),
        ))?;
        Ok(Self { home, chat, redmine, door })
    }

    /// Starts a daemon.
    pub(crate) fn start(&self, failpoint: Option<&str>) -> io::Result<Living> {
        self.home.start(&["run"], failpoint, self.lead())
    }

    /// Starts this very program as another one.
    pub(crate) fn start_naive(&self) -> io::Result<Living> {
        let (chat, door) = (self.chat.url(), self.door.url());
        let variables = [
            (crate::naive::ORDER, naive::TICKETS),
            (naive::CHAT, chat.as_str()),
            (naive::DOOR, &door),
        ];
        self.home.start_naive(&variables, self.lead())
    }

    fn lead(&self) -> impl Fn(SocketAddr) + Send + 'static {
        let door = self.door.clone();
        move |address| door.lead(address)
    }

    /// The issues of these words, by their numbers.
    pub(crate) fn issues_of(&self, word: &str) -> Vec<RedmineIssue> {
        let mut issues = self.redmine.as_ref().map_or_else(Vec::new, Redmine::issues);
        issues.retain(|issue| issue.subject.contains(word) || issue.description.contains(word));
        issues
    }

    /// From now on nothing fails any more.
    pub(crate) fn clear_faults(&self) {
        self.chat.clear_faults();
        self.redmine.iter().for_each(Redmine::clear_faults);
        self.chat.set_rate_limit(None);
        self.door.drop_answers(0);
    }
}
