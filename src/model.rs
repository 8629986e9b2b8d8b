//! Pure types and rules: no I/O, no clock, no tokio.

pub mod automatic;
pub mod command;
pub mod ids;
pub mod jira;
pub mod jira_hook;
pub mod keys;
pub mod login;
pub mod mail;
pub mod redmine;
pub mod render;
pub mod words;
