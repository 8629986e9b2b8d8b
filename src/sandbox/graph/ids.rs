//! The ids of messages, folders and attachments, in both of Graph's forms: one that changes when
//! a message moves, and with `Prefer: IdType="ImmutableId"` one that does not ("Obtain immutable
//! identifiers for Outlook resources"). A request may name a message by either.

use super::error::Refusal;

const MUTABLE: &str = "AAMkAD";
const IMMUTABLE: &str = "AAkALgAAAAAAHYQD";
const END: &str = "AAA=";

pub(super) struct Ids {
    /// So that the ids of another run are unknown.
    salt: String,
}

/// A message as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) mailbox: usize,
    pub(super) number: u32,
    /// How often it had been moved then; `None` for the immutable form.
    pub(super) moves: Option<u32>,
}

impl Ids {
    pub(super) fn new() -> Self {
        let mut salt = uuid::Uuid::new_v4().simple().to_string();
        salt.truncate(8);
        Self { salt }
    }

    fn stem(&self, mailbox: usize, number: u32, moves: Option<u32>) -> String {
        match moves {
            Some(moves) => format!("{MUTABLE}{}{mailbox:02x}{number:08x}{moves:04x}", self.salt),
            None => format!("{IMMUTABLE}{}{mailbox:02x}{number:08x}", self.salt),
        }
    }

    pub(super) fn message(&self, mailbox: usize, number: u32, moves: Option<u32>) -> String {
        self.stem(mailbox, number, moves) + END
    }

    /// # Errors
    /// 400 for what can be no id.
    pub(super) fn named(&self, id: &str) -> Result<Named, Refusal> {
        self.parse(id)
            .ok_or_else(|| Refusal::new(400, "ErrorInvalidIdMalformed", "Id is malformed."))
    }

    fn parse(&self, id: &str) -> Option<Named> {
        let id = id.strip_suffix(END)?;
        let (immutable, rest) = match id.strip_prefix(IMMUTABLE) {
            Some(rest) => (true, rest),
            None => (false, id.strip_prefix(MUTABLE)?),
        };
        let rest = rest.strip_prefix(self.salt.as_str())?;
        let digits = rest.len() == if immutable { 10 } else { 14 };
        let hex = |from: usize, to: usize| u32::from_str_radix(rest.get(from..to)?, 16).ok();
        let mailbox = hex(0, 2).filter(|_| digits)? as usize;
        let moves = if immutable { None } else { Some(hex(10, 14)?) };
        Some(Named { mailbox, number: hex(2, 10)?, moves })
    }

    /// The id of an attachment: that of its message, and its own number.
    pub(super) fn attachment(message: &str, number: u32) -> String {
        format!("{}ABEgAQ{number:04x}=", message.trim_end_matches(END))
    }

    pub(super) fn attachment_number(id: &str) -> Option<u32> {
        let (_, number) = id.strip_suffix('=')?.rsplit_once("ABEgAQ")?;
        u32::from_str_radix(number, 16).ok()
    }

    pub(super) fn folder(&self, mailbox: usize, folder: usize) -> String {
        format!("{MUTABLE}{}{mailbox:02x}FOLDER{folder:02x}{END}", self.salt)
    }
}
