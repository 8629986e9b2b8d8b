//! What a person does in the chat, and reads there.

use std::time::Duration;

use fluent_bundle::FluentValue;
use serde_json::{Value, json};
use ticketd::locale::Locale;
use ticketd::sandbox::{Mattermost, OpenedDialog, Redmine, SlashForm, SubmitResult};
use tokio::time::Instant;

use super::wire::{self, Response};
use super::{PUBLIC_URL, TestApp, Version, requests};

/// How long a test waits for what should come at once.
const SOON: Duration = Duration::from_secs(10);

impl TestApp {
    /// Types `/redmine <text>`: what the person reads, which nobody else does.
    pub(crate) async fn slash(&self, user: &str, text: &str) -> String {
        self.send(&self.form(user, text)).await
    }

    /// What Mattermost would send for it.
    pub(crate) fn form(&self, user: &str, text: &str) -> SlashForm {
        self.mattermost.slash(user, &format!("/redmine {text}"))
    }

    /// Sends a slash request, perhaps a changed one: what the person reads.
    pub(crate) async fn send(&self, form: &SlashForm) -> String {
        read(&self.exchange(&self.bytes(form)).await)
    }

    /// The bytes of a slash request.
    pub(crate) fn bytes(&self, form: &SlashForm) -> Vec<u8> {
        if let Version::Recorded(version) = self.version {
            return requests(version)[0].with(form);
        }
        let url = format!("http://{}/slash/redmine", self.address).parse().unwrap();
        let headers =
            form.headers(&url).into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        format!("POST /slash/redmine HTTP/1.1\r\n{headers}\r\n{}", form.body()).into_bytes()
    }

    /// Sends bytes to ticketd.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Response {
        wire::exchange(self.address, bytes).await
    }

    /// `GET <path>`.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.exchange(&wire::request(&format!("GET {path}"), &[], b"")).await
    }

    /// Signs a person of the chat in as this user of Redmine.
    pub(crate) async fn sign_in(&self, user: &str, login: &str) {
        let key = Redmine::user_key(login);
        let text = self.slash(user, &format!("login {login} {key}")).await;
        let name = match login {
            "admin" => "Redmine Admin",
            "bot" => "Help Bot",
            "alice" => "Alice Archer",
            _ => "Bob Baker",
        };
        let args = [("name", name.into()), ("login", login.into())];
        assert_eq!(text, self.say(user, "redmine-logged-in", &args));
    }

    /// The sentence in this person's language.
    pub(crate) fn say(&self, user: &str, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let locale = match user {
            "bob" => Locale::Ko,
            "carol" => Locale::Fr,
            _ => Locale::En,
        };
        self.say_in(locale, key, args)
    }

    /// The sentence in a language.
    pub(crate) fn say_in(
        &self,
        locale: Locale,
        key: &str,
        args: &[(&str, FluentValue<'_>)],
    ) -> String {
        let text = self.texts.say(locale, key, args);
        assert!(!text.contains('{') && text != key, "{key}: {text}");
        text
    }

    /// The late answers, once there are that many; there must not be more a moment later.
    pub(crate) async fn late_answers(&self, count: usize) -> Vec<String> {
        eventually("late answers", || self.mattermost.delayed().len() >= count).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let arrived = self.mattermost.delayed();
        for one in &arrived {
            assert_eq!(one.answer["response_type"], json!("ephemeral"), "{one:?}");
            assert_eq!(one.answer["skip_slack_parsing"], json!(true), "{one:?}");
        }
        let texts: Vec<_> = arrived.iter().map(|one| one.text().to_owned()).collect();
        assert_eq!(texts.len(), count, "{texts:?}");
        texts
    }

    /// `/redmine login`: the dialog on this person's screen.
    pub(crate) async fn open_form(&self, user: &str) -> OpenedDialog {
        let text = self.slash(user, "login").await;
        assert_eq!(text, self.say(user, "redmine-form-opened", &[]));
        let mut dialog = self.mattermost.dialogs().pop().expect("a dialog");
        assert_eq!(dialog.user_id, Mattermost::user_id(user));
        assert_eq!(dialog.problems, Vec::<String>::new());
        // The proxy at the public address leads here.
        let path = dialog.url.strip_prefix(PUBLIC_URL).expect("the public address");
        dialog.url = format!("http://{}/{path}", self.address);
        dialog
    }

    /// Fills in a login form and sends it.
    pub(crate) async fn submit(
        &self,
        user: &str,
        dialog: &OpenedDialog,
        login: &str,
        key: &str,
    ) -> SubmitResult {
        let submission = json!({"login": login, "api_key": key});
        self.mattermost.submit_dialog(user, dialog, submission).await
    }

    /// The words under a form that stays open.
    pub(crate) fn refused(&self, user: &str, key: &str) -> SubmitResult {
        SubmitResult::Refused { error: self.say(user, key, &[]), errors: [].into() }
    }
}

/// What Mattermost shows of an answer to a slash command.
pub(crate) fn read(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    let mut body = answer.json();
    assert_eq!(body["response_type"], json!("ephemeral"));
    assert_eq!(body["skip_slack_parsing"], json!(true));
    let Value::String(text) = body["text"].take() else { panic!("no text: {answer:?}") };
    assert!(!text.is_empty() && text.chars().count() <= 16_383, "{text}");
    text
}

/// Waits for what should come at once.
pub(crate) async fn eventually(what: &str, there: impl Fn() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < SOON, "{what}: not within {SOON:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
