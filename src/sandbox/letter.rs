//! Mail as the stand-ins of mail servers read and write it. What cannot be read is text.

pub(super) mod header;
pub(super) mod mail;
pub(super) mod mime;
pub(super) mod outgoing;
pub(super) mod text;
