//! A ticketd between a mailbox and a Jira, and what the people do who write and answer.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ticketd::config::{self, Config};
use ticketd::locale::Locale;
use ticketd::sandbox::{
    Call, Deployment, Graph, GraphSetup, IssueSnapshot, Jira, JiraSetup, Jmap, Mattermost,
    Submission,
};

use super::app::Home;
use super::office::Office;
use super::{Setup, TestApp};

/// The webhook's secret.
pub(crate) const HOOK_SECRET: &str = "a-secret-of-jira-and-us";
/// Longer than anything takes that works.
const LIMIT: Duration = Duration::from_secs(20);

/// A letter to the mailbox.
#[derive(Clone, Default)]
pub(crate) struct Letter {
    headers: Vec<(String, String)>,
    body: String,
}

impl Letter {
    /// From this address, about this.
    pub(crate) fn from(address: &str, subject: &str) -> Self {
        let id = format!("<{}@mail.example>", fresh());
        Self::default()
            .header("From", address)
            .header("To", Jmap::ADDRESS)
            .header("Subject", subject)
            .header("Message-ID", &id)
            .header("Date", "Sun, 22 Nov 2026 10:00:00 +0000")
            .text("Please help.")
    }

    /// With this header, in place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With this plain text.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.body);
        self
    }

    /// As an answer to the mail with this Message-ID (with its brackets).
    pub(crate) fn answering(self, id: &str) -> Self {
        self.header("In-Reply-To", id).header("References", id)
    }

    /// With this body of this type.
    pub(crate) fn typed(self, kind: &str, body: &str) -> Self {
        let mut typed = self.header("MIME-Version", "1.0").header("Content-Type", kind);
        body.clone_into(&mut typed.body);
        typed
    }

    /// With files: name, media type, bytes.
    pub(crate) fn files(self, files: &[(&str, &str, &[u8])]) -> Self {
        use base64::Engine as _;
        let text = self.body.clone();
        let mut body = format!("--=b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n");
        for (name, kind, bytes) in files {
            let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
            let lines: Vec<_> =
                bytes.as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l)).collect();
            let _ = write!(
                body,
                "--=b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; \
                 filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                lines.join("\r\n")
            );
        }
        body.push_str("--=b--\r\n");
        self.typed("multipart/mixed; boundary=\"=b\"", &body)
    }

    /// As HTML, with parts that it shows: Content-ID, media type, name, bytes.
    pub(crate) fn html(self, html: &str, shown: &[(&str, &str, &str, &[u8])]) -> Self {
        use base64::Engine as _;
        let mut body = format!("--=r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n");
        for (cid, kind, name, bytes) in shown {
            let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
            let _ = write!(
                body,
                "--=r\r\nContent-Type: {kind}\r\nContent-ID: <{cid}>\r\nContent-Disposition: \
                 inline; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{bytes}\r\n"
            );
        }
        body.push_str("--=r--\r\n");
        self.typed("multipart/related; boundary=\"=r\"", &body)
    }

    /// Its Message-ID, with brackets.
    pub(crate) fn id(&self) -> String {
        let id = self.headers.iter().find(|(name, _)| name == "Message-ID");
        id.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// As it travels.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut raw = String::new();
        for (name, value) in &self.headers {
            let _ = write!(raw, "{name}: {value}\r\n");
        }
        let _ = write!(raw, "\r\n{}\r\n", self.body);
        raw.into_bytes()
    }
}

fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

type Change = Box<dyn FnOnce(&mut Config) + Send>;
type Before<O> = Box<dyn FnOnce(&O, &Jira) + Send>;

/// How the post office is set up.
pub(crate) struct PostSetup<O: Office = Jmap> {
    pub(crate) jira: JiraSetup,
    pub(crate) jmap: O::Setup,
    pub(crate) home: Option<Arc<Home>>,
    pub(crate) webhooks: bool,
    change: Vec<Change>,
    before: Vec<Before<O>>,
    wait: bool,
    movable_time: bool,
    jira_at: Option<url::Url>,
    redmine_at: Option<url::Url>,
    chat: Option<Arc<Mattermost>>,
}

