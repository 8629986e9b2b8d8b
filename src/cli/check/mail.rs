//! The mail road's part of `ticketd check`: Jira, its boards, and each mailbox. Jira is asked with
//! our credentials once; where it refuses them, nothing more is asked of it.

mod office;

use super::Finding;
use crate::{
    app,
    clients::{ApiError, JiraClient, JmapClient},
    config::{self, Config},
    telemetry::Metrics,
};

/// What a mail cannot become an issue without.
const NEEDED: [&str; 3] = ["CREATE_ISSUES", "ADD_COMMENTS", "CREATE_ATTACHMENTS"];

/// Checks what is configured of it; `row` takes each finding.
pub(super) async fn check(
    config: &Config,
    row: &mut impl FnMut(&str, Finding),
) -> anyhow::Result<()> {
    let metrics = Metrics::new();
    if let Some(jira) = &config.jira {
        let client = app::jira_client(jira, &metrics)?;
        let signed_in = signed_in(&client, jira).await;
        let works = signed_in.is_ok();
        row("jira", signed_in.into());
        if works {
            for one in &jira.boards {
                row(&format!("jira board {}", one.key), board(&client, one).await);
            }
        }
        row("jira.webhook_secret", webhooks(config, jira));
    }
    for one in &config.mailboxes {
        let told = format!("mailbox {}", one.name);
        match &one.source {
            config::MailSource::Jmap(jmap) => {
                let source = app::jmap_client(jmap, &metrics)?;
                row(&told, mailbox(&source, jmap, one, config).await.into());
            }
            config::MailSource::Graph(graph) => {
                row(&told, office::sign_in(one, graph, config).await);
                row(&format!("{told} webhooks"), office::webhooks(one, graph, config));
            }
        }
        if let Some(file) = &one.reply.template_file {
            let read = app::template(file).map(|_| format!("{} is a template", file.display()));
            let told = read
                .map_err(|fault| format!("{fault:#} (mailbox[{}].reply.template_file)", one.name));
            row(&format!("mailbox {} template", one.name), told.into());
        }
    }
    Ok(())
}

async fn signed_in(client: &JiraClient, jira: &config::Jira) -> Result<String, String> {
    let url = &jira.url;
    match client.myself().await {
        Ok(us) => Ok(format!("signed in at {url} as {}", us.display_name)),
        Err(ApiError::Unauthorized { .. }) => Err(match jira.user {
            Some(_) => "jira.user and jira.api_token are not accepted: make a new token of that \
                        account (Atlassian account, Security, API tokens)"
                .to_owned(),
            None => "jira.api_token is not accepted as a personal access token: make a new one \
                     (Profile, Personal Access Tokens), or set jira.user if this is Cloud"
                .to_owned(),
        }),
        Err(ApiError::NotFound { .. } | ApiError::Malformed { .. }) => Err(format!(
            "something answers at {url}, but not like Jira: is the path right in jira.url?"
        )),
        Err(error) => Err(format!("{error} (jira.url is {url})")),
    }
}

async fn board(client: &JiraClient, board: &config::Board) -> Finding {
    let name = &board.name;
    let project = match client.board_project(name).await {
        Ok(Some(project)) => project,
        Ok(None) => {
            return Finding::Fault(format!(
                "Jira shows ticketd no board {name:?} of one project: correct the name in \
                 jira.boards or the board's filter, or let ticketd's account see it"
            ));
        }
        Err(error) => {
            return Finding::Fault(format!(
                "{error}: may ticketd's account see boards? (jira.boards, {name:?})"
            ));
        }
    };
    let lacking = match client.permissions(&project).await {
        Ok(lacking) => lacking,
        Err(error) => return Finding::Fault(format!("project {project}: {error}")),
    };
    let told = format!(
        "issues go to project {project}, where ticketd's account lacks {}: give it to the \
         account's role under Project settings, Permissions",
        lacking.join(", ")
    );
    if lacking.iter().any(|one| NEEDED.contains(one)) {
        Finding::Fault(told)
    } else if lacking.is_empty() {
        Finding::Fine(format!("issues go to project {project}"))
    } else {
        Finding::Note(told)
    }
}

fn webhooks(config: &Config, jira: &config::Jira) -> Finding {
    match (&jira.webhook_secret, &config.http.public_url) {
        (Some(_), Some(url)) => Finding::Fine(format!(
            "let Jira's webhook call {url}hooks/jira for Comment: created and Issue: updated"
        )),
        (Some(_), None) => Finding::Note(
            "set, but http.public_url is not: Jira must reach /hooks/jira there".to_owned(),
        ),
        (None, _) => Finding::Note(format!(
            "not set, so comments and statuses are only asked for every {} s",
            jira.poll.as_secs()
        )),
    }
}

async fn mailbox(
    source: &JmapClient,
    jmap: &config::Jmap,
    mailbox: &config::Mailbox,
    config: &Config,
) -> Result<String, String> {
    let (name, url) = (&mailbox.name, &jmap.url);
    match source.folders().await {
        Ok(_) => Ok(format!("{} is open at {url}{}", mailbox.address, whither(mailbox, config))),
        Err(ApiError::Unauthorized { .. }) => Err(format!(
            "{url} does not accept the user and password, or the token, of mailbox[{name}].jmap"
        )),
        Err(ApiError::NotFound { .. }) => Err(format!(
            "there is no JMAP at {url}: is the path right in mailbox[{name}].jmap.url?"
        )),
        Err(error) => Err(format!("{error} (mailbox[{name}].jmap.url is {url})")),
    }
}

/// Where a mailbox's issues go.
fn whither(mailbox: &config::Mailbox, config: &Config) -> String {
    let board = match &mailbox.place {
        config::Place::Jira(board) => board,
        config::Place::Redmine(project) => return format!(", to Redmine's project {project}"),
    };
    let jira = config.jira.as_ref();
    let category = mailbox.category.as_ref();
    let category = category.or(jira.and_then(|jira| jira.default_category.as_ref()));
    let to = format!(", to the board {board}");
    let as_what =
        category.map(|category| format!(" in the category {category}")).unwrap_or_default();
    format!("{to}{as_what}")
}
