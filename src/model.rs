//! Pure types and rules: no I/O, no clock, no tokio.

pub mod automatic;
pub mod case;
pub mod command;
pub mod desk;
pub(crate) mod discreet;
pub mod effect;
pub mod filter;
pub mod form;
pub mod graph_hook;
pub(crate) mod html;
pub mod ids;
pub mod issue_text;
pub mod jira;
pub mod jira_hook;
pub mod keys;
pub mod login;
pub mod mail;
pub mod mail_text;
pub mod post;
pub mod quote;
pub mod redmine;
pub mod render;
pub mod thread;
pub mod ticket;
pub mod wiki;
pub mod words;
