//! Pure types and rules: no I/O, no clock, no tokio.

pub mod automatic;
pub mod command;
pub(crate) mod html;
pub mod ids;
pub mod issue_text;
pub mod keys;
pub mod login;
pub mod mail;
pub mod mail_text;
pub mod quote;
pub mod redmine;
pub mod render;
pub mod wiki;
pub mod words;