impl Default for PostSetup {
    fn default() -> Self {
        Self::new()
    }
}

impl PostSetup<Graph> {
    /// With a mailbox of Microsoft 365, into which ticketd gets by its secret.
    pub(crate) fn graph() -> Self {
        Self::new()
    }

    /// Another tenant.
    pub(crate) fn tenant(mut self, setup: GraphSetup) -> Self {
        self.jmap = setup;
        self
    }

    /// Another configuration of `[mailbox.graph]`.
    pub(crate) fn office(self, change: impl FnOnce(&mut config::Graph) + Send + 'static) -> Self {
        self.mailbox(|mailbox| match &mut mailbox.source {
            config::MailSource::Graph(graph) => change(graph),
            config::MailSource::Jmap(_) => panic!("the mailbox is elsewhere"),
        })
    }
}

impl<O: Office> PostSetup<O> {
    fn new() -> Self {
        Self {
            jira: JiraSetup::default(),
            jmap: O::Setup::default(),
            home: None,
            webhooks: true,
            change: Vec::new(),
            before: Vec::new(),
            wait: true,
            movable_time: false,
            jira_at: None,
            redmine_at: None,
            chat: None,
        }
    }

    /// Lets [`TestApp::advance`] work.
    pub(crate) fn movable_time(mut self) -> Self {
        self.movable_time = true;
        self
    }
}

/// A ticketd with a mailbox, wherever that is, and a Jira.
pub(crate) struct Post<O = Jmap> {
    pub(crate) app: TestApp,
    pub(crate) jira: Jira,
    pub(crate) jmap: O,
    config: Kept,
}

/// What the configuration came to, for a start on the same store.
type Kept = Arc<Mutex<Option<Config>>>;

/// A ticketd that has ended; its store, its Jira and its mailbox go on.
pub(crate) struct Closed<O = Jmap> {
    pub(crate) home: Arc<Home>,
    pub(crate) jira: Jira,
    pub(crate) jmap: O,
    config: Kept,
}

impl<O: Office> PostSetup<O> {
    /// Another configuration.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        self.change.push(Box::new(change));
        self
    }

    /// Another configuration of the mailbox.
    pub(crate) fn mailbox(
        self,
        change: impl FnOnce(&mut config::Mailbox) + Send + 'static,
    ) -> Self {
        self.config(|config| change(&mut config.mailboxes[0]))
    }

    /// A Data Center, with its personal access token.
    pub(crate) fn data_center(mut self) -> Self {
        self.jira.flavour = Deployment::DataCenter;
        self.config(|config| config.jira.as_mut().unwrap().user = None)
    }

    /// Cloud or Data Center.
    pub(crate) fn flavour(self, flavour: Deployment) -> Self {
        if flavour == Deployment::DataCenter { self.data_center() } else { self }
    }

    /// Another configuration of Jira.
    pub(crate) fn tracker(self, change: impl FnOnce(&mut config::Jira) + Send + 'static) -> Self {
        self.config(|config| change(config.jira.as_mut().unwrap()))
    }

    /// What the stand-ins are before ticketd starts.
    pub(crate) fn before(mut self, prepare: impl FnOnce(&O, &Jira) + Send + 'static) -> Self {
        self.before.push(Box::new(prepare));
        self
    }

    /// Does not wait until the mailbox is read.
    pub(crate) fn at_once(mut self) -> Self {
        self.wait = false;
        self
    }

    pub(crate) async fn start(self) -> Post<O> {
        ticketd::prepare_process();
        let jira = Jira::start_with(self.jira.clone()).await.unwrap();
        let jmap = O::open(self.jmap.clone()).await;
        self.between(jira, jmap).await
    }

    /// Takes the place of a ticketd that ran: its store, its stand-ins.
    pub(crate) async fn after(mut self, post: Post<O>) -> Post<O> {
        let Closed { home, jira, jmap, .. } = post.close().await;
        self.home = Some(home);
        self.between(jira, jmap).await
    }

    /// With a Jira and a mailbox that are there already.
    pub(crate) async fn between(self, jira: Jira, jmap: O) -> Post<O> {
        let Self {
            home,
            webhooks,
            change: changes,
            before,
            wait,
            jira_at,
            redmine_at,
            movable_time,
            chat,
            ..
        } = self;
        for prepare in before {
            prepare(&jmap, &jira);
        }
        let (jira_url, source) = (jira_at.unwrap_or_else(|| jira.url()), jmap.source());
        let kept = Kept::default();
        let keep = kept.clone();
        let mut setup = Setup::new().config(move |config| {
            configure_with(config, &jira_url, source, webhooks);
            for change in changes {
                change(config);
            }
            *keep.lock().unwrap() = Some(config.clone());
        });
        if let Some(home) = home {
            setup = setup.home(home);
        }
        if let Some(url) = redmine_at {
            setup = setup.redmine(url);
        }
        if let Some(chat) = chat {
            setup = setup.mattermost(chat);
        }
        if movable_time {
            setup = setup.movable_time();
        }
        Post::running(setup, jira, jmap, kept, wait).await
    }

    /// A Redmine that runs already, in place of the stand-in.
    pub(crate) fn redmine_at(mut self, url: url::Url) -> Self {
        self.redmine_at = Some(url);
        self
    }

    /// With a Mattermost that outlives this ticketd.
    pub(crate) fn chat(mut self, mattermost: Arc<Mattermost>) -> Self {
        self.chat = Some(mattermost);
        self
    }

    /// Jira is reached at this address.
    pub(crate) fn jira_at(mut self, url: url::Url) -> Self {
        self.jira_at = Some(url);
        self
    }
}

