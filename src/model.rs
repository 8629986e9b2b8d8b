//! Pure types and rules: no I/O, no clock, no tokio.

pub mod command;
pub mod ids;
pub mod login;
pub mod redmine;
pub mod render;
pub mod words;
