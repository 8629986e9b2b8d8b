//! The part of `ticketd check` about `/ticket`: the server, and where each form's tickets are posted.

use url::Url;

use super::Finding;
use crate::{
    clients::{ApiError, MattermostClient},
    config::{Config, Form, Place, Ticket},
    model::{
        ids::ChannelId,
        post::{Channel, Team},
    },
};

/// The first Mattermost with bot accounts. Forms are there since 5.6.
/// Source: Mattermost's changelog of 5.12, and of its interface.
const OLDEST: (u32, u32) = (5, 12);

/// Checks it; `works` says whether the bot is let in, else its channels are not looked at.
pub(super) async fn check(
    mattermost: &MattermostClient,
    works: bool,
    config: &Config,
    row: &mut impl FnMut(&str, Finding),
) {
    if let Some(ticket) = &config.ticket {
        if let Some(url) = &config.http.public_url {
            row("ticket", command(url));
        }
        if let Ok(version) = mattermost.server_version().await {
            row("mattermost version", server(version));
        }
        if works {
            channels(mattermost, ticket, row).await;
        }
    } else {
        let alone = "no ticket.slash_tokens: there is no /ticket";
        row("ticket", Finding::Note(alone.to_owned()));
    }
    for mailbox in config.mailboxes.iter().filter(|_| works) {
        if let Some(channel) = &mailbox.channel {
            let what = format!("mailbox {} in chat", mailbox.name);
            row(&what, announces(mattermost, channel, config.ticket.is_some()).await);
        }
    }
}

