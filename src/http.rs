//! The front door: bare hyper, HTTP/1.1 (a reverse proxy speaks that to us).
//!
//! Every request goes the same way: bounded body, who are you, parse, ask an actor, in time. Load
//! is shed here, because nothing behind the door refuses work.

mod api;
mod body;
mod context;
mod control;
mod error;
mod health;
mod hook_graph;
mod hook_jira;
mod login_form;
mod reply;
mod request_id;
mod router;
mod server;
mod slash;
mod slash_redmine;
mod slash_ticket;
mod ticket_button;
mod ticket_form;

pub use api::{Api, description};
pub use context::{Context, Doorkeeping, JiraHook, Tickets};
pub use control::{Control, socket_of};
pub use server::{FrontDoor, bind};
