//! A ticketd with `/ticket`, which Mattermost reaches at its own address: forms come back to it and
//! buttons lead to it, also after a restart.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::{Value, json};
use ticketd::config::{self, Config};
use ticketd::sandbox::{
    Mattermost, OpenedDialog, PostSnapshot, PressResult, SlashForm, SubmitResult,
};
use url::Url;

use super::chat::read;
use super::wire::{self, Response};
use super::{Setup, TestApp, eventually};

/// Where a ticketd of a test listens, now and after a restart.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The usual form, in the channel where it is asked for.
pub(crate) fn tickets(address: SocketAddr) -> Setup {
    Setup::new().config(move |config| with_tickets(config, address))
}

/// Gives a configuration `/ticket`.
pub(crate) fn with_tickets(config: &mut Config, address: SocketAddr) {
    config.http.listen = address;
    config.http.public_url = Some(format!("http://{address}/").parse().unwrap());
    config.ticket = Some(config::Ticket {
        slash_tokens: vec![Mattermost::slash_token("/ticket").into()],
        prefix: "Ticket".to_owned(),
        time_zone: jiff::tz::TimeZone::UTC,
        forms: vec![form("", None, Vec::new())],
    });
}

/// A form of these fields, for this channel.
pub(crate) fn form(name: &str, channel: Option<&str>, fields: Vec<config::Field>) -> config::Form {
    config::Form {
        name: name.to_owned(),
        title: None,
        channel: channel.map(str::to_owned),
        place: None,
        emoji: None,
        fields,
    }
}

/// A field that must be filled in, labelled by its name.
pub(crate) fn field(name: &str, kind: config::FieldKind) -> config::Field {
    config::Field {
        name: name.to_owned(),
        label: name.to_owned(),
        kind,
        optional: false,
        help: None,
        placeholder: None,
        default: None,
    }
}

/// What only the presser reads.
pub(crate) fn told(result: PressResult) -> String {
    match result {
        PressResult::Done { ephemeral_text } => ephemeral_text,
        other => panic!("{other:?}"),
    }
}

/// A ticket's name, as its post says it.
pub(crate) fn name_of(post: &PostSnapshot) -> String {
    post.props["ticket_id"].as_str().unwrap().to_owned()
}

/// A ticket's number, as commands take it.
pub(crate) fn number_of(post: &PostSnapshot) -> String {
    name_of(post).strip_prefix("Ticket-").unwrap().to_owned()
}

/// What fills the usual form.
pub(crate) fn filled(problem: &str) -> Value {
    json!({"cluster": "Berlin", "resource": "vm-7", "problem": problem, "network": null})
}

impl TestApp {
    /// Types `/ticket <text>` in `support`: what the person reads, empty for nothing.
    pub(crate) async fn ticket(&self, user: &str, text: &str) -> String {
        self.ticket_in("support", user, text).await
    }

    /// The same in another channel.
    pub(crate) async fn ticket_in(&self, channel: &str, user: &str, text: &str) -> String {
        self.send_ticket(&self.mattermost.slash_in(channel, user, &format!("/ticket {text}"))).await
    }

    /// Sends a `/ticket`, perhaps a changed one: what the person reads, empty for nothing.
    pub(crate) async fn send_ticket(&self, form: &SlashForm) -> String {
        let url = format!("http://{}/ticket", self.address).parse().unwrap();
        let headers =
            form.headers(&url).into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let bytes = format!("POST /ticket HTTP/1.1\r\n{headers}\r\n{}", form.body());
        let answer = wire::exchange(self.address, bytes.as_bytes()).await;
        if answer.json()["text"] == json!("") { String::new() } else { read(&answer) }
    }

    /// `/ticket <text>` in `support`: the form on this person's screen.
    pub(crate) async fn open_ticket_form(&self, user: &str, text: &str) -> OpenedDialog {
        self.form_in("support", user, text).await
    }

    /// Fills in the usual form: the ticket's post.
    pub(crate) async fn new_ticket(&self, user: &str, problem: &str) -> PostSnapshot {
        let form = self.open_ticket_form(user, "").await;
        let before = self.ticket_posts().len();
        let result = self.mattermost.submit_dialog(user, &form, filled(problem)).await;
        assert_eq!(result, SubmitResult::Closed);
        eventually("the ticket's post", || self.ticket_posts().len() > before).await;
        self.ticket_posts().pop().unwrap()
    }

    /// `/ticket <text>` in a channel: the form on this person's screen.
    pub(crate) async fn form_in(&self, channel: &str, user: &str, text: &str) -> OpenedDialog {
        let before = self.mattermost.dialogs().len();
        assert_eq!(self.ticket_in(channel, user, text).await, "");
        let dialogs = self.mattermost.dialogs();
        assert_eq!(dialogs.len(), before + 1);
        let dialog = dialogs.last().unwrap().clone();
        assert_eq!(dialog.problems, Vec::<String>::new());
        dialog
    }

    /// Lets time pass, also by the calendar, when nothing is under way: what is would be out of
    /// time.
    pub(crate) async fn pass(&self, by: Duration) {
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.days_go_by(by).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    /// Lets time pass by half minutes until something is there.
    pub(crate) async fn pass_until(&self, what: &str, there: impl Fn() -> bool) {
        for _ in 0..20 {
            self.pass(Duration::from_secs(30)).await;
            if there() {
                return;
            }
        }
        panic!("{what}: not within ten minutes");
    }

    /// Sends in a form.
    pub(crate) async fn fill(&self, user: &str, form: &OpenedDialog, with: Value) -> SubmitResult {
        self.mattermost.submit_dialog(user, form, with).await
    }

    /// The words above a form that stays open.
    pub(crate) fn kept(
        &self,
        user: &str,
        key: &str,
        args: &[(&str, fluent_bundle::FluentValue<'_>)],
    ) -> SubmitResult {
        SubmitResult::Refused { error: self.say(user, key, args), errors: [].into() }
    }

    /// The words at one field of a form that stays open.
    pub(crate) fn kept_at(&self, user: &str, field: &str, key: &str) -> SubmitResult {
        let errors = [(field.to_owned(), self.say(user, key, &[]))].into();
        SubmitResult::Refused { error: String::new(), errors }
    }

    /// Posts JSON to where a form or a button leads, as anybody can who knows the address.
    pub(crate) async fn post_json(&self, url: &str, body: &Value) -> Response {
        let url: Url = url.parse().unwrap();
        let line = format!("POST {}", url.path());
        let kind = [("Content-Type", "application/json")];
        self.exchange(&wire::request(&line, &kind, body.to_string().as_bytes())).await
    }

    /// How often something was done with tickets, as `/metrics` counts it.
    pub(crate) async fn counted(&self, event: &str, outcome: &str) -> u64 {
        let numbers = self.get("/metrics").await.body;
        let name = format!("ticketd_tickets_total{{event=\"{event}\",outcome=\"{outcome}\"}} ");
        let found = numbers.lines().find_map(|line| line.strip_prefix(&name));
        found.map_or(0, |count| count.parse().unwrap())
    }

    /// The posts of tickets, oldest first.
    pub(crate) fn ticket_posts(&self) -> Vec<PostSnapshot> {
        let mut posts = self.mattermost.bot_posts();
        posts.retain(|post| post.props["is_ticket"] == json!(true));
        posts
    }

    /// The lines of a post's thread.
    pub(crate) fn thread(&self, root: &PostSnapshot) -> Vec<String> {
        let posts = self.mattermost.posts().into_iter();
        posts.filter(|post| post.root_id == root.id).map(|post| post.message).collect()
    }
}
