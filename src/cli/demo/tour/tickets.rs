//! How somebody asks for help through a form, or by an emoji, and how somebody else takes it up.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{LIMIT, Tour, chapter, comes, show};
use crate::{
    actors::{Question, Reply},
    cli::{Ending, desk, question::ask, tell},
    locale::Locale,
    model::effect::Stage,
    sandbox::{OpenedDialog, PostSnapshot, PressResult, SubmitResult},
};

impl Tour<'_> {
    pub(super) async fn tickets(&mut self) -> Result<(), Ending> {
        let (form, post) = self.a_form_becomes_a_ticket().await?;
        let name = named(&post);
        self.sent_in_again(&form, &name).await;
        self.somebody_takes_it(&post).await?;
        self.it_is_resolved(&post, &name).await?;
        let (reply, whole) = self.the_case(&name).await?;
        tell(&format!("\n$ ticketd desk show {name}"));
        desk::show(reply)?;
        self.mark("(one case, and all that was posted for it)", whole);
        self.a_post_becomes_an_issue().await?;
        Ok(())
    }

    async fn a_form_becomes_a_ticket(&mut self) -> anyhow::Result<(OpenedDialog, PostSnapshot)> {
        chapter("Alice asks for help through a form; it becomes a numbered ticket");
        self.commanded("alice", "/ticket The VPN is down", "ticket", &[]).await?;
        let form = self.stage.mattermost.dialogs().pop().context("no form was opened")?;
        let fields: Vec<_> = form.dialog["elements"].as_array().cloned().unwrap_or_default();
        let labels: Vec<_> =
            fields.iter().filter_map(|field| field["display_name"].as_str()).collect();
        let shown = format!("(a form opens: {}; what she typed stands in it)", labels.join(", "));
        let typed = fields.iter().any(|field| field["default"] == "The VPN is down");
        self.mark(&shown, typed && form.problems.is_empty());
        let submitted = self.stage.mattermost.submit_dialog("alice", &form, filled()).await;
        comes(|| !self.posts().is_empty()).await;
        let [post] = self.posts().try_into().ok().context("not one ticket was posted")?;
        tell("    … in ~support:");
        show(&post.message);
        show(&standing(&post));
        let name = named(&post);
        let fine = matches!(submitted, SubmitResult::Closed)
            && name.starts_with("Ticket-")
            && name.ends_with("-0001")
            && ["@alice", "Berlin", "vm-7"].iter().all(|fact| post.message.contains(fact));
        self.mark("(posted once, with the day's first number)", fine);
        self.delivered(3, &name).await;
        Ok((form, post))
    }

    async fn sent_in_again(&mut self, form: &OpenedDialog, name: &str) {
        tell("\n(alice's client sends the same form in again)");
        let again = self.stage.mattermost.submit_dialog("alice", form, filled()).await;
        let told = match &again {
            SubmitResult::Refused { error, .. } => error.clone(),
            SubmitResult::Closed | SubmitResult::Failed => String::new(),
        };
        show(&told);
        self.mark("(no second ticket)", told.contains(name) && self.posts().len() == 1);
    }

    async fn somebody_takes_it(&mut self, post: &PostSnapshot) -> anyhow::Result<()> {
        chapter("Bob takes it by its button, and resolves it");
        tell("\n(bob presses Take)");
        let pressed = self.stage.mattermost.press_button("bob", &post.id, "take").await;
        let quiet =
            matches!(pressed, PressResult::Done { ephemeral_text } if ephemeral_text.is_empty());
        comes(|| self.thread(post).len() == 1).await;
        let lines = self.thread(post);
        tell("    … in its thread:");
        show(&lines.join("\n"));
        let shown = self.as_it_stands(post)?;
        show(&shown);
        let said = lines.len() == 1 && lines.iter().all(|line| line.contains("@bob"));
        let state = self.sentence(Locale::En, "ticket-state-taken");
        let fine = quiet && said && shown.contains(&state) && shown.contains("@bob");
        self.mark("(the post shows it, the thread says who)", fine);
        Ok(())
    }

    async fn it_is_resolved(&mut self, post: &PostSnapshot, name: &str) -> anyhow::Result<()> {
        self.commanded("bob", &format!("/ticket resolve {name}"), "ticket", &[name]).await?;
        comes(|| self.thread(post).len() == 2).await;
        let shown = self.as_it_stands(post)?;
        show(&shown);
        let state = self.sentence(Locale::En, "ticket-state-resolved");
        let fine = self.thread(post).len() == 2 && shown.contains(&state);
        self.mark("(the post shows that, too)", fine);
        let nothing = self.sentence(Locale::En, "ticket-list-empty");
        self.commanded("alice", "/ticket list", "ticket", &[&nothing]).await
    }

    async fn a_post_becomes_an_issue(&mut self) -> anyhow::Result<()> {
        chapter("An emoji makes a ticket of what Carol wrote, and the ticket an issue in Jira");
        let (chat, jira) = (&self.stage.mattermost, &self.stage.jira);
        tell("\ncarol writes in ~support: The door is stuck");
        let original = chat.type_post("support", "carol", "", "The door is stuck");
        tell("(bob puts :ticket: under it)");
        chat.react("bob", &original, "ticket");
        comes(|| self.posts().len() == 2 && self.below(&original).len() == 1).await;
        let ticket = self.posts().pop().context("no ticket was posted")?;
        let issue = self.issue("The door is stuck").await?;
        show(&ticket.message);
        show(&format!("{}: {}", issue.key, issue.summary));
        let told = self.below(&original).concat();
        let fine = ticket.message.contains("The door is stuck") && told.contains(&named(&ticket));
        self.mark("(one ticket, one issue; the post's own thread says where)", fine);

        tell("\nalice writes in the ticket's thread: Have you tried to push?");
        chat.type_post("support", "alice", &ticket.id, "Have you tried to push?");
        let comment = self.comment(&issue.key, 1).await;
        self.mark("(a comment in Jira)", comment.contains("Have you tried to push?"));

        tell(&format!("\nBob comments {} in Jira: It says *pull*.", issue.key));
        jira.comment_as("bob", &issue.key, "It says *pull*.");
        let said = || self.below(&ticket.id).into_iter().find(|line| line.contains("pull"));
        let fine = comes(|| said().is_some()).await;
        show(&said().unwrap_or_default());
        self.mark("(a reply in the thread)", fine);
        Ok(())
    }

    /// The case of a ticket, once all that it asked for is done.
    async fn the_case(&self, name: &str) -> Result<(Reply, bool), Ending> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let reply = ask(&self.stage.config, Question::Show(name.to_owned()), |_| {}).await?;
            let done = matches!(&reply, Reply::Case { effects, .. } if {
                effects.len() == 5 && effects.iter().all(|effect| effect.stage == Stage::Done)
            });
            if done || Instant::now() > deadline {
                return Ok((reply, done));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The posts of tickets.
    fn posts(&self) -> Vec<PostSnapshot> {
        let mut posts = self.stage.mattermost.bot_posts();
        posts.retain(|post| post.props["is_ticket"] == json!(true));
        posts
    }

    /// The lines of a post's thread.
    fn thread(&self, root: &PostSnapshot) -> Vec<String> {
        self.below(&root.id)
    }

    fn below(&self, root: &str) -> Vec<String> {
        let posts = self.stage.mattermost.posts().into_iter();
        posts.filter(|post| post.root_id == root).map(|post| post.message).collect()
    }

    /// State, owner and times, as the post shows them by now.
    fn as_it_stands(&self, post: &PostSnapshot) -> anyhow::Result<String> {
        let now = self.posts().into_iter().find(|known| known.id == post.id);
        now.map(|post| standing(&post)).context("the ticket's post is gone")
    }
}

fn filled() -> Value {
    json!({"cluster": "Berlin", "resource": "vm-7", "problem": "The VPN is down", "network": null})
}

fn named(post: &PostSnapshot) -> String {
    post.props["ticket_id"].as_str().unwrap_or_default().to_owned()
}

fn standing(post: &PostSnapshot) -> String {
    post.props["attachments"][0]["text"].as_str().unwrap_or_default().to_owned()
}
