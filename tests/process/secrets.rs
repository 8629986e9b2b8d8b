//! Planted secrets: whatever happens, none shows in the store, the logs, the numbers or an answer.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use ticketd::sandbox::{Fault, FaultRule, Mattermost, OpenedDialog, Redmine, SlashForm};
use tokio::io::AsyncWriteExt;

use crate::daemon::{Daemon, SOON, until};
use crate::site::{Ended, Launch, Site};

/// More than anybody reads: the crates that are kept down are let loose by name.
pub(crate) const LOUD: &str =
    "trace,hyper=trace,hyper_util=trace,reqwest=trace,rustls=trace,sled=trace";

/// Every secret with a word for what it is.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Makes up a secret of so many characters.
    pub(crate) fn plant(&mut self, what: &str, length: usize) -> String {
        let digest = Sha256::digest(format!("secret number {}", self.0.len()));
        let text = base16ct::lower::encode_string(&digest)[..length].to_owned();
        self.know(what, &text);
        text
    }

    /// The key of nobody, in the form of one.
    fn key(&mut self, what: &str) -> String {
        self.plant(what, 40)
    }

    pub(crate) fn know(&mut self, what: &str, text: &str) {
        self.0.push((what.to_owned(), text.to_owned()));
    }

    /// Fails if one of them stands in `bytes`, as it is, in hex or in base64.
    pub(crate) fn are_not_in(&self, place: &str, bytes: &[u8]) {
        use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
        for (what, secret) in &self.0 {
            let hex = base16ct::lower::encode_string(secret.as_bytes());
            // Without the last letters, which depend on what follows.
            let base64 = &BASE64_STANDARD_NO_PAD.encode(secret)[..secret.len()];
            for form in [secret.as_str(), hex.as_str(), base64] {
                if let Some(at) = bytes.windows(form.len()).position(|part| part == form.as_bytes())
                {
                    let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
                    panic!("{what} stands in {place}: {}", String::from_utf8_lossy(around));
                }
            }
        }
    }

    pub(crate) fn are_not_below(&self, directory: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.are_not_below(&path);
            } else {
                self.are_not_in(&path.display().to_string(), &std::fs::read(&path).unwrap());
            }
        }
    }
}

/// One daemon under talk, with all that it answers.
struct Talk<'a> {
    site: &'a Site,
    daemon: &'a Daemon,
    secrets: &'a mut Secrets,
    answers: String,
}

