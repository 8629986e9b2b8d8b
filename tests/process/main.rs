//! The real binary as its operator and its users meet it: signals, crashes, failing actors,
//! hostile peers, lost keys. The services behind it are the stand-ins, in the test's own process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first fault and says what it measured"
)]

mod authorize;
mod check;
mod daemon;
mod desk;
mod door;
mod forerunner_api;
mod keys;
mod kill;
mod lifecycle;
mod post;
mod secrets;
mod site;
mod start;
mod supervision;
mod ticket_secrets;
mod tickets;
mod tokens;
