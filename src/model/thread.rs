//! Message-IDs of our own: whoever answers one of them proves by it that they saw a mail of that
//! case. The keyed digest in it cannot be made without the store's secret.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    ids::PostId,
    keys::{CaseId, EffectId, MailboxName},
    mail::{Email, MessageId},
};

/// The bytes of a store's secret.
pub const SECRET_LEN: usize = 32;
/// Bytes of the digest in an id: 2^64 tries are more than mail servers carry.
const DIGEST_LEN: usize = 8;

/// The key behind our Message-IDs and the digests of addresses. It lives in the store, sealed.
#[derive(Clone)]
pub struct ThreadSecret([u8; SECRET_LEN]);

impl ThreadSecret {
    /// A secret of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; SECRET_LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store.
    #[must_use]
    pub fn expose(&self) -> &[u8; SECRET_LEN] {
        &self.0
    }

    /// The Message-ID of the mail that this effect sends: the same for every try.
    #[must_use]
    pub fn message_id(&self, effect: EffectId, sender: &Email) -> MessageId {
        let digest: [u8; DIGEST_LEN] = self.digest("message-id", effect.to_string().as_bytes());
        let digest = base16ct::lower::encode_string(&digest);
        MessageId::made(format!("ticketd.{effect}.{digest}@{}", sender.domain()))
    }

    /// The mark of the post that this effect makes: the same for every try, and no other store's.
    #[must_use]
    pub fn post_mark(&self, effect: EffectId) -> String {
        let digest: [u8; 16] = self.digest("post", effect.to_string().as_bytes());
        base16ct::lower::encode_string(&digest)
    }

    /// The nonce of the ticket that is made of a post: the same whoever asks for it, and when.
    #[must_use]
    pub fn post_nonce(&self, post: &PostId) -> [u8; 16] {
        self.digest("ticket-of-post", post.as_str().as_bytes())
    }

    /// The mark of the issue of this case's ticket: the same for every try, and it tells the case.
    #[must_use]
    pub fn ticket_mark(&self, case: CaseId) -> String {
        let digest: [u8; DIGEST_LEN] = self.digest("ticket", case.to_string().as_bytes());
        format!("ticket-{case}-{}", base16ct::lower::encode_string(&digest))
    }

    /// The case of such a mark; `None` for any other.
    #[must_use]
    pub fn case_of_ticket(&self, mark: &str) -> Option<CaseId> {
        let (case, _) = mark.strip_prefix("ticket-")?.split_once('-')?;
        let case = CaseId::new(case.parse().ok()?)?;
        bool::from(self.ticket_mark(case).as_bytes().ct_eq(mark.as_bytes())).then_some(case)
    }

    /// The case of an id that we made; `None` for anybody else's, forged ones included.
    #[must_use]
    pub fn case_of(&self, id: &MessageId) -> Option<CaseId> {
        let (name, _) = id.as_str().split_once('@')?;
        let (effect, digest) = name.strip_prefix("ticketd.")?.rsplit_once('.')?;
        let effect = EffectId::parse(effect)?;
        let given = base16ct::lower::decode_vec(digest).ok()?;
        let ours: [u8; DIGEST_LEN] = self.digest("message-id", effect.to_string().as_bytes());
        bool::from(ours.as_slice().ct_eq(&given)).then_some(effect.case)
    }

    /// A short digest by which an address is counted and recognised without being readable.
    #[must_use]
    pub fn address(&self, email: &Email) -> u64 {
        u64::from_be_bytes(self.digest("address", email.as_str().as_bytes()))
    }

    /// A short digest of a sender with a subject.
    #[must_use]
    pub fn subject(&self, sender: &Email, normalised: &str) -> u64 {
        let text = format!("{sender}\0{normalised}");
        u64::from_be_bytes(self.digest("subject", text.as_bytes()))
    }

    /// What a mailbox's notices must repeat to be believed: 256 bits, in hexadecimal.
    #[must_use]
    pub fn client_state(&self, mailbox: &MailboxName) -> SecretString {
        let digest: [u8; 32] = self.digest("client-state", mailbox.as_str().as_bytes());
        base16ct::lower::encode_string(&digest).into()
    }

    pub(super) fn digest<const LEN: usize>(&self, purpose: &str, text: &[u8]) -> [u8; LEN] {
        let mut digest = [0; LEN];
        // Takes keys of any length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(purpose.as_bytes());
            mac.update(&[0]);
            mac.update(text);
            digest.copy_from_slice(&mac.finalize().into_bytes()[..LEN]);
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Lane;

    #[test]
    fn our_own_ids_are_recognised_and_forged_ones_are_not() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let sender = Email::parse("support@example.org").unwrap();
        let case = CaseId::new(17).unwrap();
        let id = secret.message_id(EffectId { case, lane: Lane::Desk, step: 3 }, &sender);
        assert_eq!(secret.case_of(&id), Some(case));
        // A relay may rewrite what stands behind the `@`.
        let moved = id.as_str().replace("example.org", "relay.example");
        assert_eq!(secret.case_of(&MessageId::parse(&moved).unwrap()), Some(case));
        let other = ThreadSecret::new([8; SECRET_LEN]);
        assert_eq!(other.case_of(&id), None);
        for forged in [
            id.as_str().replace("17.3", "18.3"),
            id.as_str().replace("17.3", "17.4"),
            "ticketd.17.3.@example.org".into(),
            "ticketd.17.3.zz@example.org".into(),
            "ticketd.17.3@example.org".into(),
            "someone@example.org".into(),
        ] {
            assert_eq!(secret.case_of(&MessageId::parse(&forged).unwrap()), None, "{forged}");
        }
    }

    #[test]
    fn the_mark_of_a_tickets_issue_tells_its_case() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let case = CaseId::new(17).unwrap();
        let mark = secret.ticket_mark(case);
        assert_eq!(secret.case_of_ticket(&mark), Some(case));
        for other in ["ticket-17-", "ticket-17", "mail-17-x", &mark.replace("17", "18")] {
            assert_eq!(secret.case_of_ticket(other), None, "{other}");
        }
    }

    #[test]
    fn a_posts_nonce_follows_from_the_post_alone() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let post = |letter: &str| PostId::parse(&letter.repeat(26)).unwrap();
        assert_eq!(secret.post_nonce(&post("a")), secret.post_nonce(&post("a")));
        assert_ne!(secret.post_nonce(&post("a")), secret.post_nonce(&post("b")));
        let other = ThreadSecret::new([8; SECRET_LEN]);
        assert_ne!(secret.post_nonce(&post("a")), other.post_nonce(&post("a")));
    }

    #[test]
    fn digests_differ_by_purpose() {
        let secret = ThreadSecret::new([7; SECRET_LEN]);
        let alice = Email::parse("alice@example.org").unwrap();
        assert_eq!(secret.address(&alice), secret.address(&alice));
        assert_ne!(secret.address(&alice), secret.subject(&alice, ""));
    }
}
