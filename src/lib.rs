//! **ticketd**: one daemon between a mailbox, a Mattermost and the ticket trackers.
//!
//! One way of flow, `http → actors → clients | store → model`; a module uses only what stands to
//! its right, and `tests/tidy.rs` keeps it so. `config`, `secret`, `clock`, `telemetry`, `locale`,
//! `health` and `failpoint` are leaves that every room may use. Answers travel back in reply
//! ports, never by calling leftwards.

pub mod actors;
pub mod app;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod failpoint;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod locale;
pub mod model;
pub mod sandbox;
pub mod secret;
pub mod store;
pub mod telemetry;

/// Sets up what a process needs once: the TLS provider. Safe to call again.
pub fn prepare_process() {
    // Fails only if there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
