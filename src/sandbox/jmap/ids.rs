//! The ids that the stand-in gives out, in Cyrus' shapes. They hold the number of what they name,
//! mixed so that their order says nothing, and a salt, so that those of another run are unknown.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub(super) struct Ids {
    salt: u64,
}

const MIX: u32 = 0x9E37_79B1;
const UNMIX: u32 = inverse(MIX);

/// The number that undoes a multiplication by an odd one, modulo 2³² (Newton's way).
const fn inverse(odd: u32) -> u32 {
    let mut found = odd;
    let mut round = 0;
    while round < 5 {
        found = found.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(found)));
        round += 1;
    }
    found
}

impl Ids {
    pub(super) fn new() -> Self {
        Self { salt: uuid::Uuid::new_v4().as_u64_pair().1 }
    }

    fn tail(&self, number: u32) -> String {
        format!("{:016x}{:08x}", self.salt, number.wrapping_add(1).wrapping_mul(MIX))
    }

    fn number(&self, tail: &str) -> Option<u32> {
        let (salt, number) = tail.split_at_checked(16)?;
        let ours = number.len() == 8 && u64::from_str_radix(salt, 16) == Ok(self.salt);
        let number = u32::from_str_radix(number, 16).ok()?;
        ours.then_some(number.wrapping_mul(UNMIX).wrapping_sub(1))
    }

    pub(super) fn email(&self, number: u32) -> String {
        "M".to_owned() + &self.tail(number)
    }

    pub(super) fn email_number(&self, id: &str) -> Option<u32> {
        self.number(id.strip_prefix('M')?)
    }

    pub(super) fn thread(&self, number: u32) -> String {
        "T".to_owned() + &self.tail(number)
    }

    pub(super) fn thread_number(&self, id: &str) -> Option<u32> {
        self.number(id.strip_prefix('T')?)
    }

    /// Part 0 is the whole message; the parts of the MIME tree count from 1.
    pub(super) fn blob(&self, email: u32, part: usize) -> String {
        format!("G{}{part:016x}", self.tail(email))
    }

    pub(super) fn blob_number(&self, id: &str) -> Option<(u32, usize)> {
        let (tail, part) = id.strip_prefix('G')?.split_at_checked(24)?;
        Some((self.number(tail)?, usize::from_str_radix(part, 16).ok()?))
    }
}

/// The id of an uploaded blob is that of its content.
pub(super) fn upload(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest[..20].iter().fold("G".to_owned(), |mut id, byte| {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[test]
fn ids_lead_back_to_their_numbers() {
    let (ids, other) = (Ids::new(), Ids::new());
    for number in [0, 1, 2, 99_999, u32::MAX] {
        assert_eq!(ids.email_number(&ids.email(number)), Some(number));
        assert_eq!(ids.thread_number(&ids.thread(number)), Some(number));
        assert_eq!(ids.blob_number(&ids.blob(number, 3)), Some((number, 3)));
        assert_eq!(other.email_number(&ids.email(number)), None);
    }
    for wrong in ["", "M", "G", "Mäöü", "M0123456789abcdef", "Gdeadbeef"] {
        assert_eq!((ids.email_number(wrong), ids.blob_number(wrong)), (None, None), "{wrong}");
    }
}
