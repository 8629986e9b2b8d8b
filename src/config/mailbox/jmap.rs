//! `[mailbox.jmap]`: the server that keeps the mails, and who ticketd is there.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::config::forms;
use crate::config::reader::Faulted;
use crate::config::section::Section;

/// A JMAP account.
#[derive(Debug, Clone)]
pub struct Jmap {
    /// The server, or with a path its session object, as it is written: a session may lie at
    /// `/jmap/session` and not at `/jmap/session/`.
    pub url: Url,
    /// Who ticketd is; always set beside a password.
    pub user: Option<String>,
    /// What opens the account.
    pub credential: Credential,
}

/// What opens an account.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The password of `user`, for basic authentication.
    Password(SecretString),
    /// A bearer token: visible ASCII.
    Token(SecretString),
    /// A file that holds a bearer token and may be rewritten: it is read again when the server
    /// refuses what it held. It was readable when the configuration was loaded.
    TokenFile(PathBuf),
}

impl Jmap {
    /// The table of a mailbox whose mails come from elsewhere: whatever stands there waits.
    pub(super) fn pass(mut section: Section<'_>) {
        for key in ["url", "user", "password", "password_file", "token", "token_file"] {
            section.pass(key);
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Result<Self, Faulted> {
        let url = section.needed(
            "url",
            "write the address of the JMAP server under [mailbox.jmap], or source = \"graph\"",
            forms::address,
        );
        let user = section.checked("user", forms::user);
        let credential = credential(&mut section);
        if user == Ok(None) && matches!(credential, Ok(Credential::Password(_))) {
            section.unset("user", "not set; a password needs it, or set a token instead");
        }
        Ok(Self { url: url?, user: user?, credential: credential? })
    }
}

fn credential(section: &mut Section<'_>) -> Result<Credential, Faulted> {
    let Some((key, secret)) = section.secret_of(&["password", "token"])? else {
        let problem = "not set; set password, password_file, token or token_file under \
                       [mailbox.jmap]";
        return Err(section.unset("password", problem));
    };
    if key == "password" {
        return Ok(Credential::Password(secret.text));
    }
    section.for_header(&secret, "copy the token again from the mail server")?;
    Ok(match secret.file {
        Some(path) => Credential::TokenFile(path),
        None => Credential::Token(secret.text),
    })
}
