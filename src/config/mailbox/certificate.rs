//! The certificate that a mailbox signs in by: whether it and its key can be used, told before
//! anything is asked of Entra. No fault shows a word of either.

use ring::rsa::KeyPair;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::ExposeSecret;

use super::graph::SignIn;
use crate::config::reader::Faulted;
use crate::config::section::{Secret, Section};

/// What is wrong, and with which of the two.
#[derive(Debug, PartialEq, Eq)]
enum Flaw {
    Certificate(&'static str),
    Key(&'static str),
}

const SWAPPED: &str = "holds the private key, and the key's place the certificate; swap the two";
const NO_CERTIFICATE: &str = "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); \
    write the one that was uploaded to Entra, or convert it: openssl x509 -inform der";
const NO_KEY: &str = "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----); write the \
    certificate's";
const ENCRYPTED: &str = "holds a private key with a passphrase; write it without one: openssl pkey";
const NOT_RSA: &str = "holds no RSA key of 2,048 to 4,096 bits; Entra takes no other: make a new \
    pair with openssl req -x509 -newkey rsa:2048 -nodes, and upload its certificate";
const ANOTHERS: &str = "does not belong to the certificate; write the key that it was made with";

/// Both, if they can be used together.
pub(super) fn checked(
    section: &mut Section<'_>,
    certificate: Secret,
    key: Secret,
) -> Result<SignIn, Faulted> {
    match flaw(key.text.expose_secret(), certificate.text.expose_secret()) {
        None => Ok(SignIn::Certificate { certificate: certificate.text, key: key.text }),
        Some(Flaw::Certificate(problem)) => Err(section.fault(&certificate.origin, problem)),
        Some(Flaw::Key(problem)) => Err(section.fault(&key.origin, problem)),
    }
}

fn flaw(key: &str, certificate: &str) -> Option<Flaw> {
    let read = |text: &str| CertificateDer::from_pem_slice(text.as_bytes()).ok();
    let Some(der) = read(certificate) else {
        let swapped = certificate.contains("PRIVATE KEY-----") && read(key).is_some();
        return Some(Flaw::Certificate(if swapped { SWAPPED } else { NO_CERTIFICATE }));
    };
    if key.contains("ENCRYPTED") {
        return Some(Flaw::Key(ENCRYPTED));
    }
    let pair = match PrivateKeyDer::from_pem_slice(key.as_bytes()) {
        Ok(PrivateKeyDer::Pkcs8(key)) => KeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
        Ok(PrivateKeyDer::Pkcs1(key)) => KeyPair::from_der(key.secret_pkcs1_der()).ok(),
        Ok(_) => None,
        Err(_) => return Some(Flaw::Key(NO_KEY)),
    };
    let Some(pair) = pair else { return Some(Flaw::Key(NOT_RSA)) };
    // A certificate holds the public key as it is (RFC 5280, 4.1.2.7; RFC 8017, A.1.1).
    let public = pair.public().as_ref();
    let there = der.windows(public.len()).any(|window| window == public);
    (!there).then_some(Flaw::Key(ANOTHERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! pem {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph/", $name))
        };
    }

    #[test]
    fn each_mistake_with_a_certificate_is_told_with_its_place() {
        let (key, certificate) = (pem!("key.pem"), pem!("certificate.pem"));
        let both = format!("{certificate}{key}");
        let no_base64 = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        for (key, certificate, expected) in [
            (key, certificate, None),
            (both.as_str(), both.as_str(), None),
            (certificate, key, Some(Flaw::Certificate(SWAPPED))),
            (key, key, Some(Flaw::Certificate(NO_CERTIFICATE))),
            (key, "", Some(Flaw::Certificate(NO_CERTIFICATE))),
            (key, no_base64, Some(Flaw::Certificate(NO_CERTIFICATE))),
            ("", certificate, Some(Flaw::Key(NO_KEY))),
            (certificate, certificate, Some(Flaw::Key(NO_KEY))),
            (pem!("encrypted_key.pem"), certificate, Some(Flaw::Key(ENCRYPTED))),
            (pem!("ec_key.pem"), certificate, Some(Flaw::Key(NOT_RSA))),
            (pem!("sec1_key.pem"), certificate, Some(Flaw::Key(NOT_RSA))),
            (pem!("other_key.pem"), certificate, Some(Flaw::Key(ANOTHERS))),
        ] {
            assert_eq!(flaw(key, certificate), expected);
        }
    }
}
