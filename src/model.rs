//! Pure types and rules: no I/O, no clock, no tokio.

pub mod ids;
pub mod login;
