//! Secrets: read from files, compared in constant time. A failure names the file, never a word
//! of what stands in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The largest secret file taken, in bytes: room for many keys, too small for a mistaken path
/// (a log, a disk) to do harm.
pub const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Why a secret file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// No file stands there.
    #[error("{} does not exist; {}", shown(.0), mend(.0, "create it or correct the path"))]
    Missing(PathBuf),
    /// The file stands there and cannot be read, for example for want of a right.
    #[error(
        "{} cannot be read ({fault}); {}",
        shown(.path),
        mend(.path, "let the user that runs ticketd read it")
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// The file holds nothing but white space.
    #[error("{} is empty; write the secret into it", shown(.0))]
    Empty(PathBuf),
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("{} is larger than {MAX_FILE_BYTES} bytes; is it the right file", shown(.0))]
    TooLarge(PathBuf),
    /// The file is no text.
    #[error("{} is not UTF-8 text; is it the right file", shown(.0))]
    NotText(PathBuf),
}

/// A relative path is not repeated: it may be the secret itself, set under the wrong key.
fn shown(path: &Path) -> String {
    if path.is_absolute() {
        path.display().to_string()
    } else {
        "the file of this relative path".to_owned()
    }
}

/// What to do about a file that cannot be had. Those in systemd's folder are systemd's to make, and
/// for the service alone, while it runs.
fn mend(path: &Path, usual: &str) -> String {
    match path.strip_prefix("/run/credentials").ok().and_then(Path::file_name) {
        None => usual.to_owned(),
        Some(name) => format!(
            "systemd puts it there for the running service: write LoadCredential={}:/path/of/the/file \
             with `systemctl edit ticketd`, then `systemctl restart ticketd`",
            name.display()
        ),
    }
}

/// Reads the secret in `path`, without the line ends at its end.
///
/// # Errors
/// [`SecretFileError`] if the file is missing, unreadable, too large, not UTF-8 or empty.
pub fn read_file(path: &Path) -> Result<SecretString, SecretFileError> {
    let failed = |fault: io::Error| match fault.kind() {
        io::ErrorKind::NotFound => SecretFileError::Missing(path.to_owned()),
        _ => SecretFileError::Unreadable { path: path.to_owned(), fault },
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(SecretFileError::TooLarge(path.to_owned()));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText(path.to_owned()))?;
    if text.trim().is_empty() {
        return Err(SecretFileError::Empty(path.to_owned()));
    }
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

/// Whether `given` is `secret`. The time taken tells nothing about the secret, its length
/// included: digests are compared, and they are all of one length.
#[must_use]
pub fn matches(secret: &SecretString, given: &str) -> bool {
    equal(secret, &Sha256::digest(given)).into()
}

/// Whether `given` is one of `secrets`. All are looked at, so that the time taken does not tell
/// which one it was.
#[must_use]
pub fn any_matches(secrets: &[SecretString], given: &str) -> bool {
    let given = Sha256::digest(given);
    secrets.iter().fold(Choice::from(0), |found, secret| found | equal(secret, &given)).into()
}

fn equal(secret: &SecretString, given: &[u8]) -> Choice {
    Sha256::digest(secret.expose_secret()).as_slice().ct_eq(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_matches() {
        let secret = SecretString::from("k4x9");
        for (given, same) in
            [("k4x9", true), ("k4x8", false), ("k4x", false), ("k4x99", false), ("", false)]
        {
            assert_eq!(matches(&secret, given), same, "{given:?}");
        }
    }

    #[test]
    fn any_of_the_list_matches_and_an_empty_list_matches_nothing() {
        let secrets = ["one", "two", "three"].map(SecretString::from);
        for (given, found) in [("one", true), ("three", true), ("four", false), ("", false)] {
            assert_eq!(any_matches(&secrets, given), found, "{given:?}");
        }
        assert!(!any_matches(&[], ""));
    }

    #[test]
    fn a_file_loses_its_last_line_end_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, secret) in [("abc", "abc"), ("abc\r\n", "abc"), (" a\nb\n", " a\nb")] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_file(&path).unwrap().expose_secret(), secret, "{content:?}");
        }
    }

    #[test]
    fn a_bad_file_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let too_large = vec![b'x'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
        let cases: [(Option<&[u8]>, &str); 4] = [
            (None, "does not exist"),
            (Some(b" \n"), "is empty"),
            (Some(&too_large), "is larger than 65536 bytes"),
            (Some(&[0xff, 0xfe]), "is not UTF-8 text"),
        ];
        for (content, expected) in cases {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = read_file(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
        let error = read_file(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }

    #[test]
    fn a_file_that_systemd_should_have_handed_in_is_told_how() {
        let told = "LoadCredential=graph_key:/path/of/the/file with `systemctl edit ticketd`";
        let path = Path::new("/run/credentials/no-such.service/graph_key");
        let missing = read_file(path).unwrap_err().to_string();
        let fault = io::ErrorKind::PermissionDenied.into();
        let closed = SecretFileError::Unreadable { path: path.to_owned(), fault }.to_string();
        for error in [missing, closed] {
            assert!(error.contains(told), "{error}");
        }
        let error = SecretFileError::Missing("/etc/ticketd/graph_key".into()).to_string();
        assert_eq!(error, "/etc/ticketd/graph_key does not exist; create it or correct the path");
    }

    #[test]
    fn a_relative_path_may_be_a_secret_and_is_not_repeated() {
        let error = read_file(Path::new("x57qoutf8pg8mgx1q1ysq5mzty")).unwrap_err();
        assert!(!error.to_string().contains("x57q"), "{error}");
    }
}
