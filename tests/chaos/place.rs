//! Where the mail road runs: a daemon's home, its configuration, the stand-ins around it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ticketd::sandbox::{Jmap, Mattermost};

use crate::door::Door;
use crate::home::{Home, Living};
use crate::plan::Plan;
use crate::post::Post;
use crate::tracker::Tracker;

/// The channel of announced conversations.
const CHANNEL: &str = "support";

/// Home and stand-ins.
pub(crate) struct Place {
    pub(crate) home: Home,
    verb: &'static [&'static str],
    webhooks: bool,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) post: Arc<Post>,
    /// Where conversations are announced, if they are.
    pub(crate) chat: Option<Mattermost>,
}

impl Place {
    pub(crate) async fn new(plan: &Plan) -> io::Result<Self> {
        let place = Self {
            home: Home::new()?,
            verb: if plan.watch { &["mailbox", "watch"] } else { &["run"] },
            webhooks: plan.webhooks,
            tracker: Arc::new(Tracker::new(plan).await?),
            post: Arc::new(Post::new(plan).await?),
            chat: if plan.announced { Some(Mattermost::start().await?) } else { None },
        };
        place.renew_token()?;
        place.home.configure(&place.toml(plan))?;
        Ok(place)
    }

    fn toml(&self, plan: &Plan) -> String {
        // Nobody presses a button, so where they lead does not matter.
        let nowhere = self.chat.as_ref().map(|_| "http://127.0.0.1:9/".to_owned());
        let door = self.post.door().map(Door::url).or(nowhere);
        let door = door.map_or(String::new(), |url| format!("public_url = \"{url}\"\n"));
        let (chat, channel) = self.chat.as_ref().map(chat_toml).unwrap_or_default();
        format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n{door}{chat}{}\
             [[mailbox]]\nname = \"support\"\naddress = {:?}\npoll = \"1s\"\nfirst_days = {}\n{channel}{}{}",
            self.tracker.toml(plan),
            Jmap::ADDRESS,
            u32::from(plan.first_days),
            self.tracker.place(),
            self.post.toml(plan, &self.home.path("token").display().to_string()),
        )
    }

    /// The mailbox's token is another one, and whoever renews it writes the file.
    pub(crate) fn renew_token(&self) -> io::Result<()> {
        let fresh = self.home.path("token.new");
        std::fs::write(&fresh, self.post.token())?;
        std::fs::rename(fresh, self.home.path("token"))
    }

    /// Whether the mailbox has been read up to now.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.post.is_listened_to()
    }

    /// Starts a daemon.
    pub(crate) fn start(&self, failpoint: Option<&str>) -> io::Result<Living> {
        self.home.start(self.verb, failpoint, self.lead())
    }

    /// Starts this very program as another one.
    pub(crate) fn start_naive(&self, order: &str) -> io::Result<Living> {
        let jira = self.tracker.jira().map(|jira| jira.url());
        let mut variables = vec![(crate::naive::ORDER, order)];
        variables.extend(jira.iter().map(|url| (crate::naive::JIRA, url.as_str())));
        let jmap = match &*self.post {
            Post::Jmap(jmap) => Some(jmap.url()),
            Post::Graph(..) => None,
        };
        variables.extend(jmap.iter().map(|url| (crate::naive::JMAP, url.as_str())));
        self.home.start_naive(&variables, self.lead())
    }

    /// Tells the stand-ins where the daemon is.
    fn lead(&self) -> impl Fn(SocketAddr) + Send + 'static {
        let (tracker, post) = (self.tracker.lead(self.webhooks), self.post.clone());
        move |address| {
            post.door().inspect(|door| door.lead(address));
            tracker(address);
        }
    }
}

/// What announces conversations: the tables of the chat, and the line of the mailbox.
fn chat_toml(chat: &Mattermost) -> (String, String) {
    let tables = format!(
        "[mattermost]\nurl = \"{}\"\nbot_token = {:?}\n[ticket]\nslash_tokens = [{:?}]\n",
        chat.url(),
        Mattermost::bot_token(),
        Mattermost::slash_token("/ticket"),
    );
    (tables, format!("channel = {:?}\n", Mattermost::channel_id(CHANNEL)))
}
