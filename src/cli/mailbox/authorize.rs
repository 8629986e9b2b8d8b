//! `ticketd mailbox authorize`: signs in for a mailbox of Microsoft 365 where a person must, and
//! says what the sign-in may do. What a person gave goes to whoever holds the store.

use std::{
    io::{self, BufRead},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use url::Url;

use super::super::{Ending, Outcome, question::ask, tell};
use crate::{
    actors::{Application, GivenGrant, Question, Reply, SignInReport},
    app,
    clients::{Grant, Grants, Polled, Reach, SignIn, SignInError, SignInFault},
    config::{self, Config, MailSource},
    model::mail::Email,
    telemetry::Metrics,
};

/// How long one question to Entra may take.
const LIMIT: Duration = Duration::from_secs(20);
/// What a device that asks too often adds to its pause. Source: RFC 8628, 3.5.
const SLOWER: Duration = Duration::from_secs(5);
/// Where the browser goes when somebody has signed in: an address that every cloud's applications
/// may register, at which nothing happens.
const REDIRECT: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";

pub(super) async fn authorize(config: &Config, name: &str) -> Outcome {
    let mailbox = super::named(config, name)?;
    let MailSource::Graph(graph) = &mailbox.source else {
        return Err(Ending::Misconfigured(format!(
            "mailbox[{name}] is read by JMAP; its password or token stands in the configuration"
        )));
    };
    let by_a_person = matches!(graph.sign_in, config::SignIn::Device | config::SignIn::Code);
    let (tenant, client_id) = (graph.tenant.clone(), graph.client_id.clone());
    let application = Application { tenant, client_id, by_a_person };
    // Nobody shall sign in for nothing.
    let question =
        Question::Authorizable { mailbox: name.to_owned(), application: application.clone() };
    match ask(config, question, |_| {}).await? {
        Reply::Authorizable => {}
        reply => return Err(other(reply)),
    }
    let wrong = |error: &SignInError| Ending::Failed(anyhow::anyhow!(sentence(error, name, graph)));
    let grant = match graph.sign_in {
        config::SignIn::Device => {
            Some(device(graph, &mailbox.address).await?.map_err(|error| wrong(&error))?)
        }
        config::SignIn::Code => {
            Some(browser(mailbox, graph).await?.map_err(|error| wrong(&error))?)
        }
        config::SignIn::Secret(_) | config::SignIn::Certificate { .. } => None,
    };
    let grant = grant.map(|Grant { refresh_token, obtained, .. }| GivenGrant {
        refresh_token: refresh_token.expose_secret().to_owned(),
        obtained,
    });
    let question = Question::Authorize { mailbox: name.to_owned(), application, grant };
    match ask(config, question, |_| {}).await? {
        Reply::Authorized(report) => {
            let told = findings(&report, mailbox);
            if told.is_empty() {
                tell(&format!(
                    "{name}: signed in; {} opens, and mails can be sent",
                    mailbox.address
                ));
                return Ok(());
            }
            Err(anyhow::anyhow!(told.join("\n")).into())
        }
        Reply::Unanswered { service, cause } => {
            Err(anyhow::anyhow!(unanswered(&cause, &service, name, graph)).into())
        }
        reply => Err(other(reply)),
    }
}

fn other(reply: Reply) -> Ending {
    match reply {
        Reply::Failed(words) => anyhow::anyhow!(words).into(),
        _ => anyhow::anyhow!("ticketd answered something else").into(),
    }
}

/// Where a service lies that gave no proper answer.
pub(in crate::cli) fn unanswered(
    cause: &str,
    service: &str,
    name: &str,
    graph: &config::Graph,
) -> String {
    let (key, url) = match service {
        "entra" => ("authority", &graph.authority),
        _ => ("base_url", &graph.base_url),
    };
    format!("{cause} (mailbox[{name}].graph.{key} is {url})")
}

/// What is not as it must be, a sentence each.
pub(in crate::cli) fn findings(report: &SignInReport, mailbox: &config::Mailbox) -> Vec<String> {
    let (name, address) = (&mailbox.name, &mailbox.address);
    if let Some(fault) = &report.fault {
        return vec![of_fault(fault, name)];
    }
    let mut told: Vec<_> = report
        .missing
        .iter()
        .map(|permission| {
            format!(
                "the sign-in lacks the permission {permission}: add it in Entra (App \
                 registrations, API permissions, Microsoft Graph), grant admin consent, and run \
                 this again"
            )
        })
        .collect();
    match report.reach {
        // Told already.
        Some(Reach::Denied) if !told.is_empty() => {}
        Some(Reach::Denied) => told.push(format!(
            "{address} is closed to the application: let it in by the application access policy \
             or the role assignment that limits it (Exchange Online), or sign in as somebody who \
             may open it"
        )),
        Some(Reach::Unknown) => told.push(format!(
            "there is no mailbox {address}: correct mailbox[{name}].address, or give the account \
             a mailbox"
        )),
        Some(Reach::Open) | None => {}
    }
    told
}

fn sentence(error: &SignInError, name: &str, graph: &config::Graph) -> String {
    match error {
        SignInError::Fault(fault) => of_fault(fault, name),
        SignInError::Api(error) => unanswered(&error.to_string(), error.service(), name, graph),
        other => other.to_string(),
    }
}

fn of_fault(fault: &SignInFault, name: &str) -> String {
    let at = format!("mailbox[{name}].graph");
    match fault {
        SignInFault::WrongTenant => {
            format!("Entra knows no such tenant: correct {at}.tenant (Entra, Overview)")
        }
        SignInFault::UnknownApp => format!(
            "the tenant knows no such application: correct {at}.client_id (Entra, App \
             registrations), or {at}.tenant"
        ),
        SignInFault::WrongSecret => format!(
            "Entra does not take the secret or the certificate of {at}: copy the secret's value \
             (not its id), or upload the certificate under Certificates & secrets"
        ),
        SignInFault::NotPublic => format!(
            "Entra wants a secret from this application: allow public client flows under \
             Authentication (Entra, App registrations), then run `ticketd mailbox authorize \
             {name}` again"
        ),
        SignInFault::SecretExpired => format!(
            "the application's secret has expired: make a new one under Certificates & secrets \
             and write it to {at}.client_secret_file"
        ),
        SignInFault::NoConsent => format!(
            "nobody has consented to the application's permissions: an administrator adds \
             Mail.ReadWrite and Mail.Send of Microsoft Graph under API permissions (Entra, App \
             registrations) and grants consent; then run `ticketd mailbox authorize {name}` again"
        ),
        SignInFault::Denied => {
            "the consent was refused: sign in again and accept, or ask an administrator to consent"
                .to_owned()
        }
        SignInFault::GrantEnded => {
            format!("the sign-in has ended: run `ticketd mailbox authorize {name}` again")
        }
        SignInFault::NoGrant => {
            format!("nobody has signed in yet: run `ticketd mailbox authorize {name}`")
        }
        SignInFault::Other(word) => format!(
            "Entra refuses the sign-in with {word}; look it up in the sign-in logs of Entra"
        ),
    }
}

fn sign_in(graph: &config::Graph) -> anyhow::Result<SignIn> {
    let auth = app::graph_auth(graph, Arc::new(Nowhere))?;
    Ok(SignIn::new(&auth, &graph.base_url, LIMIT, Metrics::new())?)
}

/// Whether Entra is there, and knows the tenant and the application. The code that it gives is left
/// to end.
async fn known_there(sign_in: &SignIn) -> Result<(), SignInError> {
    use SignInFault::{UnknownApp, WrongTenant};
    match sign_in.begin_device().await {
        Err(error @ (SignInError::Fault(WrongTenant | UnknownApp) | SignInError::Api(_))) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// The same before anybody has signed in; a sentence.
pub(in crate::cli) async fn wrong_there(name: &str, graph: &config::Graph) -> Option<String> {
    match sign_in(graph) {
        Ok(sign_in) => {
            let known = known_there(&sign_in).await;
            known.err().map(|error| sentence(&error, name, graph))
        }
        Err(error) => Some(format!("{error:#}")),
    }
}

async fn device(
    graph: &config::Graph,
    address: &str,
) -> anyhow::Result<Result<Grant, SignInError>> {
    let sign_in = sign_in(graph)?;
    let code = match sign_in.begin_device().await {
        Ok(code) => code,
        Err(error) => return Ok(Err(error)),
    };
    tell(&format!(
        "Open {} on any device, type in the code {} and sign in as {address}; this waits for it.",
        code.verification_uri, code.user_code
    ));
    let (mut pause, until) = (code.interval, Instant::now() + code.expires_in);
    while Instant::now() < until {
        tokio::time::sleep(pause).await;
        match sign_in.poll_device(&code).await {
            Ok(Polled::Pending) | Err(SignInError::Api(_)) => {}
            Ok(Polled::SlowDown) => pause += SLOWER,
            Ok(Polled::Granted(grant)) => return Ok(Ok(grant)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Err(SignInError::Expired))
}

async fn browser(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
) -> anyhow::Result<Result<Grant, SignInError>> {
    let sign_in = sign_in(graph)?;
    let address = Email::parse(&mailbox.address);
    let address = address.ok_or_else(|| anyhow::anyhow!("the mailbox's address is none"))?;
    // The page of a wrong tenant leads nowhere from which one could come back: it is asked here.
    if let Err(error) = known_there(&sign_in).await {
        return Ok(Err(error));
    }
    let request = sign_in.begin_code(&Url::parse(REDIRECT)?, &address);
    tell(&format!("Open this address in a browser and sign in:\n\n{}\n", request.url));
    tell("It ends at an empty page. Paste that page's whole address here:");
    let pasted = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    })
    .await??;
    Ok(sign_in.finish_code(&request, &pasted).await)
}

/// What begins without a grant keeps none here: it goes to whoever holds the store.
pub(in crate::cli) struct Nowhere;

impl Grants for Nowhere {
    fn load(&self) -> BoxFuture<'_, Result<Option<Grant>, String>> {
        async { Ok(None) }.boxed()
    }

    fn keep(&self, _: Grant) -> BoxFuture<'_, Result<(), String>> {
        async { Ok(()) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_sentence() {
        use SignInFault as F;
        let all = [
            F::WrongTenant,
            F::UnknownApp,
            F::WrongSecret,
            F::NotPublic,
            F::SecretExpired,
            F::NoConsent,
            F::Denied,
            F::GrantEnded,
            F::NoGrant,
            F::Other("AADSTS50034".to_owned()),
        ];
        let told: std::collections::BTreeSet<_> =
            all.iter().map(|fault| of_fault(fault, "support")).collect();
        assert_eq!(told.len(), all.len());
    }
}
