//! **ticketd**: one daemon between a mailbox, a Mattermost and the ticket trackers.
//!
//! One way of flow, `http → actors → clients | store → model`; a module uses only what stands to
//! its right, and `tests/tidy.rs` keeps it so. `config`, `secret`, `clock`, `telemetry`, `locale`,
//! `health` and `failpoint` are leaves that every room may use. Answers travel back in reply
//! ports, never by calling leftwards.

pub mod clock;
pub mod config;
pub mod locale;
pub mod model;
pub mod sandbox;
pub mod secret;
pub mod store;
pub mod telemetry;
