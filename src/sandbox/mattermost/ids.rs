//! Ids as Mattermost makes them, and trigger ids: signed, valid for three seconds, for as many
//! dialogs as fit into that time (recorded).

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::error::Refusal;
use crate::clock;
use crate::sandbox::wire::lock;

/// How long a trigger id opens dialogs.
const TRIGGER_LIFE: Duration = Duration::from_secs(3);

/// A new id: 26 characters of z-base-32.
pub(super) fn new_id() -> String {
    const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
    let number = Uuid::new_v4().as_u128();
    (0..26u32)
        .map(|at| {
            // 26 × 5 = 130 bits: the last character holds three of the 128 and two zeroes.
            let five = if at == 25 { number << 2 } else { number >> (123 - 5 * at) };
            char::from(ALPHABET[usize::from((five & 31) as u8)])
        })
        .collect()
}

/// Issues trigger ids and takes them back.
pub(super) struct Triggers {
    secret: String,
    /// Both clocks at the start: a trigger holds wall time, its age runs on tokio's clock.
    wall: Timestamp,
    start: Instant,
    /// In which channel each was caused: the server does not know, the user's client does.
    places: Mutex<HashMap<String, String>>,
}

impl Triggers {
    pub(super) fn new() -> Self {
        let (secret, places) = (new_id(), Mutex::default());
        Self { secret, wall: clock::now(), start: Instant::now(), places }
    }

    /// `base64(id:user:milliseconds:signature)`.
    pub(super) fn issue(&self, user_id: &str, channel_id: &str) -> String {
        let id = new_id();
        let signed = format!("{id}:{user_id}:{}", self.now());
        lock(&self.places).insert(id, channel_id.to_owned());
        STANDARD.encode(format!("{signed}:{}", self.sign(&signed)))
    }

    /// The user of a valid trigger id, and the id of the channel they were in.
    ///
    /// # Errors
    /// Mattermost's refusals of one that is no base64, incomplete, forged or too old.
    pub(super) fn redeem(&self, trigger_id: &str) -> Result<(String, String), Refusal> {
        let refuse =
            |id, message: &str, detail: String| Err(Refusal::new(400, id, message, detail));
        let Ok(bytes) = STANDARD.decode(trigger_id) else {
            // Go names the start of the group of four that it could not read.
            let at = trigger_id.len() / 4 * 4;
            return refuse(
                "interactive_message.decode_trigger_id.base64_decode_failed",
                "Failed to decode base64 for trigger ID for interactive dialog.",
                format!("illegal base64 data at input byte {at}"),
            );
        };
        let text = String::from_utf8_lossy(&bytes);
        let parts: Vec<&str> = text.split(':').collect();
        let [id, user, at, signature] = parts.as_slice() else {
            return refuse(
                "interactive_message.decode_trigger_id.missing_data",
                "Trigger ID missing required data for interactive dialog.",
                String::new(),
            );
        };
        let age = at.parse::<i64>().map_or(i64::MAX, |at| self.now().saturating_sub(at));
        if Duration::from_millis(u64::try_from(age).unwrap_or(0)) > TRIGGER_LIFE {
            return refuse(
                "interactive_message.decode_trigger_id.expired",
                "Trigger ID for interactive dialog is expired. Trigger IDs live for a maximum of 3 \
                 seconds.",
                String::new(),
            );
        }
        if *signature != self.sign(&format!("{id}:{user}:{at}")) {
            return refuse(
                "interactive_message.decode_trigger_id.verify_signature_failed",
                "Signature verification failed of trigger ID for interactive dialog.",
                String::new(),
            );
        }
        let place = lock(&self.places).get(*id).cloned().unwrap_or_default();
        Ok(((*user).to_owned(), place))
    }

    fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.wall.as_millisecond().saturating_add(elapsed)
    }

    fn sign(&self, signed: &str) -> String {
        STANDARD.encode(Sha256::digest(format!("{}:{signed}", self.secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_mattermosts() {
        let ids = [new_id(), new_id()];
        assert_ne!(ids[0], ids[1]);
        assert!(
            ids.iter().all(|id| id.len() == 26 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_trigger_lives_three_seconds_and_is_signed() {
        let triggers = Triggers::new();
        let trigger = triggers.issue("u", "c");
        assert!(triggers.redeem(&trigger).is_ok_and(|it| it == ("u".into(), "c".into())));
        assert!(Triggers::new().redeem(&trigger).is_err(), "signed by another server");
        tokio::time::advance(Duration::from_millis(2_500)).await;
        assert!(triggers.redeem(&trigger).is_ok(), "twice, and after 2.5 s");
        tokio::time::advance(Duration::from_millis(700)).await;
        assert!(triggers.redeem(&trigger).is_err(), "after 3.2 s");
    }
}