/// What to write in Mattermost.
fn command(url: &Url) -> Finding {
    let told = format!("let the slash command's URL be {url}ticket");
    if url.scheme() == "https" {
        return Finding::Fine(told);
    }
    if is_loopback(url) {
        return Finding::Fine(format!(
            "{told}; Mattermost calls it only if {} stands in System Console, Environment, \
             Developer, Allow untrusted internal connections",
            url.host_str().unwrap_or_default()
        ));
    }
    Finding::Note(format!(
        "{told}; what people fill in goes there readable for the network, and so do the tokens: \
         put a TLS proxy before ticketd, and begin http.public_url with https://"
    ))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn server(version: (u32, u32)) -> Finding {
    let ((major, minor), (least_major, least_minor)) = (version, OLDEST);
    if version >= OLDEST {
        return Finding::Fine(format!("{major}.{minor}"));
    }
    Finding::Fault(format!(
        "{major}.{minor}, and /ticket needs {least_major}.{least_minor} or newer: upgrade \
         Mattermost"
    ))
}

async fn channels(
    mattermost: &MattermostClient,
    ticket: &Ticket,
    row: &mut impl FnMut(&str, Finding),
) {
    let teams = match mattermost.teams().await {
        Ok(teams) => teams,
        Err(error) => return row("mattermost teams", Finding::Fault(error.to_string())),
    };
    if teams.is_empty() {
        let told = "the bot is in none: invite it to each team with a slash command /ticket, and \
                    into the channels of its tickets";
        return row("mattermost teams", Finding::Fault(told.to_owned()));
    }
    for form in &ticket.forms {
        let name = if form.name.is_empty() { "/ticket" } else { &form.name };
        row(&format!("ticket form {name}"), posts_to(mattermost, form, &teams).await);
    }
}

/// Where the tickets of a form are posted, and what else comes of them.
async fn posts_to(mattermost: &MattermostClient, form: &Form, teams: &[Team]) -> Finding {
    let mut more = match &form.place {
        Some(Place::Jira(board)) => format!("; each becomes an issue on the board {board:?}"),
        Some(Place::Redmine(project)) => format!("; each becomes an issue of project {project:?}"),
        None => String::new(),
    };
    if let Some(emoji) = &form.emoji {
        more.extend(["; :", emoji, ": under a post that the bot can read makes one of it"]);
    }
    let Some(named) = &form.channel else {
        return Finding::Fine(format!(
            "its tickets are posted where it is opened; the bot must be in each channel where \
             people type /ticket{more}"
        ));
    };
    let found = match find(mattermost, named, teams).await {
        Ok(found) => found,
        Err(error) => return Finding::Fault(format!("{error} (channel {named:?})")),
    };
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for channel in found {
        let of = teams.iter().find(|team| Some(&team.id) == channel.team.as_ref());
        let shown = of.map_or_else(
            || format!("~{}", channel.name),
            |team| format!("~{} of {}", channel.name, team.name),
        );
        match is_in(mattermost, &channel.id).await {
            Ok(true) => open.push(shown),
            Ok(false) => closed.push(shown),
            Err(error) => return Finding::Fault(format!("{error} (channel {named:?})")),
        }
    }
    if !closed.is_empty() {
        return Finding::Fault(format!(
            "the bot is not in {}: invite it there, or its tickets are not posted",
            closed.join(", ")
        ));
    }
    if open.is_empty() {
        let teams: Vec<_> = teams.iter().map(|team| team.name.as_str()).collect();
        return Finding::Fault(format!(
            "the bot sees no channel {named:?} in its teams ({}): write the name in the channel's \
             address or its id, and invite the bot if it is private",
            teams.join(", ")
        ));
    }
    Finding::Fine(format!("its tickets are posted in {}{more}", open.join(", ")))
}

/// What is posted in the channel of a mailbox: without `/ticket`, no conversation.
async fn announces(mattermost: &MattermostClient, channel: &str, has_ticket: bool) -> Finding {
    let Ok(id) = ChannelId::parse(channel) else {
        return Finding::Fault(format!("{channel:?} is no id of a channel"));
    };
    match is_in(mattermost, &id).await {
        Ok(true) if has_ticket => {
            Finding::Fine(format!("its conversations are posted in channel {id}"))
        }
        Ok(true) => Finding::Note(format!(
            "channel {id} is told when its sign-in has ended or a permission is missing; its \
             conversations are not posted there, for that needs ticket.slash_tokens"
        )),
        Ok(false) => Finding::Fault(format!(
            "the bot is not in channel {id}: invite it there, or {} not posted",
            if has_ticket { "its conversations are" } else { "what is to be mended is" }
        )),
        Err(error) => Finding::Fault(format!("{error} (channel {id})")),
    }
}

/// The channel by its id, or those of this name, one a team.
async fn find(
    mattermost: &MattermostClient,
    named: &str,
    teams: &[Team],
) -> Result<Vec<Channel>, ApiError> {
    if let Ok(id) = ChannelId::parse(named) {
        return Ok(seen(mattermost.channel(&id).await)?.into_iter().collect());
    }
    let mut found = Vec::new();
    for team in teams {
        found.extend(seen(mattermost.channel_by_name(&team.id, named).await)?);
    }
    Ok(found)
}

/// What the bot may not see is not there for it.
fn seen<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whoever is not in a channel may not ask who is.
async fn is_in(mattermost: &MattermostClient, channel: &ChannelId) -> Result<bool, ApiError> {
    let bot = mattermost.me().await?;
    Ok(seen(mattermost.is_member(channel, &bot.id).await)?.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_told_apart() {
        for (version, fine) in [
            ((5, 11), false),
            ((4, 99), false),
            ((5, 12), true),
            ((5, 37), true),
            ((7, 6), true),
            ((11, 1), true),
        ] {
            assert_eq!(matches!(server(version), Finding::Fine(_)), fine, "{version:?}");
        }
    }

    #[test]
    fn plain_http_is_fine_on_the_machine_itself() {
        for (url, fine) in [
            ("https://desk.example.org/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/", true),
            ("http://10.0.0.7/", false),
            ("http://desk.example.org/", false),
        ] {
            let finding = command(&url.parse().unwrap());
            let (Finding::Fine(told) | Finding::Note(told) | Finding::Fault(told)) = &finding;
            assert!(told.contains(&format!("{url}ticket")), "{told}");
            assert_eq!(matches!(finding, Finding::Fine(_)), fine, "{url}");
        }
    }
}
