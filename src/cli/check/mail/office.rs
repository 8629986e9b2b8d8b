//! A mailbox of Microsoft 365 in `ticketd check`: its sign-in, what that may do, and its webhooks.
//! Where a person signed in, whoever holds the store is asked: the grant is there, and each use
//! replaces it.

use std::sync::Arc;

use super::{super::Finding, whither};
use crate::{
    actors::{Question, Reply, SignInReport},
    app,
    cli::{
        Ending,
        mailbox::authorize::{self, Nowhere},
        question::ask,
        store,
    },
    clients::{ApiError, Granted, Reach, SignInFault},
    config::{self, Config, SignIn},
    telemetry::Metrics,
};

pub(super) async fn sign_in(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
    config: &Config,
) -> Finding {
    let fine =
        format!("{} is open at {}{}", mailbox.address, graph.base_url, whither(mailbox, config));
    let report = match graph.sign_in {
        SignIn::Device | SignIn::Code => by_a_person(mailbox, config).await,
        SignIn::Secret(_) | SignIn::Certificate { .. } => by_itself(mailbox, graph).await,
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return Finding::Fault(unreachable(&error, mailbox, graph)),
    };
    if report.fault == Some(SignInFault::NoGrant) {
        return nobody_yet(mailbox, graph, config).await;
    }
    let told = authorize::findings(&report, mailbox);
    match report.reach {
        _ if !told.is_empty() => Finding::Fault(told.join("; ")),
        Some(_) => Finding::Fine(fine),
        None => Finding::Fine(format!("somebody has signed in for {}", mailbox.address)),
    }
}

/// That is as it must be before the first sign-in: only what can be known before is looked at.
async fn nobody_yet(mailbox: &config::Mailbox, graph: &config::Graph, config: &Config) -> Finding {
    let (name, address) = (&mailbox.name, &mailbox.address);
    if let Some(sentence) = authorize::wrong_there(name, graph).await {
        return Finding::Fault(sentence);
    }
    let first = match store::is_there(config).await {
        Ok(false) => "start ticketd, then ",
        _ => "",
    };
    Finding::Note(format!(
        "nobody has signed in for {address} yet: {first}run `ticketd mailbox authorize {name}`"
    ))
}

fn unreachable(error: &anyhow::Error, mailbox: &config::Mailbox, graph: &config::Graph) -> String {
    match error.downcast_ref::<ApiError>() {
        Some(cause) => {
            authorize::unanswered(&cause.to_string(), cause.service(), &mailbox.name, graph)
        }
        None => format!("{error:#} (mailbox[{}].graph)", mailbox.name),
    }
}

async fn by_itself(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
) -> anyhow::Result<SignInReport> {
    let client = app::graph_client(mailbox, graph, Arc::new(Nowhere), &Metrics::new())?;
    match client.permissions().await {
        Ok(Granted { missing, mailbox }) => {
            let missing = missing.unwrap_or_default().into_iter().map(str::to_owned).collect();
            Ok(SignInReport { fault: None, missing, reach: Some(mailbox) })
        }
        Err(error) => match client.sign_in_needed() {
            Some(fault) => {
                Ok(SignInReport { fault: Some(fault), missing: Vec::new(), reach: None })
            }
            None => Err(error.into()),
        },
    }
}

/// Only whether there is a sign-in that nothing is known against.
async fn by_a_person(mailbox: &config::Mailbox, config: &Config) -> anyhow::Result<SignInReport> {
    let nobody = Some(SignInFault::NoGrant);
    let none = SignInReport { fault: nobody, missing: Vec::new(), reach: None };
    if !store::is_there(config).await? {
        return Ok(none);
    }
    match ask(config, Question::Mailboxes, |_| {}).await {
        Ok(Reply::Mailboxes(rows)) => {
            let row = rows.into_iter().find(|row| row.name == mailbox.name);
            let (fault, forbidden) =
                row.map(|row| (row.sign_in, row.forbidden)).unwrap_or_default();
            let reach = forbidden.as_ref().map(|_| Reach::Denied);
            Ok(SignInReport { fault, missing: forbidden.unwrap_or_default(), reach })
        }
        Ok(Reply::Failed(words)) | Err(Ending::Misconfigured(words)) => {
            Err(anyhow::Error::msg(words))
        }
        Err(Ending::Failed(error)) => Err(error),
        Ok(_) | Err(Ending::Interrupted) => Err(anyhow::anyhow!("ticketd answered something else")),
    }
}

pub(super) fn webhooks(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
    config: &Config,
) -> Finding {
    let poll = mailbox.poll.as_secs();
    match &config.http.public_url {
        _ if !graph.webhooks => {
            Finding::Note(format!("off, so mails are asked for every 2 to {poll} s"))
        }
        Some(url) if url.scheme() == "https" => Finding::Fine(format!(
            "Graph must reach {url}hooks/graph/{} from the internet",
            mailbox.name
        )),
        _ => Finding::Fault(
            "Graph tells its news only to an https address, and not to this very machine: set \
             http.public_url to one that it reaches"
                .to_owned(),
        ),
    }
}
