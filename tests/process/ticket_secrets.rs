//! Planted secrets of `/ticket`: what people write in forms, the state and the path of a form, the
//! signature and the path of a button. None shows in the logs, the numbers or an error.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::json;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, OpenedDialog, SlashForm};
use url::Url;

use crate::daemon::{Daemon, SOON, until};
use crate::secrets::{LOUD, Secrets};
use crate::site::Site;

/// A ticketd under talk.
struct Talk<'a> {
    site: &'a Site,
    daemon: &'a Daemon,
    secrets: &'a mut Secrets,
}

impl Talk<'_> {
    async fn send(&mut self, form: &SlashForm) {
        let hook = form.field("response_url").rsplit('/').next().unwrap().to_owned();
        self.secrets.know("a response hook", &hook);
        form.send(&self.daemon.url("ticket")).await.unwrap();
    }

    async fn types(&mut self, user: &str, text: &str) {
        let form = self.site.mattermost.slash(user, &format!("/ticket {text}"));
        self.send(&form).await;
    }

    /// Opens a form with a secret in it.
    async fn form(&mut self) -> OpenedDialog {
        let typed = self.secrets.plant("a text behind the command", 40);
        self.types("alice", &typed).await;
        let form = self.site.mattermost.dialogs().pop().unwrap();
        let state = form.dialog["state"].as_str().unwrap().to_owned();
        let (payload, signature) = state.split_once('.').unwrap();
        self.secrets.know("a form's state", payload);
        self.secrets.know("a state's signature", signature);
        self.knows_path("a form's path", &form.url);
        form
    }

    fn knows_path(&mut self, what: &str, url: &str) {
        self.secrets.know(what, url.rsplit('/').next().unwrap());
    }

    async fn submits(&mut self, user: &str, form: &OpenedDialog) {
        let [one, two, three] =
            ["a line", "a text", "a last text"].map(|what| self.secrets.plant(what, 40));
        let with = json!({"cluster": one, "resource": "vm-7", "problem": two, "network": three});
        self.site.mattermost.submit_dialog(user, form, with).await;
    }

    /// What is posted where a form or a button leads, and can be no answer to it.
    async fn posts(&mut self, url: &str) {
        let path = Url::parse(url).unwrap().path().to_owned();
        for body in ["{\"state\": [\"{}\"]}", "{\"state\": \"{}\", {}", "\"{}\"", "{}"] {
            let secret = self.secrets.plant("a body that is none", 40);
            let body = body.replace("{}", &secret);
            let length = body.len();
            self.daemon
                .raw(&format!(
                    "POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                ))
                .await;
        }
    }

    async fn talks(&mut self) {
        let mattermost = &self.site.mattermost;
        let form = self.form().await;
        self.submits("bob", &form).await;
        let mut forged = form.clone();
        forged.dialog["state"] = self.secrets.plant("a forged state", 40).into();
        self.submits("alice", &forged).await;
        self.submits("alice", &form).await;
        self.submits("alice", &form).await;
        let url = form.url.clone();
        self.posts(&url).await;
        until("the post", SOON, || !mattermost.bot_posts().is_empty()).await;
        let post = mattermost.bot_posts().remove(0);
        for action in post.props["attachments"][0]["actions"].as_array().unwrap() {
            let signature = action["integration"]["context"]["signature"].as_str().unwrap();
            self.secrets.know("a button's signature", signature);
        }
        let url = post.props["attachments"][0]["actions"][0]["integration"]["url"].clone();
        let url = url.as_str().unwrap();
        self.knows_path("the buttons' path", url);
        self.posts(url).await;
        mattermost.press_button("bob", &post.id, "take").await;
        let chosen = self.secrets.plant("an option that is none", 40);
        mattermost.choose("bob", &post.id, "priority", &chosen).await;
        let secret = self.secrets.plant("nobody", 40);
        self.types("alice", &format!("assign 20261122-0001 @{secret}")).await;
        for fault in [Fault::Status(500), Fault::Status(403), Fault::HtmlOk, Fault::CutAfterCommit]
        {
            let form = self.form().await;
            mattermost.fault(FaultRule::from(fault));
            self.submits("alice", &form).await;
            self.types("alice", "list").await;
            mattermost.clear_faults();
        }
    }
}

#[tokio::test]
async fn none_of_a_ticket_shows_in_a_log() {
    for format in ["text", "json"] {
        let site = Site::new().await;
        let mut secrets = Secrets::default();
        secrets.know("the bot's token", Mattermost::bot_token());
        secrets.know("a slash token", Mattermost::slash_token("/ticket"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let launch = site
            .daemon()
            .argument("--log-format")
            .argument(format)
            .with("TICKETD_LOG", LOUD)
            .with("TICKETD_HTTP__LISTEN", &address)
            .with("TICKETD_HTTP__PUBLIC_URL", format!("http://{address}/"))
            .with("TICKETD_MATTERMOST__BOT_TOKEN", Mattermost::bot_token())
            .with("TICKETD_TICKET__SLASH_TOKENS", Mattermost::slash_token("/ticket"));
        let running = launch.start().await;
        Talk { site: &site, daemon: &running, secrets: &mut secrets }.talks().await;
        let numbers = [running.get("/metrics").await, running.get("/ready").await];
        let log = running.stop().await;
        // The talk went where it should.
        for line in ["a ticket's form was refused", "a button was pressed", "it may have worked"] {
            assert!(log.contains(line), "no {line:?} in {log}");
        }
        secrets.are_not_in("the log", log.as_bytes());
        secrets.are_not_in("/metrics", numbers[0].as_bytes());
        secrets.are_not_in("/ready", numbers[1].as_bytes());
        secrets.are_not_below(&site.store());
    }
}
