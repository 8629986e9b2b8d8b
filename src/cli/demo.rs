//! `ticketd demo`: the daemon on loopback, between a mailbox (JMAP or Microsoft 365), a Mattermost, a
//! Redmine and a Jira that are built in.
//!
//! Needs no set-up and no rights, and leaves nothing behind: its store is in a temporary directory
//! that goes with it. With `--once` its exit code says whether every step of the tour was answered
//! as it should be.

mod stage;
mod tour;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Ending, Outcome, tell};
use crate::{app::App, lifecycle::Shutdown, sandbox};

use stage::{Provider, Stage};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the tour; exit 0 only if every step was answered as it should be
    #[arg(long)]
    once: bool,
    /// Where the mailbox is
    #[arg(long, value_enum, default_value_t)]
    mailbox: Provider,
}

impl Demo {
    pub(super) async fn run(self) -> Outcome {
        // Before anything is made: from here on a signal is an orderly end, which removes it all.
        let shutdown = Shutdown::on_signals()?;
        let stage = Stage::set(self.mailbox).await?;
        let app = App::start(stage.config.clone()).await?;
        let daemon = tokio::spawn(app.run(shutdown.clone()));
        tell(&format!("ticketd      {}", stage.url));
        let (office, title) = (stage.office.url(), stage.office.title());
        tell(&format!("Mailbox      {office} (built in, {title})"));
        tell(&format!("Jira         {} (built in)", stage.jira.url()));
        tell(&format!("Redmine      {} (built in)", stage.redmine.url()));
        tell(&format!("Mattermost   {} (built in)", stage.mattermost.url()));
        let toured = tokio::select! {
            () = shutdown.soft.cancelled() => None,
            walked = tour::walk(&stage) => Some(walked),
        };
        // A tour that met the closing door is no failed one.
        let toured = toured.filter(|_| !shutdown.soft.is_cancelled());
        if let (Some(Ok(walked)), false) = (&toured, self.once) {
            try_it(&stage, &walked.token);
            shutdown.soft.cancelled().await;
        }
        shutdown.soft.cancel();
        let stopped = daemon.await;
        let Some(walked) = toured else { return Err(Ending::Interrupted) };
        let missed = walked?.missed;
        stopped??;
        if missed > 0 {
            return Err(
                anyhow::anyhow!("{missed} steps were not answered as they should be").into()
            );
        }
        Ok(())
    }
}

fn try_it(stage: &Stage, api_token: &SecretString) {
    let alice = sandbox::Mattermost::user_id("alice");
    let token = sandbox::Mattermost::slash_token("/redmine");
    tell("\n== Try it yourself, while this runs");
    tell("\nA command, as Mattermost would send it:\n");
    tell(&format!(
        "  curl -H 'Authorization: Token {token}' -d user_id={alice} \\\n       \
         --data-urlencode 'text=list helpdesk' {}slash/redmine",
        stage.url
    ));
    tell(&format!(
        "\n(alice is signed out by now; in for text= also: login alice {})",
        sandbox::Redmine::user_key("alice")
    ));
    tell("\nTickets, the same way (a form opens in a real Mattermost only):\n");
    let token = sandbox::Mattermost::slash_token("/ticket");
    let channel = sandbox::Mattermost::channel_id("support");
    let team = sandbox::Mattermost::TEAM;
    tell(&format!(
        "  curl -H 'Authorization: Token {token}' -d user_id={alice} -d team_id={team} \\\n       \
         -d channel_id={channel} -d text=mine {}ticket",
        stage.url
    ));
    let (context, token) = (&stage.config.http.context, api_token.expose_secret());
    let api = format!("{}{}", stage.url, context.trim_start_matches('/'));
    tell("\nTickets over the API; a page to try it all is at");
    tell(&format!("{api}/docs\n"));
    tell(&format!("  curl -H 'Authorization: Bearer {token}' {api}/tickets/"));
    tell("\nA mail, put into the mailbox:\n");
    tell(&stage.office.a_mail());
    tell("\nWhat became of it, as an operator asks:\n");
    let program =
        std::env::current_exe().map_or("ticketd".into(), |path| path.display().to_string());
    tell(&format!("  {program} --config {} desk list", stage.file.display()));
    tell("\n(and: desk show 1, desk list --ignored, mailbox list, mailbox sweep --days 1)");
    tell(&format!("Also there: {0}ready and {0}metrics. Ctrl-C stops everything.", stage.url));
}
