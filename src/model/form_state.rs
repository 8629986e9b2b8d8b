//! What a form carries while it is open, and what a button carries for ever: signed, so that what
//! comes back is what was sent out.
//!
//! Mattermost passes both through its clients, and anybody who is logged in can post either. The
//! signature stands and falls with the store's secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{
    discreet::discreet,
    ids::{ChannelId, ResponseHook, TeamId},
    keys::CaseId,
    thread::ThreadSecret,
    ticket::Person,
};

/// What a form was opened for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormState {
    /// It is taken once.
    pub nonce: [u8; 16],
    /// The form's name; empty for the one without.
    pub form: String,
    /// Who opened it.
    pub user: Person,
    /// Where.
    pub team: TeamId,
    /// Where.
    pub channel: ChannelId,
    /// Where the confirmation goes.
    pub hook: Option<ResponseHook>,
    /// Not taken after this time.
    pub expires: Timestamp,
}

discreet!(FormState { form, user, team, channel, expires });

/// Why a state is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFault {
    /// It was not signed by this store.
    Forged,
    /// It was given to somebody else.
    Foreign,
    /// It is too old.
    Expired,
}

impl StateFault {
    /// A word for the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
        }
    }
}

impl ThreadSecret {
    /// The state as a form carries it.
    #[must_use]
    pub fn sign_state(&self, state: &FormState) -> String {
        let payload = serde_json::to_vec(state).unwrap_or_default();
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let signature: [u8; 32] = self.digest("form-state", payload.as_bytes());
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The state that `user` brings back at `now`.
    ///
    /// # Errors
    /// [`StateFault`] for one that is not this user's, not ours, or too old.
    pub fn read_state(
        &self,
        text: &str,
        user: &super::ids::UserId,
        now: Timestamp,
    ) -> Result<FormState, StateFault> {
        let (payload, signature) = text.split_once('.').ok_or(StateFault::Forged)?;
        let expected: [u8; 32] = self.digest("form-state", payload.as_bytes());
        let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| StateFault::Forged)?;
        if !bool::from(expected.as_slice().ct_eq(&given)) {
            return Err(StateFault::Forged);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| StateFault::Forged)?;
        let state: FormState = serde_json::from_slice(&payload).map_err(|_| StateFault::Forged)?;
        if state.user.id != *user {
            return Err(StateFault::Foreign);
        }
        if state.expires <= now {
            return Err(StateFault::Expired);
        }
        Ok(state)
    }

    /// What the button of a case's post carries, to prove that it is one of ours.
    #[must_use]
    pub fn sign_button(&self, case: CaseId, action: &str) -> String {
        let digest: [u8; 16] = self.digest("button", format!("{case} {action}").as_bytes());
        base16ct::lower::encode_string(&digest)
    }

    /// Whether a button of this case's post was made by us.
    #[must_use]
    pub fn knows_button(&self, case: CaseId, action: &str, signature: &str) -> bool {
        bool::from(self.sign_button(case, action).as_bytes().ct_eq(signature.as_bytes()))
    }

    /// The part of a path that nobody guesses; the same for as long as the store lives.
    #[must_use]
    pub fn path(&self, purpose: &str) -> SecretString {
        let digest: [u8; 16] = self.digest("path", purpose.as_bytes());
        base16ct::lower::encode_string(&digest).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ids::UserId, thread::SECRET_LEN};

    fn user(letter: &str) -> UserId {
        UserId::parse(&letter.repeat(26)).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn state() -> FormState {
        FormState {
            nonce: [9; 16],
            form: "network".into(),
            user: Person { id: user("a"), name: "ann".into() },
            team: TeamId::parse(&"t".repeat(26)).unwrap(),
            channel: ChannelId::parse(&"c".repeat(26)).unwrap(),
            hook: ResponseHook::parse(&format!("https://x/hooks/commands/{}", "h".repeat(26))),
            expires: at(100),
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_and_to_its_user_only() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let text = secret.sign_state(&state());
        assert_eq!(secret.read_state(&text, &user("a"), at(99)), Ok(state()));
        assert_eq!(secret.read_state(&text, &user("b"), at(99)), Err(StateFault::Foreign));
        assert_eq!(secret.read_state(&text, &user("a"), at(100)), Err(StateFault::Expired));
        let other = ThreadSecret::new([8; SECRET_LEN]);
        assert_eq!(other.read_state(&text, &user("a"), at(1)), Err(StateFault::Forged));
    }

    #[test]
    fn whatever_is_changed_in_a_state_it_is_forged() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let text = secret.sign_state(&state());
        for at_byte in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            // The last letter of base64 has bits that mean nothing, and must not be taken either.
            assert_eq!(secret.read_state(&forged, &user("a"), at(1)), Err(StateFault::Forged));
        }
        for forged in ["", ".", "x.y", "e30.", text.split_once('.').unwrap().0] {
            assert_eq!(secret.read_state(forged, &user("a"), at(1)), Err(StateFault::Forged));
        }
    }

    #[test]
    fn a_button_belongs_to_its_case_and_its_action() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let (one, two) = (CaseId::first(), CaseId::first().next());
        let signature = secret.sign_button(one, "take");
        assert!(secret.knows_button(one, "take", &signature));
        assert!(!secret.knows_button(two, "take", &signature));
        assert!(!secret.knows_button(one, "resolve", &signature));
        assert!(!secret.knows_button(one, "take", ""));
    }
}
