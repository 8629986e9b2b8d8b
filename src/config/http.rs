//! `[http]`: where ticketd listens.

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
        }
    }
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
