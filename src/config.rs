//! The configuration: defaults, then `ticketd.toml`, then `TICKETD_<SECTION>__<KEY>`; later beats
//! earlier. A mailbox stands in the file; `TICKETD_MAILBOX__<NAME>__<KEY>` changes it. All values are
//! typed and checked here, once. Loading fails with *all* faults at once, each with its key, its
//! source and what to do; no fault and no `Debug` shows a secret.
//!
//! `config/ticketd.toml` names every key with its default and is the manual.

mod desk;
mod fault;
mod forms;
mod http;
mod jira;
mod layers;
mod limits;
mod mailbox;
mod mattermost;
mod place;
mod reader;
mod redmine;
mod section;
mod store;
mod ticket;

use std::path::{Path, PathBuf};

pub use desk::Desk;
pub use fault::{ConfigFaults, Fault, Source};
pub use http::{Http, is_loopback};
pub use jira::{Board, Flavour, Jira};
pub use limits::Limits;
pub use mailbox::{
    Automatic, Credential, Filter, Graph, Jmap, MailSource, Mailbox, Mark, Reply, SignIn,
};
pub use mattermost::Mattermost;
pub use place::{ApiBoard, Place};
pub use redmine::{Filing, ProjectBoard, Redmine, TextFormatting};
pub use store::Store;
pub use ticket::{Field, FieldKind, Form, Ticket};

use layers::Layer;
use place::Trackers;
use reader::{Faulted, Reader};

/// Where the file is looked for when none is named; the first that exists is taken.
pub const PLACES: [&str; 2] = ["/etc/ticketd/ticketd.toml", "config/ticketd.toml"];

/// Everything that the operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The front door.
    pub http: Http,
    /// The store.
    pub store: Store,
    /// The chat.
    pub mattermost: Mattermost,
    /// The tracker of the slash commands, and of mails and tickets where they name it.
    pub redmine: Redmine,
    /// The slash command `/ticket`, if there is one.
    pub ticket: Option<Ticket>,
    /// The tracker that mails and tickets can become issues of, beside Redmine.
    pub jira: Option<Jira>,
    /// The mailboxes, in the order of the file.
    pub mailboxes: Vec<Mailbox>,
    /// The memory of the mail road.
    pub desk: Desk,
    /// How much is taken on at once.
    pub limits: Limits,
}

impl Config {
    /// Loads the configuration from `file`, which must exist, or else from
    /// `/etc/ticketd/ticketd.toml` or `config/ticketd.toml` if one of them does, and from `env`.
    ///
    /// # Errors
    /// [`ConfigFaults`] with everything that is wrong or missing.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigFaults> {
        let found = file_in_use(file);
        let searched = if found.is_none() { PLACES.as_slice() } else { &[] };
        let (layer, misplaced) = file_layer(found.as_deref())
            .map_err(|fault| ConfigFaults { faults: vec![fault], searched })?;
        let mut reader = Reader::new(layer, Layer::of_environment(env), misplaced);
        let config = Self::read(&mut reader);
        let faults = reader.finish();
        match config {
            Ok(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigFaults { faults, searched }),
        }
    }

    /// The boards that callers of the API see: Jira's first. Without one there is no API.
    #[must_use]
    pub fn api_boards(&self) -> Vec<ApiBoard> {
        let jira = self.jira.iter().flat_map(|jira| &jira.boards).map(|board| &board.key);
        let jira = jira.map(|key| ApiBoard { key: key.clone(), place: Place::Jira(key.clone()) });
        let redmine = self.redmine.boards.iter().map(|board| ApiBoard {
            key: board.key.clone(),
            place: Place::Redmine(board.project.clone()),
        });
        jira.chain(redmine).collect()
    }

    /// Reads all sections before it gives up over one, so that every fault is noted.
    fn read(reader: &mut Reader) -> Result<Self, Faulted> {
        let http = Http::read(reader.section("http"));
        let store = Store::read(reader.section("store"));
        let mattermost = Mattermost::read(reader.section("mattermost"));
        let has_token = mattermost.as_ref().is_ok_and(|chat| chat.bot_token.is_some());
        let has_mailbox = !reader.mailboxes().is_empty();
        let ready = [
            (
                http.public_url.is_some(),
                "http.public_url is not: set it to where Mattermost reaches ticketd",
            ),
            (
                has_token,
                "mattermost.bot_token is not: the bot posts the tickets; make one under \
             Integrations > Bot Accounts in Mattermost",
            ),
        ];
        let jira = Jira::read(reader.section("jira"));
        let boards = jira.as_ref().ok().and_then(Option::as_ref);
        let boards = boards.map_or(&[][..], |jira| &jira.boards);
        let redmine = Redmine::read(reader.section("redmine"), boards);
        let trackers = Trackers { jira: &jira, redmine: &redmine };
        let ticket = Ticket::read(reader, trackers, &ready);
        let has_boards = redmine.as_ref().is_ok_and(|redmine| !redmine.boards.is_empty());
        let has_boards = has_boards || !boards.is_empty();
        let faulty = jira.is_err();
        let busy = has_mailbox || has_boards || faulty || !matches!(ticket, Ok(None));
        let needs = redmine
            .as_ref()
            .map_or(Ok(()), |redmine| redmine.needs_tokens(reader.section("redmine"), busy));
        let mailboxes = Mailbox::read_all(reader, trackers, http.public_url.as_ref(), has_token);
        let desk = Desk::read(reader);
        let limits = Limits::read(reader.section("limits"));
        Ok(Self {
            http,
            store: store?,
            mattermost: mattermost?,
            redmine: needs.and(redmine)?,
            ticket: ticket?,
            jira: jira?,
            mailboxes: mailboxes?,
            desk,
            limits,
        })
    }
}

/// The variables of this process that may concern ticketd. One that is not UTF-8 comes with
/// replacement characters, which the checks of its key then refuse.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, text)| {
            (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned())
        })
        .filter(|(name, _)| name.starts_with("TICKETD_"))
        .collect()
}

/// The file that [`Config::load`] reads: the one named, or the first that is there.
#[must_use]
pub fn file_in_use(named: Option<&Path>) -> Option<PathBuf> {
    // One that cannot be looked at counts: it is better told than passed over.
    let there = |path: &&Path| !matches!(path.try_exists(), Ok(false));
    named.or_else(|| PLACES.iter().map(Path::new).find(there)).map(Path::to_owned)
}

fn file_layer(file: Option<&Path>) -> Result<(Layer, Vec<Fault>), Fault> {
    let Some(path) = file else { return Ok(Default::default()) };
    match std::fs::read_to_string(path) {
        Ok(text) => Layer::of_file(path, &text),
        Err(error) => {
            let source = Source::File(path.to_owned());
            let problem = format!("cannot be read: {error}");
            Err(Fault { key: String::new(), source, problem })
        }
    }
}

#[cfg(test)]
mod tests;