impl Talk<'_> {
    async fn send(&mut self, form: &SlashForm) {
        // The hook is worth five posts in the user's name.
        let hook = form.field("response_url").rsplit('/').next().unwrap().to_owned();
        self.secrets.know("a response hook", &hook);
        let answer = form.send(&self.daemon.url("slash/redmine")).await.unwrap();
        self.heard(&format!("{:?} {:?}", answer.headers, answer.body));
    }

    async fn say(&mut self, user: &str, text: &str) {
        let form = self.site.mattermost.slash(user, text);
        self.send(&form).await;
    }

    async fn raw(&mut self, bytes: &str) {
        let answer = self.daemon.raw(bytes).await;
        self.heard(&answer);
    }

    fn heard(&mut self, answer: &str) {
        self.answers.push_str(answer);
        self.answers.push('\n');
    }

    /// Keys in commands, right and wrong, while all is well and while Redmine is not.
    async fn commands(&mut self) {
        for (user, login) in [("alice", "alice"), ("bob", "bob"), ("carol", "bot")] {
            let key = Redmine::user_key(login);
            self.secrets.know("a key in use", key);
            self.say(user, &format!("login {login} {key}")).await;
            self.say(user, "me").await;
            self.say(user, "list").await;
        }
        let wrong = [
            "login alice {}",
            "login {}",
            "login alice {} again",
            "login {} alice",
            "lgoin alice {}",
            "logout {}",
            "me {}",
            "list mine closed {}",
            "projects 1 {}",
            "help {}",
            "login alice {}!",
            "login \u{1}alice {}",
            "LOGIN alice\n{}",
        ];
        for text in wrong {
            let key = self.secrets.key(text);
            self.say("alice", &text.replace("{}", &key)).await;
        }
        let faults = [
            Fault::Status(500),
            Fault::Status(401),
            Fault::Status(403),
            Fault::Status(429),
            Fault::HtmlOk,
            Fault::CutConnection,
            Fault::CutAfterCommit,
            Fault::Oversized,
            Fault::BrokenJson,
        ];
        for fault in faults {
            self.site.redmine.fault(FaultRule::from(fault));
            let key = self.secrets.key(&format!("a key in {fault:?}"));
            self.say("alice", &format!("login alice {key}")).await;
            self.say("bob", "me").await;
            self.say("bob", "create helpdesk something").await;
            self.site.redmine.clear_faults();
        }
        self.site.redmine.fault(FaultRule::from(Fault::Slow(Duration::from_millis(2_600))));
        let key = self.secrets.key("a key in a late answer");
        let before = self.site.mattermost.delayed().len();
        self.say("alice", &format!("login alice {key}")).await;
        self.site.redmine.clear_faults();
        until("the late answer", SOON, || self.site.mattermost.delayed().len() > before).await;
    }

    /// Keys in login forms, whose path and state are secrets themselves.
    async fn forms(&mut self) {
        self.say("alice", "login").await;
        let opened = self.site.mattermost.dialogs().pop().expect("a form was opened");
        let (_, path) = opened.url.rsplit_once('/').unwrap();
        self.secrets.know("a form's path", path);
        self.secrets.know("a form's state", opened.dialog["state"].as_str().unwrap());
        let mut form = OpenedDialog { url: self.daemon.url("").to_string(), ..opened.clone() };
        form.url = format!("{}slash/redmine/login/{path}", form.url);
        for end in ["", "", "!"] {
            let key = self.secrets.key("a key in a form") + end;
            let fields = json!({"login": "alice", "api_key": key});
            self.submit("alice", &form, &fields).await;
            self.submit("bob", &form, &fields).await;
        }
        let mut forged = form.clone();
        forged.dialog["state"] = self.secrets.key("a forged state").into();
        self.submit("alice", &forged, &json!({"login": "alice", "api_key": "x"})).await;
        let right = json!({"login": "alice", "api_key": Redmine::user_key("alice")});
        self.submit("alice", &form, &right).await;
        self.submit("alice", &form, &right).await;

        let key = self.secrets.key("a key in broken JSON");
        self.post(
            &format!("/slash/redmine/login/{path}"),
            "application/json",
            &format!("{{\"user_id\": \"{key}\", {key}"),
        )
        .await;
        let key = self.secrets.key("a key of another type");
        self.post(
            &format!("/slash/redmine/login/{path}"),
            "application/json",
            &format!("{{\"user_id\": [\"{key}\"]}}"),
        )
        .await;
        let guess = self.secrets.key("a guessed path");
        self.post(&format!("/slash/redmine/login/{guess}"), "application/json", "{}").await;
        self.site.mattermost.fault(FaultRule::from(Fault::Status(500)));
        self.say("alice", "login").await;
        self.site.mattermost.clear_faults();
    }

    async fn submit(&mut self, user: &str, form: &OpenedDialog, fields: &serde_json::Value) {
        let result = self.site.mattermost.submit_dialog(user, form, fields.clone()).await;
        self.heard(&format!("{result:?}"));
    }

    async fn post(&mut self, path: &str, kind: &str, body: &str) {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await;
    }

    /// Tokens in all places where they do not belong, and requests that break off.
    async fn requests(&mut self) {
        const FORM: &str = "application/x-www-form-urlencoded";
        for scheme in ["Token", "Bearer", "Basic", "token", ""] {
            let token = self.secrets.plant("a token in a header", 26);
            self.raw(&format!(
                "POST /slash/redmine HTTP/1.1\r\nHost: t\r\nContent-Type: {FORM}\r\n\
                 Authorization: {scheme} {token}\r\nCookie: token={token}\r\n\
                 Content-Length: 3\r\nConnection: close\r\n\r\na=b"
            ))
            .await;
        }
        let token = self.secrets.plant("a wrong token", 26);
        let mut form = self.site.mattermost.slash("alice", "me");
        form.fields
            .iter_mut()
            .filter(|(name, _)| name == "token")
            .for_each(|(_, value)| value.clone_from(&token));
        self.send(&form).await;

        let user = Mattermost::user_id("alice");
        let bodies = [
            "token={}&user_id=%FF",
            "token={}",
            "{}",
            "token={}&user_id=nobody",
            "user_id=%{}&token",
            "token={}&token={}&user_id=x",
        ];
        for body in bodies {
            let token = self.secrets.plant(body, 26);
            self.post("/slash/redmine", FORM, &body.replace("{}", &token)).await;
            self.post("/slash/redmine", "text/plain", &body.replace("{}", &token)).await;
            self.raw(&format!(
                "GET /slash/redmine?{} HTTP/1.0\r\n\r\n",
                body.replace("{}", &token)
            ))
            .await;
        }
        let right = Mattermost::slash_token("redmine");
        let key = self.secrets.key("a key in a query");
        let query = format!("token={right}&user_id={user}&text=login+alice+{key}");
        self.raw(&format!("GET /slash/redmine?{query} HTTP/1.0\r\n\r\n")).await;
        let key = self.secrets.key("a key in a path");
        self.raw(&format!("GET /{key}?api_key={key} HTTP/1.0\r\n\r\n")).await;
        let key = self.secrets.key("a method");
        self.raw(&format!("{key} /slash/redmine HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"))
            .await;
        let key = self.secrets.key("what is no HTTP");
        self.raw(&format!("token {key}\r\n\r\n")).await;
        let key = self.secrets.key("a key in a body too large");
        self.post("/slash/redmine", FORM, &format!("{key}{}", "x".repeat(70_000))).await;
        let key = self.secrets.key("a key in a body that breaks off");
        let mut stream = self.daemon.connect().await;
        let broken = format!(
            "POST /slash/redmine HTTP/1.1\r\nContent-Type: {FORM}\r\nContent-Length: 99\r\n\r\n{key}"
        );
        stream.write_all(broken.as_bytes()).await.unwrap();
        drop(stream);
    }

    /// A secret in place of another word stands in the answer, which is not looked at: only whoever
    /// typed it reads that.
    async fn echoes(&mut self) {
        for text in
            ["{}", "issue {}", "close {}", "comment {} text", "create {}! subject", "search {}"]
        {
            let key = self.secrets.key(text);
            self.daemon.say(self.site, "alice", &text.replace("{}", &key)).await;
        }
    }
}

