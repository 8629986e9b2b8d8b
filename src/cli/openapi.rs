//! `ticketd openapi`: the description of the API, as this configuration makes it.

use super::{Ending, Outcome, tell};
use crate::{config::Config, http};

pub(super) fn run(config: &Config) -> Outcome {
    if config.api_boards().is_empty() {
        let missing = "there is no API: set jira.boards or redmine.boards";
        return Err(Ending::Misconfigured(missing.to_owned()));
    }
    tell(&http::description(config));
    Ok(())
}
