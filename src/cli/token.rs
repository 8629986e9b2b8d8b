//! `ticketd token`: who may call the API, with the daemon running or not.

use std::io::{self, Write};

use anyhow::Context as _;
use clap::Subcommand;
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{
    Ending, Outcome,
    desk::{print, table},
    question::ask,
    tell,
};
use crate::{
    actors::{Question, Reply},
    clock,
    config::Config,
    model::api_token::Scope,
};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print it, for this once: ticketd keeps no more than a digest of it
    Create {
        /// What to call it, such as the caller's name; no other token may be called so
        #[arg(long)]
        name: String,
        /// What it may do: read (find tickets), write (make tickets and comments too)
        #[arg(long, value_parser = scope, value_name = "read|write")]
        scope: Scope,
        /// How long it is worth something, such as 90d, or its last day (2027-03-31, UTC). Not
        /// given: until it is revoked
        #[arg(long, value_parser = expiry, value_name = "SPAN|DATE")]
        expires: Option<Timestamp>,
    },
    /// List the tokens: what each may do, until when, and when it was last used
    List,
    /// Take a token back: it opens nothing from now on
    Revoke {
        /// Its name or id, as `token list` shows it
        #[arg(value_name = "NAME|ID")]
        token: String,
    },
}

impl Token {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        let config = config()?;
        let question = match self {
            Self::Create { name, scope, expires } => Question::MakeToken { name, scope, expires },
            Self::List => Question::Tokens,
            Self::Revoke { token } => Question::RevokeToken(token),
        };
        match ask(&config, question, |_| {}).await? {
            Reply::TokenMade { written, .. } => {
                // Not `tell`: a token that did not arrive must not count as made.
                writeln!(io::stdout(), "{}", written.0).context(
                    "cannot print the token; revoke it with `ticketd token revoke`, and make another",
                )?;
                if config.api_boards().is_empty() {
                    super::complain(
                        "there is no API yet: set jira.boards or redmine.boards, and start ticketd \
                         again",
                    );
                }
            }
            Reply::Tokens(tokens) if tokens.is_empty() => tell("there is no token"),
            Reply::Tokens(tokens) => {
                let now = clock::now();
                let mut table = table(&["id", "name", "scope", "made", "expires", "last used"]);
                for token in tokens {
                    let expires = match token.expires {
                        None => "never".to_owned(),
                        Some(_) if token.is_over(now) => "EXPIRED".to_owned(),
                        Some(end) => format!("{end:.0}"),
                    };
                    let used = token.used.map(|used| format!("{used:.0}"));
                    table.add_row([
                        token.id.to_string(),
                        token.name,
                        token.scope.word().to_owned(),
                        format!("{:.0}", token.created),
                        expires,
                        used.unwrap_or_else(|| "never".to_owned()),
                    ]);
                }
                print(&table);
            }
            Reply::TokenRevoked(token) => {
                tell(&format!("{} ({}) opens nothing any more", token.name, token.id));
            }
            Reply::Failed(words) => return Err(anyhow::anyhow!(words).into()),
            _ => return Err(anyhow::anyhow!("ticketd answered something else").into()),
        }
        Ok(())
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| "write read or write".to_owned())
}

/// A span from now, a moment, or a day to its end.
fn expiry(text: &str) -> Result<Timestamp, String> {
    let wrong = || "write a span such as 90d, or a day such as 2027-03-31".to_owned();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let end = if let Ok(day) = text.parse::<Date>() {
        day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC))
    } else {
        let span: Span = text.parse().map_err(|_| wrong())?;
        if !span.is_positive() {
            return Err(wrong());
        }
        clock::now().to_zoned(TimeZone::UTC).checked_add(span)
    };
    end.map(|end| end.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_span_a_day_or_a_moment() {
        let now = clock::now();
        for (text, days) in [("90d", 90), ("2w", 14), ("48h", 2)] {
            let seconds = expiry(text).unwrap().duration_since(now).as_secs();
            assert!((seconds - days * 86_400).abs() < 60, "{text}: {seconds}");
        }
        assert_eq!(expiry("2027-03-31").unwrap().to_string(), "2027-04-01T00:00:00Z");
        assert_eq!(expiry("2027-03-31T12:00:00Z").unwrap().to_string(), "2027-03-31T12:00:00Z");
        for wrong in ["", "90", "soon", "-5d", "0d", "2027-13-01", "99999999y"] {
            assert!(expiry(wrong).is_err(), "{wrong:?}");
        }
    }
}