fn daemon(site: &Site, format: &str, level: &str) -> Launch {
    site.daemon()
        .argument("--log-format")
        .argument(format)
        .with("TICKETD_LOG", level)
        .with("TICKETD_MATTERMOST__BOT_TOKEN", Mattermost::bot_token())
        .with("TICKETD_HTTP__PUBLIC_URL", "http://ticketd.test/")
        // Somewhere in the talk a session dies with a key in its hands.
        .with("TICKETD_FAILPOINTS", "redmine_session.run=panic*1")
}

async fn talk(format: &str, level: &str) {
    let site = Site::new().await;
    let mut secrets = Secrets::default();
    secrets.know("the master key", site.keys().trim());
    secrets.know("the bot's token", Mattermost::bot_token());
    secrets.know("a slash token", Mattermost::slash_token("redmine"));
    let running = daemon(&site, format, level).start().await;
    let mut talk =
        Talk { site: &site, daemon: &running, secrets: &mut secrets, answers: String::new() };
    talk.commands().await;
    talk.forms().await;
    talk.requests().await;
    talk.echoes().await;
    let answers = talk.answers;
    let rotated = site.ticketd(&["keys", "rotate"]).output().await;
    running.signal(rustix::process::Signal::HUP);
    running.logged("every row is sealed").await;
    secrets.know("the new master key", site.keys().lines().nth(1).unwrap());
    let numbers = [running.get("/metrics").await, running.get("/ready").await];
    let log = running.stop().await;

    assert!(secrets.0.len() >= 50, "only {} secrets", secrets.0.len());
    // The talk went where it should.
    for line in ["a panic", "a command failed", "ticketd has stopped"] {
        assert!(log.contains(line), "no {line:?} in {log}");
    }
    println!("{} secrets, {} bytes of log", secrets.0.len(), log.len());
    secrets.are_not_in("the log", log.as_bytes());
    secrets.are_not_in("/metrics", numbers[0].as_bytes());
    secrets.are_not_in("/ready", numbers[1].as_bytes());
    secrets.are_not_in("a command's output", format!("{rotated:?}").as_bytes());
    secrets.are_not_below(&site.store());
    secrets.are_not_in("an answer", answers.as_bytes());
}