impl<O: Office> Closed<O> {
    /// The same ticketd once more: the same store and the same configuration.
    pub(crate) async fn start(self) -> Post<O> {
        let Self { home, jira, jmap, config } = self;
        let before = config.lock().unwrap().clone().unwrap();
        let setup = Setup::new().home(home).config(move |config| {
            (config.http, config.jira) = (before.http, before.jira);
            config.redmine.filing = before.redmine.filing;
            config.mailboxes = before.mailboxes;
        });
        Post::running(setup, jira, jmap, config, true).await
    }
}

/// What a configuration needs for the mail road.
pub(crate) fn configure(config: &mut Config, jira: &url::Url, jmap: &url::Url, webhooks: bool) {
    configure_with(config, jira, super::office::jmap_source(jmap), webhooks);
}

fn configure_with(
    config: &mut Config,
    jira: &url::Url,
    source: config::MailSource,
    webhooks: bool,
) {
    config.jira = Some(config::Jira {
        url: jira.clone(),
        flavour: config::Flavour::Auto,
        user: Some(Jira::USER.to_owned()),
        api_token: Jira::API_TOKEN.into(),
        issue_type: "Task".to_owned(),
        labels: vec!["ticketd".to_owned()],
        categories: vec!["general".to_owned()],
        default_category: Some("general".to_owned()),
        boards: vec![config::Board { key: "support".into(), name: "Support".into() }],
        default_board: Some("support".to_owned()),
        webhook_secret: webhooks.then(|| HOOK_SECRET.into()),
        poll: Duration::from_millis(300),
        users: std::collections::BTreeMap::new(),
        index_lag: Duration::from_secs(2),
        writes_per_second: 1_000.try_into().unwrap(),
        reopen: None,
        resolve: None,
    });
    config.mailboxes = vec![config::Mailbox {
        name: "support".to_owned(),
        address: Jmap::ADDRESS.to_owned(),
        aliases: vec![],
        source,
        place: config::Place::Jira("support".to_owned()),
        category: None,
        channel: None,
        first_days: 0,
        poll: Duration::from_millis(300),
        filter: config::Filter {
            allowed_domains: vec![],
            blocked_senders: vec![],
            automatic: config::Automatic::Ignore,
            per_sender_per_hour: 1_000.try_into().unwrap(),
        },
        reply: config::Reply {
            enabled: true,
            locale: Locale::En,
            portal_url: None,
            template_file: None,
            per_address_per_day: 40.try_into().unwrap(),
        },
    }];
}

