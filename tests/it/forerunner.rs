//! What the bot before ticketd got wrong, each fault a test.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secrecy::SecretString;
use ticketd::config::Config;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, Redmine};
use ticketd::store::Keyring;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{Setup, TestApp, flows, wire};

#[tokio::test]
async fn an_empty_slash_token_opens_nothing() {
    for tokens in ["", ",", "short"] {
        let env = [
            ("TICKETD_STORE__MASTER_KEY", &*"0".repeat(64)),
            ("TICKETD_REDMINE__SLASH_TOKENS", tokens),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let nowhere = tempfile::NamedTempFile::new().unwrap();
        let faults = Config::load(Some(nowhere.path()), env).unwrap_err().to_string();
        assert!(faults.contains("redmine.slash_tokens"), "{tokens:?}: {faults}");
    }
    let app = Setup::new().config(|config| config.redmine.slash_tokens.clear()).start().await;
    let mut form = app.form("alice", "help");
    for token in ["", Mattermost::slash_token("/redmine")] {
        for (name, value) in &mut form.fields {
            if name == "token" {
                token.clone_into(value);
            }
        }
        assert_eq!(app.exchange(&app.bytes(&form)).await.status, 401);
    }
}

#[tokio::test]
async fn a_key_stands_in_no_url_and_in_no_log() {
    let log = Log::default();
    let everything = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // Of the whole process: also what other tests log at this time must be free of keys.
    tracing::subscriber::set_global_default(everything).unwrap();
    let app = TestApp::start().await;
    flows::signing_in(&app).await;
    let dialog = app.open_form("alice").await;
    app.submit("alice", &dialog, "alice", Redmine::user_key("alice")).await;
    app.late_answers(1).await;
    let query = app.form("alice", &format!("login alice {}", Redmine::user_key("alice"))).body();
    assert_eq!(app.get(&format!("/slash/redmine?{query}")).await.status, 200);
    for text in
        ["me", "list", "issue 1", "create helpdesk x", "comment 1 x", "close 1", "search re"]
    {
        app.slash("alice", text).await;
    }
    for fault in [Fault::Status(500), Fault::HtmlOk, Fault::BrokenJson, Fault::CutConnection] {
        app.redmine().fault(FaultRule::from(fault).times(2));
        app.slash("alice", "me").await;
    }
    for call in app.calls() {
        assert!(!call.key_in_query && !call.target.contains("a1a1a1a1"), "{call:?}");
    }
    app.stop();
    let log = log.text();
    assert!(log.contains("ticketd is ready") && log.contains("ticketd.http"), "it was written");
    for secret in [
        Redmine::user_key("alice"),
        Redmine::user_key("bob"),
        Mattermost::bot_token(),
        Mattermost::slash_token("/redmine"),
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

#[tokio::test]
async fn a_login_hangs_on_the_user_id_and_not_on_the_name() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    let as_somebody = |id: &str, name: &str| {
        let mut form = app.form("alice", "me");
        for (field, value) in &mut form.fields {
            match field.as_str() {
                "user_id" => id.clone_into(value),
                "user_name" => name.clone_into(value),
                _ => {}
            }
        }
        form
    };
    // Alice left, and somebody new took the name.
    let successor = as_somebody(&"z".repeat(26), "alice");
    assert_eq!(app.send(&successor).await, app.say("alice", "redmine-no-login", &[]));
    // Alice married.
    let renamed = as_somebody(Mattermost::user_id("alice"), "alice.example");
    assert!(app.send(&renamed).await.contains("Alice Archer"));
}

#[tokio::test]
async fn hung_calls_and_half_sent_bodies_freeze_nobody() {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    let mut half_sent = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let kind =
            [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "900")];
        let mut bytes = wire::request("POST /slash/redmine", &kind, b"");
        bytes.extend(b"user_id=x57qoutf8pg8");
        stream.write_all(&bytes).await.unwrap();
        half_sent.push(stream);
    }
    app.redmine().fault(FaultRule::from(Fault::Hang).times(3));
    let hung = join_all((0..3).map(|_| app.slash("alice", "me")));
    let (hung, ()) = tokio::join!(hung, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(app.get("/health").await.status, 200);
            assert!(app.slash("bob", "me").await.contains("Bob Baker"));
            assert!(app.slash("alice", "me").await.contains("Alice Archer"), "she too goes on");
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    });
    let follows = app.say("alice", "answer-follows", &[]);
    assert!(hung.iter().all(|text| *text == follows), "{hung:?}");
    drop(half_sent);
}

#[tokio::test]
async fn a_half_sent_body_is_given_up() {
    let app = Setup::new().movable_time().start().await;
    let kind = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "900")];
    let bytes = wire::request("POST /slash/redmine", &kind, b"");
    let (answer, ()) = tokio::join!(app.exchange(&bytes), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        app.advance(Duration::from_secs(11)).await;
    });
    assert_eq!((answer.status, &*answer.code()), (408, "timeout"));
}

#[tokio::test]
async fn a_page_of_html_is_never_shown_and_is_no_login() {
    let app = TestApp::start().await;
    app.redmine().fault(Fault::HtmlOk);
    app.slash("alice", &format!("login alice {}", Redmine::user_key("alice"))).await;
    app.redmine().clear_faults();
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-no-login", &[]));
    app.sign_in("alice", "alice").await;
    for fault in [Fault::HtmlOk, Fault::Status(500), Fault::Status(404), Fault::Status(422)] {
        app.redmine().fault(fault);
        for text in ["me", "list", "issue 1", "create helpdesk x", "comment 1 x", "close 1"] {
            let text = app.slash("alice", text).await;
            assert!(!text.contains('<') && !text.contains("Sign in to go on"), "{fault:?}: {text}");
        }
        app.redmine().clear_faults();
    }
}

#[tokio::test]
async fn an_issue_number_is_no_path() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    let before = app.calls().len();
    for id in ["1/../../projects/1", "1%2F..%2Fprojects%2F1", "1.json?x=", "1#", "../1", "１"] {
        for command in ["close", "issue", "comment"] {
            let typed = format!("{command} {id} {}", if command == "comment" { "x" } else { "" });
            let text = app.slash("alice", &typed).await;
            let sentence = app.say("alice", "redmine-bad-issue", &[("word", id.into())]);
            assert_eq!(text, sentence);
        }
    }
    assert_eq!(app.calls().len(), before);
}

#[tokio::test]
async fn a_changed_master_key_is_refused_at_the_start_and_costs_nobody_the_login() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    let home = app.stop();
    let other = Keyring::generate();
    let key: SecretString = other.current_line();
    let changed = Setup::new().home(home.clone()).config(move |config| {
        config.store.master_key = key;
    });
    let sentence = changed.try_start().await.map(drop).unwrap_err();
    let named = Keyring::parse(&home.key).unwrap().current_id().to_string();
    assert!(sentence.contains("the master key does not open this store"), "{sentence}");
    assert!(sentence.contains(&format!("put key {named} into store.master_key")), "{sentence}");

    let app = Setup::new().home(home).start().await;
    assert!(app.slash("alice", "me").await.contains("Alice Archer"));
    assert_eq!(app.slash("alice", "logout").await, app.say("alice", "redmine-logged-out", &[]));
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
