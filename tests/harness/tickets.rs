//! A ticketd with `/ticket`, which Mattermost reaches at its own address: forms come back to it and
//! buttons lead to it, also after a restart.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::{Value, json};
use ticketd::config::{self, Config};
use ticketd::sandbox::{Mattermost, OpenedDialog, PostSnapshot, SubmitResult};

use super::chat::read;
use super::{Setup, TestApp, eventually, wire};

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
        forms: vec![config::Form {
            name: String::new(),
            title: None,
            channel: None,
            board: None,
            fields: Vec::new(),
        }],
    });
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
        let form = self.mattermost.slash_in(channel, user, &format!("/ticket {text}"));
        let url = format!("http://{}/ticket", self.address).parse().unwrap();
        let headers =
            form.headers(&url).into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let bytes = format!("POST /ticket HTTP/1.1\r\n{headers}\r\n{}", form.body());
        let answer = wire::exchange(self.address, bytes.as_bytes()).await;
        if answer.json()["text"] == json!("") { String::new() } else { read(&answer) }
    }

    /// `/ticket <text>`: the form on this person's screen.
    pub(crate) async fn open_ticket_form(&self, user: &str, text: &str) -> OpenedDialog {
        let before = self.mattermost.dialogs().len();
        assert_eq!(self.ticket(user, text).await, "");
        let dialogs = self.mattermost.dialogs();
        assert_eq!(dialogs.len(), before + 1);
        let dialog = dialogs.last().unwrap().clone();
        assert_eq!(dialog.problems, Vec::<String>::new());
        dialog
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