#[test]
fn a_secret_is_found_in_whatever_form() {
    let mut secrets = Secrets::default();
    secrets.know("a key", "k4x9q7");
    for (text, found) in
        [("a k4x9q7 b", true), ("6b3478397137", true), ("k4x9q 7", false), ("azR4OXE3", true)]
    {
        let caught = std::panic::catch_unwind(|| secrets.are_not_in("a text", text.as_bytes()));
        assert_eq!(caught.is_err(), found, "{text}");
    }
}

#[tokio::test]
async fn none_shows_in_the_text_log() {
    talk("text", LOUD).await;
}

#[tokio::test]
async fn none_shows_in_the_json_log() {
    talk("json", LOUD).await;
}

/// Faults of a configuration name keys, sources and lines, and nothing that may be a secret.
#[tokio::test]
async fn none_shows_in_what_is_said_of_a_configuration() {
    let site = Site::new().await;
    let mut secrets = Secrets::default();
    let files = [
        "[mattermost]\nbot_token = {}\n",
        "[mattermost]\nbot_token = \"{}\n",
        "[mattermost]\nbot_token = \"{} {}\"\n",
        "[mattermost]\nbot_token = [\"{}\"]\n",
        "[mattermost]\nbot_tokn = \"{}\"\n",
        "[mattermost]\nbot_token_file = \"{}\"\n",
        "[mattermost]\nbot_token = \"{}\"\nbot_token_file = \"/nowhere\"\n",
        "[mattermost]\nurl = \"https://bot:{}@chat.example.org\"\n",
        "[redmine]\nurl = \"https://redmine.example.org/?key={}\"\n",
        "[redmine]\nslash_tokens = \"{}\"\n",
        "[redmine]\nslash_tokens = [\"{} {}\"]\n",
        "[redmine]\nslash_tokens = [\"{}\", 7]\n",
        "[store]\nmaster_key = \"{}\"\n",
        "[store]\nmaster_key_file = \"{}\"\n",
        "bot_token = \"{}\"\n",
    ];
    for file in files {
        let secret = secrets.key(file);
        std::fs::write(site.config_file(), file.replace("{}", &secret)).unwrap();
        for command in ["run", "check"] {
            let ended = site.ticketd(&[command]).output().await;
            assert_eq!(ended.code, Some(2), "{ended:?}");
            told_without(&secrets, file, &ended);
        }
    }
    let variables = [
        ("TICKETD_MATTERMOST__BOT_TOKEN", "{} {}"),
        ("TICKETD_REDMINE__SLASH_TOKENS", "{}{} x,y"),
        ("TICKETD_REDMINE__SLASH_TOKEN", "{}"),
        ("TICKETD_STORE__MASTER_KEY_FILE", "{}"),
    ];
    for (name, text) in variables {
        let secret = secrets.key(name);
        let ended = site.ticketd(&["run"]).with(name, text.replace("{}", &secret)).output().await;
        told_without(&secrets, name, &ended);
    }
}

fn told_without(secrets: &Secrets, place: &str, ended: &Ended) {
    assert!(!ended.stderr.is_empty(), "{place}");
    secrets.are_not_in(place, format!("{}{}", ended.stdout, ended.stderr).as_bytes());
}