impl Post {
    pub(crate) async fn start() -> Self {
        PostSetup::default().start().await
    }
}

impl<O: Office> Post<O> {
    async fn running(setup: Setup, jira: Jira, jmap: O, config: Kept, wait: bool) -> Self {
        let before = jmap.reads();
        let app = setup.start().await;
        let kept = config.lock().unwrap().clone();
        if kept.and_then(|config| config.jira).is_some_and(|jira| jira.webhook_secret.is_some()) {
            let hook = format!("http://{}/hooks/jira", app.address);
            jira.webhook_to(hook.parse().unwrap(), HOOK_SECRET);
        }
        let post = Self { app, jira, jmap, config };
        if wait {
            // What comes from now on is news.
            post.until("the mailbox is read", || post.jmap.reads() > before).await;
        }
        post
    }

    /// Ends ticketd; Jira and the mailbox go on, and answer what is under way.
    pub(crate) async fn close(self) -> Closed<O> {
        let Self { app, jira, jmap, config } = self;
        let home = tokio::task::spawn_blocking(move || app.stop()).await.unwrap();
        Closed { home, jira, jmap, config }
    }

    /// Delivers a plain letter that becomes an issue.
    pub(crate) async fn issue_of(&self, letter: &Letter) -> IssueSnapshot {
        let count = self.living().len() + 1;
        self.deliver(letter);
        self.issues(count).await.pop().unwrap()
    }

    /// The calls to Jira whose `METHOD /path` contains this.
    pub(crate) fn asked(&self, text: &str) -> Vec<Call> {
        let calls = self.jira.ledger().into_iter();
        calls.filter(|call| format!("{} {}", call.method, call.target).contains(text)).collect()
    }

    /// Delivers a letter.
    pub(crate) fn deliver(&self, letter: &Letter) -> String {
        self.jmap.deliver(letter.raw())
    }

    /// Waits until there are so many issues, and a bit for one too many.
    pub(crate) async fn issues(&self, count: usize) -> Vec<IssueSnapshot> {
        self.until(&format!("{count} issues"), || self.living().len() >= count).await;
        self.settled().await;
        let issues = self.living();
        assert_eq!(
            issues.len(),
            count,
            "{:#?}",
            issues.iter().map(|i| &i.summary).collect::<Vec<_>>()
        );
        issues
    }

    /// Waits until the issue has so many comments, and a bit for one too many.
    pub(crate) async fn comments(&self, key: &str, count: usize) -> IssueSnapshot {
        let there = || self.jira.issue(key).map_or(0, |issue| issue.comments.len());
        self.until(&format!("{count} comments"), || there() >= count).await;
        self.settled().await;
        let issue = self.jira.issue(key).unwrap();
        assert_eq!(issue.comments.len(), count, "{:#?}", issue.comments);
        issue
    }

    /// Waits until so many mails went out, and a bit for one too many.
    pub(crate) async fn mails(&self, count: usize) -> Vec<Submission> {
        self.until(&format!("{count} mails"), || self.jmap.submissions().len() >= count).await;
        self.settled().await;
        let mails = self.jmap.submissions();
        let subjects: Vec<_> = mails.iter().map(|mail| &mail.subject).collect();
        assert_eq!(mails.len(), count, "{subjects:?}");
        mails
    }

    /// Issues that were not deleted.
    pub(crate) fn living(&self) -> Vec<IssueSnapshot> {
        self.jira.issues().into_iter().filter(|issue| !issue.deleted).collect()
    }

    /// A while in which what is too much would come.
    pub(crate) async fn settled(&self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    /// Waits for something that takes some steps.
    pub(crate) async fn until(&self, what: &str, there: impl Fn() -> bool) {
        self.until_within(LIMIT, what, there).await;
    }

    /// The same, of something that takes its time.
    pub(crate) async fn until_within(&self, limit: Duration, what: &str, there: impl Fn() -> bool) {
        let start = Instant::now();
        while !there() {
            assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
