//! The front door: bare hyper, HTTP/1.1 (a reverse proxy speaks that to us).
//!
//! Every request goes the same way: bounded body, who are you, parse, ask an actor, in time. Load
//! is shed here, because nothing behind the door refuses work.

mod body;
mod context;
mod error;
mod health;
mod login_form;
mod reply;
mod request_id;
mod router;
mod server;
mod slash_redmine;

pub use context::{Context, Doorkeeping};
pub use server::{FrontDoor, bind};
