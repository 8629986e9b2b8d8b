//! `[http]`: where ticketd listens, and where its API for tickets stands.

use std::net::{Ipv4Addr, SocketAddr};

use url::{Host, Url};

use super::section::Section;

/// The front door.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where ticketd listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where Mattermost reaches ticketd, ending in `/`; without it there are no dialogs.
    pub public_url: Option<Url>,
    /// The path under which the API for tickets stands: begins with `/` and does not end so.
    pub context: String,
    /// The origins whose pages may use the API from a browser, or `*` for all.
    pub cors_origins: Vec<String>,
}

impl Http {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let listen = section.parsed("listen", |text| {
            text.parse().map_err(|_| {
                format!("{text:?} is no IP address with a port; write one like 127.0.0.1:8080")
            })
        });
        Self {
            listen: listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            public_url: section.url("public_url"),
            context: section
                .parsed("context", context)
                .unwrap_or_else(|| "/api/tickets/v1".to_owned()),
            cors_origins: section.list("cors_origins", origin),
        }
    }
}

fn context(text: &str) -> Result<String, String> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(letter) && part.bytes().any(|b| b != b'.')
    };
    let kept = text.trim_end_matches('/');
    let sound = kept.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part));
    if sound {
        return Ok(kept.to_owned());
    }
    Err("write a path of letters, digits and -._~, such as \"/api/tickets/v1\"".to_owned())
}

/// As a browser says it in `Origin`: a scheme, a host, a port if it is not the usual one.
fn origin(text: &str) -> Result<String, String> {
    let wrong = || "write an origin such as https://portal.example.org, or * for all".to_owned();
    if text == "*" {
        return Ok(text.to_owned());
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    let bare = origin == text.trim_end_matches('/').to_lowercase();
    if matches!(url.scheme(), "http" | "https") && bare { Ok(origin) } else { Err(wrong()) }
}

/// Whether `url` names this very machine: what goes there meets no proxy and no wire-tapper.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_a_path_and_an_origin_is_what_a_browser_says() {
        for (text, kept) in [
            ("/api/tickets/v1", Some("/api/tickets/v1")),
            ("/api/", Some("/api")),
            ("/", None),
            ("api", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/a/{x}", None),
            ("/a b", None),
        ] {
            assert_eq!(context(text).ok().as_deref(), kept, "{text:?}");
        }
        for (text, kept) in [
            ("https://portal.example.org", Some("https://portal.example.org")),
            ("https://Portal.Example.org/", Some("https://portal.example.org")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("*", Some("*")),
            ("https://portal.example.org/path", None),
            ("https://user@portal.example.org", None),
            ("null", None),
            ("ftp://portal.example.org", None),
            ("portal.example.org", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), kept, "{text:?}");
        }
    }
}
