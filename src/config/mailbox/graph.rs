//! `[mailbox.graph]`: a mailbox of Microsoft 365, and how ticketd gets in.

use secrecy::SecretString;
use url::Url;

use super::certificate;
use crate::config::reader::Faulted;
use crate::config::section::Section;
use crate::config::{forms, is_loopback};

/// Every key of the table.
const KEYS: [&str; 15] = [
    "tenant",
    "client_id",
    "client_secret",
    "client_secret_file",
    "certificate",
    "certificate_file",
    "key",
    "key_file",
    "sign_in",
    "authority",
    "base_url",
    "webhooks",
    "mark",
    "mark_category",
    "mark_folder",
];

/// A mailbox behind Microsoft Graph.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The tenant's id or domain.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// How ticketd gets in.
    pub sign_in: SignIn,
    /// Where Entra is; national clouds have their own.
    pub authority: Url,
    /// Where Graph is; national clouds have their own.
    pub base_url: Url,
    /// Whether Graph tells its news at `http.public_url`, which then is set.
    pub webhooks: bool,
    /// What is done to a mail whose ticket is made.
    pub mark: Mark,
}

/// How ticketd proves who it is.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// As the application, by its secret.
    Secret(SecretString),
    /// As the application, by its certificate: both in PEM form.
    Certificate {
        /// The certificate.
        certificate: SecretString,
        /// Its private key.
        key: SecretString,
    },
    /// In the name of somebody who types in a code at another device.
    Device,
    /// In the name of somebody who signs in with a browser.
    Code,
}

/// What is done to a mail whose ticket is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// It is marked as read.
    Read,
    /// It gets this category.
    Category(String),
    /// It is moved to the folder of this name.
    Move(String),
}

impl Graph {
    /// `public` is `http.public_url`.
    pub(super) fn read(mut section: Section<'_>, public: Option<&Url>) -> Result<Self, Faulted> {
        let tenant = section.needed(
            "tenant",
            "write the tenant's id or domain (Entra, Overview) under [mailbox.graph]",
            self::tenant,
        );
        let client_id = section.needed(
            "client_id",
            "write the application's id (Entra, App registrations) under [mailbox.graph]",
            self::client_id,
        );
        let sign_in = sign_in(&mut section);
        let authority = section.url_or("authority", "https://login.microsoftonline.com");
        let base_url = section.url_or("base_url", "https://graph.microsoft.com");
        let authority = authority.and_then(|url| sealed(&mut section, "authority", url));
        let base_url = base_url.and_then(|url| sealed(&mut section, "base_url", url));
        let webhooks = section.flag("webhooks", false);
        if webhooks {
            reached(&mut section, public);
        }
        let mark = mark(&mut section);
        Ok(Self {
            tenant: tenant?,
            client_id: client_id?,
            sign_in: sign_in?,
            authority: authority?,
            base_url: base_url?,
            webhooks,
            mark: mark?,
        })
    }

    /// The table of a mailbox whose mails come from elsewhere. `told` is whether it must not be
    /// there: not if `source` is faulty itself.
    pub(super) fn pass(mut section: Section<'_>, told: bool) {
        let mut set = None;
        for key in KEYS {
            let here = section.pass(key);
            // What the manual shows with a default may stand there.
            if !["authority", "base_url", "webhooks", "mark"].contains(&key) {
                set = set.or(here);
            }
        }
        if let (Some(origin), true) = (set, told) {
            let problem = "set, but the mailbox's source is not \"graph\"; write source = \"graph\" \
                           above, or remove [mailbox.graph]";
            section.fault(&origin, problem);
        }
    }
}

/// Graph must reach us, and over https; a stand-in on this very machine may do without.
fn reached(section: &mut Section<'_>, public: Option<&Url>) {
    let problem = match public {
        None => "true, but http.public_url is not set",
        Some(url) if url.scheme() != "https" && !is_loopback(url) => {
            "true, but http.public_url begins with http://"
        }
        Some(_) => return,
    };
    let mend = "set that to where Graph reaches ticketd over https, or this to false";
    section.unset("webhooks", format!("{problem}; {mend}"));
}

