//! Redmine's part of `ticketd check`, where mails or tickets are filed there: the account, the
//! projects, and what is named in them. Redmine is asked with the account's key.

use super::Finding;
use crate::{
    clients::{ApiError, RedmineClient, RedmineDesk},
    config::{Config, Filing, Place},
    model::ids::ProjectRef,
    telemetry::Metrics,
};

/// Checks what is configured of it; `row` takes each finding.
pub(super) async fn check(
    config: &Config,
    row: &mut impl FnMut(&str, Finding),
) -> anyhow::Result<()> {
    let Some(filing) = &config.redmine.filing else { return Ok(()) };
    let projects = projects(config);
    if projects.is_empty() {
        let told = "set, but no [[mailbox]] and no form has tracker = \"redmine\", and there are no \
                    redmine.boards";
        row("redmine.api_key", Finding::Note(told.to_owned()));
        return Ok(());
    }
    let client = RedmineClient::new(config.redmine.url.clone(), Metrics::new())?;
    let redmine = RedmineDesk::new(&client, filing.api_key.clone());
    let signed_in = signed_in(&redmine, config).await;
    let works = signed_in.is_ok();
    row("redmine.api_key", signed_in.into());
    if works {
        for project in projects {
            row(
                &format!("redmine project {project}"),
                in_project(&redmine, &project, filing).await,
            );
        }
        row("redmine statuses", statuses(&redmine, config, filing).await);
    }
    Ok(())
}

/// The projects that something is filed in or that callers of the API see, each once.
fn projects(config: &Config) -> Vec<String> {
    let forms = config.ticket.iter().flat_map(|ticket| &ticket.forms);
    let places = config.mailboxes.iter().map(|mailbox| &mailbox.place);
    let mut projects: Vec<_> = places
        .chain(forms.filter_map(|form| form.place.as_ref()))
        .filter_map(|place| match place {
            Place::Redmine(project) => Some(project.clone()),
            Place::Jira(_) => None,
        })
        .chain(config.redmine.boards.iter().map(|board| board.project.clone()))
        .collect();
    projects.sort();
    projects.dedup();
    projects
}

async fn signed_in(redmine: &RedmineDesk, config: &Config) -> Result<String, String> {
    let url = &config.redmine.url;
    match redmine.myself().await {
        Ok(us) => Ok(format!("signed in at {url} as {}", us.login)),
        Err(ApiError::Unauthorized { .. }) => Err("redmine.api_key is nobody's: copy it from My \
                                                   account of the account that files mails and \
                                                   tickets"
            .to_owned()),
        Err(error) => Err(format!("{error} (redmine.url is {url})")),
    }
}

async fn in_project(redmine: &RedmineDesk, name: &str, filing: &Filing) -> Finding {
    let Some(project) = ProjectRef::parse(name) else {
        return Finding::Fault(format!("{name:?} is no identifier of a project"));
    };
    let found = match redmine.project(&project).await {
        Ok(found) => found,
        Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => {
            return Finding::Fault(
                "Redmine shows ticketd's account no such project: correct the identifier, or make \
                 the account a member of the project"
                    .to_owned(),
            );
        }
        Err(error) => return Finding::Fault(error.to_string()),
    };
    let kinds: Vec<_> = found.trackers.iter().map(|kind| kind.name.as_str()).collect();
    match &filing.issue_type {
        Some(wanted) if !kinds.iter().any(|kind| alike(kind, wanted)) => Finding::Fault(format!(
            "{} has no tracker {wanted:?}: write one of {} as redmine.issue_type",
            found.name,
            kinds.join(", ")
        )),
        Some(wanted) => Finding::Fine(format!("issues are made in {} as {wanted}", found.name)),
        None => Finding::Fine(format!("issues are made in {}", found.name)),
    }
}

async fn statuses(redmine: &RedmineDesk, config: &Config, filing: &Filing) -> Finding {
    let known = match redmine.statuses().await {
        Ok(known) => known,
        Err(error) => return Finding::Fault(error.to_string()),
    };
    let named = [
        ("redmine.close_status", &config.redmine.close_status, true),
        ("redmine.reopen_status", &filing.reopen_status, false),
    ];
    for (key, name, closed) in named {
        let Some(name) = name else { continue };
        if !known.iter().any(|status| alike(&status.name, name) && status.closed == closed) {
            let fitting = known.iter().filter(|status| status.closed == closed);
            let fitting: Vec<_> = fitting.map(|status| status.name.as_str()).collect();
            return Finding::Fault(format!(
                "{name:?} is none that fits: write one of {} as {key}",
                fitting.join(", ")
            ));
        }
    }
    Finding::Fine(match (&config.redmine.close_status, &filing.reopen_status) {
        (None, None) => "none is named: what the workflow offers first".to_owned(),
        _ => "the named ones are there".to_owned(),
    })
}

/// Names are compared as the filing itself does.
fn alike(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
