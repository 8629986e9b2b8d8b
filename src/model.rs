//! Pure types and rules: no I/O, no clock, no tokio.

pub mod automatic;
pub mod case;
pub mod command;
<<<<<<< HEAD
pub mod desk;
pub mod effect;
pub mod filter;
=======
pub(crate) mod html;
>>>>>>> refs/heads/words
pub mod ids;
pub mod issue_text;
pub mod keys;
pub mod login;
pub mod mail;
pub mod mail_text;
pub mod quote;
pub mod redmine;
pub mod render;
<<<<<<< HEAD
pub mod thread;
=======
pub mod wiki;
>>>>>>> refs/heads/words
pub mod words;