fn sign_in(section: &mut Section<'_>) -> Result<SignIn, Faulted> {
    let delegated = section.checked("sign_in", |text| match text {
        "device" => Ok(SignIn::Device),
        "code" => Ok(SignIn::Code),
        _ => Err(format!("{text:?} is none of its values; write device, code")),
    });
    let secret = section.secret_of(&["client_secret", "certificate"]);
    let key = section.secret("key");
    let (delegated, secret, key) = (delegated?, secret?, key?);
    let secret = secret.map(|(name, secret)| (name == "certificate", secret));
    match (delegated, secret, key) {
        (Some(sign_in), None, None) => Ok(sign_in),
        (None, Some((false, secret)), None) => Ok(SignIn::Secret(secret.text)),
        (None, Some((true, certificate)), Some(key)) => {
            certificate::checked(section, certificate, key)
        }
        (None, Some((true, _)), None) => {
            let problem = "not set; a certificate needs its private key, in PEM form";
            Err(section.unset("key_file", problem))
        }
        (None, None, Some(_)) => {
            let problem = "not set; key_file is the private key of a certificate";
            Err(section.unset("certificate_file", problem))
        }
        (None, Some(_), Some(_)) => {
            let problem = "set as well as a private key; remove one: ticketd proves who it is in \
                           one way";
            Err(section.unset("client_secret", problem))
        }
        (Some(_), ..) => {
            let problem = "set as well as a secret or a certificate; remove one: ticketd gets in \
                           as the application, or in somebody's name";
            Err(section.unset("sign_in", problem))
        }
        (None, None, None) => {
            let problem = "not set; set client_secret_file, certificate_file with key_file, or \
                           sign_in = \"device\" or \"code\", under [mailbox.graph]";
            Err(section.unset("client_secret_file", problem))
        }
    }
}

fn mark(section: &mut Section<'_>) -> Result<Mark, Faulted> {
    let category = section.checked("mark_category", forms::line);
    let folder = section.checked("mark_folder", forms::line);
    let kind = section.checked("mark", |text| match text {
        "none" | "read" | "category" | "move" => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is none of its values; write none, read, category, move")),
    });
    let kind = kind?;
    for (key, set, needs) in [
        ("mark_category", category != Ok(None), "category"),
        ("mark_folder", folder != Ok(None), "move"),
    ] {
        if set && kind.as_deref() != Some(needs) {
            let problem = format!("set, but mark is not {needs:?}; set that, or remove this");
            return Err(section.unset(key, problem));
        }
    }
    match kind.as_deref() {
        Some("read") => Ok(Mark::Read),
        Some("category") => match category? {
            Some(category) => Ok(Mark::Category(category)),
            None => Err(section.unset("mark_category", "not set; mark = \"category\" needs it")),
        },
        Some("move") => match folder? {
            Some(folder) => Ok(Mark::Move(folder)),
            None => Err(section.unset("mark_folder", "not set; mark = \"move\" needs it")),
        },
        _ => Ok(Mark::None),
    }
}

/// Secrets and mails go there: not in the clear, but to this very machine.
fn sealed(section: &mut Section<'_>, key: &'static str, url: Url) -> Result<Url, Faulted> {
    if url.scheme() == "https" || is_loopback(&url) {
        return Ok(url);
    }
    Err(section.unset(key, "begins with http://, so secrets would go unencrypted; write https://"))
}

fn tenant(text: &str) -> Result<String, String> {
    step(text, "write the tenant's id or a domain of it, such as contoso.example")
}

fn client_id(text: &str) -> Result<String, String> {
    step(text, "write the application's id, such as 24d3b144-21ae-4080-943f-7067b395b913")
}

/// A step of an address.
fn step(text: &str, what_to_do: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || !text.chars().all(letters) || text.contains("..") {
        return Err(what_to_do.to_owned());
    }
    Ok(text.to_owned())
}
