//! Sealing: what makes a row unreadable without its key, and bound to its place.
//!
//! A sealed row is `version (1) | key id (8) | nonce (24) | XChaCha20-Poly1305 ciphertext`. The
//! associated data is the tree's name, a zero byte and the row's key, so a row copied to another
//! key or tree does not open. The nonce is random: at 192 bits it never meets itself.

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::keyring::{KeyId, Keyring};

/// The only layout so far.
const LAYOUT: u8 = 1;
const NONCE_LEN: usize = 24;
/// Bytes that a seal adds to a row: the header and the cipher's tag.
pub(super) const OVERHEAD: usize = 1 + KeyId::LEN + NONCE_LEN + 16;

/// Why a sealed row does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// Shorter than the header, or of a layout that this version does not know.
    #[error("the row is not sealed in a layout that this version of ticketd knows")]
    Layout,
    /// Its key is not in the keyring.
    #[error("the row was sealed with key {0}, which is not among the master keys")]
    KeyMissing(KeyId),
    /// The text was changed, or belongs to another row.
    #[error("the row was changed or moved from another place: its seal is broken")]
    Broken,
}

/// Seals `plain` under the current key. Rows are bounded far below the cipher's limit of 256 GiB,
/// its only fault.
pub(super) fn seal(
    keys: &Keyring,
    tree: &str,
    row: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealFault> {
    seal_with(keys, keys.current_id(), tree, row, plain)
}

/// As [`seal`], under the key named `id`.
pub(super) fn seal_with(
    keys: &Keyring,
    id: KeyId,
    tree: &str,
    row: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealFault> {
    let nonce = XNonce::generate();
    let ciphertext = cipher(keys, id)?
        .encrypt(&nonce, Payload { msg: plain, aad: &place(tree, row) })
        .map_err(|_| SealFault::Layout)?;
    let mut sealed = Vec::with_capacity(1 + KeyId::LEN + NONCE_LEN + ciphertext.len());
    sealed.push(LAYOUT);
    sealed.extend_from_slice(id.as_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

pub(super) fn open(
    keys: &Keyring,
    tree: &str,
    row: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealFault> {
    let (id, rest) = split(sealed).ok_or(SealFault::Layout)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealFault::Layout)?;
    cipher(keys, id)?
        .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &place(tree, row) })
        .map(Zeroizing::new)
        .map_err(|_| SealFault::Broken)
}

/// The key that a row was sealed with, read from its header.
pub(super) fn key_id(sealed: &[u8]) -> Option<KeyId> {
    split(sealed).map(|(id, _)| id)
}

fn split(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    let rest = sealed.strip_prefix(&[LAYOUT])?;
    let (id, rest) = rest.split_first_chunk()?;
    Some((KeyId::from_bytes(*id), rest))
}

fn cipher(keys: &Keyring, id: KeyId) -> Result<XChaCha20Poly1305, SealFault> {
    let key = keys.data_key(id).ok_or(SealFault::KeyMissing(id))?;
    Ok(XChaCha20Poly1305::new(<&Key>::from(key)))
}

fn place(tree: &str, row: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), &[0], row].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_opens_only_at_its_place() {
        let keys = Keyring::generate();
        let sealed = seal(&keys, "logins", b"alice", b"plain").unwrap();
        assert_eq!(open(&keys, "logins", b"alice", &sealed).unwrap().as_slice(), b"plain");
        for (tree, row) in [("logins", "bob"), ("cases", "alice"), ("loginsa", "lice"), ("", "")] {
            assert_eq!(
                open(&keys, tree, row.as_bytes(), &sealed).unwrap_err(),
                SealFault::Broken,
                "{tree} {row}"
            );
        }
    }

    #[test]
    fn another_key_is_named() {
        let keys = Keyring::generate();
        let sealed = seal(&keys, "t", b"k", b"plain").unwrap();
        assert_eq!(key_id(&sealed), Some(keys.current_id()));
        assert_eq!(
            open(&Keyring::generate(), "t", b"k", &sealed).unwrap_err(),
            SealFault::KeyMissing(keys.current_id())
        );
        assert!(open(&keys.with_new_current(), "t", b"k", &sealed).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_comes_back(plain: Vec<u8>, row: Vec<u8>) {
            let keys = Keyring::generate();
            let sealed = seal(&keys, "t", &row, &plain).unwrap();
            let opened = open(&keys, "t", &row, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), &plain[..]);
        }

        #[test]
        fn any_flipped_bit_or_cut_is_noticed(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8) {
            let keys = Keyring::generate();
            let sealed = seal(&keys, "t", b"k", &plain).unwrap();
            let at = at.index(sealed.len());
            let mut flipped = sealed.clone();
            flipped[at] ^= 1u8 << bit;
            prop_assert!(open(&keys, "t", b"k", &flipped).is_err());
            prop_assert!(open(&keys, "t", b"k", &sealed[..at]).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(open(&Keyring::generate(), "t", b"k", &bytes).is_err());
        }
    }
}
