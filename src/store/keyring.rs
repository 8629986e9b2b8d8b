//! The master keys: which one seals new rows, and which only open old ones.
//!
//! A key is 32 random bytes, written as 64 hex digits. Both the key that seals and the id that
//! names it in a row's header are derived from it, so nobody has to name keys. Parsing fails with
//! the number of the line at fault, never with its text.

use std::fmt;

use chacha20poly1305::Key;
use chacha20poly1305::aead::Generate;
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a master key.
const KEY_LEN: usize = 32;

/// The name of a master key: 8 bytes derived from it one way, safe to print.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    pub(super) const LEN: usize = 8;

    pub(super) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LEN];
        let decoded = base16ct::lower::decode(text, &mut bytes).ok()?;
        (decoded.len() == Self::LEN).then_some(Self(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One master key with what is derived from it; wiped when dropped.
#[derive(Clone)]
struct MasterKey {
    id: KeyId,
    master: Zeroizing<[u8; KEY_LEN]>,
    data: Zeroizing<[u8; KEY_LEN]>,
}

impl MasterKey {
    fn new(master: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"ticketd store 1"), master.as_slice());
        let id = KeyId(*derive::<{ KeyId::LEN }>(&hkdf, b"key id"));
        let data = derive::<KEY_LEN>(&hkdf, b"data key");
        Self { id, master, data }
    }
}

fn derive<const N: usize>(hkdf: &Hkdf<Sha256>, info: &[u8]) -> Zeroizing<[u8; N]> {
    // The one failure of `expand` is a wish for more than 255 hashes: ruled out when compiling.
    const { assert!(N <= 255 * 32) };
    let mut out = Zeroizing::new([0; N]);
    let _fits = hkdf.expand(info, out.as_mut_slice());
    out
}

/// The master keys of a store. The first is *current*: it seals every new row. The others only
/// open rows that were sealed before a rotation.
#[derive(Clone)]
pub struct Keyring {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl Keyring {
    /// Reads a keyring: one key a line, each 64 hex digits; blank lines and lines that begin with
    /// `#` are skipped. The first key is current.
    ///
    /// # Errors
    /// [`KeyFault`] if a line is no key or there is none; it never holds the line's text.
    pub fn parse(text: &SecretString) -> Result<Self, KeyFault> {
        let mut keys = Vec::new();
        for (index, line) in text.expose_secret().lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut master = Zeroizing::new([0; KEY_LEN]);
            match base16ct::mixed::decode(line, master.as_mut_slice()) {
                Ok(decoded) if decoded.len() == KEY_LEN => keys.push(MasterKey::new(master)),
                _ => return Err(KeyFault::NotAKey { line: index + 1 }),
            }
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(KeyFault::Empty)?;
        Ok(Self { current, older: keys.collect() })
    }

    /// Makes a keyring of one fresh key from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        Self { current: fresh(), older: Vec::new() }
    }

    /// The same keys behind a fresh one, which is current from now on: the first step of a
    /// rotation. [`Store::reseal`](super::Store::reseal) is the second.
    #[must_use]
    pub fn with_new_current(&self) -> Self {
        let older = std::iter::once(&self.current).chain(&self.older).cloned().collect();
        Self { current: fresh(), older }
    }

    /// The current key as a line of a key file, without a line end.
    #[must_use]
    pub fn current_line(&self) -> SecretString {
        base16ct::lower::encode_string(self.current.master.as_slice()).into()
    }

    /// The id of the key that seals new rows.
    #[must_use]
    pub fn current_id(&self) -> KeyId {
        self.current.id
    }

    /// Whether there are keys besides the current one: a rotation may be unfinished.
    #[must_use]
    pub fn has_older(&self) -> bool {
        !self.older.is_empty()
    }

    /// Whether the keyring holds the key named `id`.
    #[must_use]
    pub fn holds(&self, id: KeyId) -> bool {
        self.data_key(id).is_some()
    }

    pub(super) fn data_key(&self, id: KeyId) -> Option<&[u8; KEY_LEN]> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == id)
            .map(|key| &*key.data)
    }
}

fn fresh() -> MasterKey {
    let mut key = Key::generate();
    let mut master = Zeroizing::new([0; KEY_LEN]);
    master.copy_from_slice(&key);
    zeroize::Zeroize::zeroize(key.as_mut_slice());
    MasterKey::new(master)
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entry(&self.current.id).entries(self.older.iter().map(|key| key.id)).finish()
    }
}

/// Why a text is no keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No line holds a key.
    #[error("no master key; make one with `ticketd keys generate`")]
    Empty,
    /// A line is not 64 hex digits.
    #[error(
        "line {line} of the master keys is not 64 hex digits; `ticketd keys generate` makes a key"
    )]
    NotAKey {
        /// The line's number, from 1.
        line: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const B: &str = "FF0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

    fn parse(text: &str) -> Result<Keyring, KeyFault> {
        Keyring::parse(&text.into())
    }

    #[test]
    fn the_first_key_is_current_and_the_others_are_held() {
        let ring = parse(&format!("# new\n\n  {A}  \r\n{B}\n")).unwrap();
        assert_eq!(ring.current_line().expose_secret(), A);
        assert_eq!(ring.current_id(), parse(A).unwrap().current_id());
        assert!(ring.holds(parse(B).unwrap().current_id()));
        assert!(!parse(A).unwrap().holds(parse(B).unwrap().current_id()));
    }

    #[test]
    fn a_fault_names_the_line_and_never_its_text() {
        for (text, fault) in [
            ("", KeyFault::Empty),
            ("# only words\n", KeyFault::Empty),
            (&A[1..], KeyFault::NotAKey { line: 1 }),
            (&format!("{A}\n{A}{A}"), KeyFault::NotAKey { line: 2 }),
            (&format!("{A}\n\n{}zz", &A[2..]), KeyFault::NotAKey { line: 3 }),
        ] {
            let found = parse(text).unwrap_err();
            assert_eq!(found, fault, "{text:?}");
            assert!(!found.to_string().contains("0405"));
        }
    }

    #[test]
    fn an_id_is_derived_and_reads_back() {
        // Fixed for ever: a change would make every store refuse its key.
        let id = parse(A).unwrap().current_id();
        assert_eq!(id.to_string(), "801e1fdce9ba78f6");
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        for bad in ["", "00", "zz01020304050607", "0001020304050607ff"] {
            assert_eq!(KeyId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_new_current_key_keeps_the_old_ones() {
        let old = Keyring::generate();
        let new = old.with_new_current();
        assert_ne!(new.current_id(), old.current_id());
        assert!(new.holds(old.current_id()));
    }

    #[test]
    fn debug_shows_ids_only() {
        let shown = format!("{:?}", parse(A).unwrap());
        assert!(!shown.contains("0405"), "{shown}");
    }
}
