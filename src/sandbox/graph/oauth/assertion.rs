//! The assertion by which an application proves that it holds the key of its certificate
//! ("Microsoft identity platform application authentication certificate credentials"): a JWT,
//! PS256, with the certificate's thumbprint in `x5t#S256`. The signature is really verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::SignatureScheme;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::Graph;
use super::No;

/// As long as the page tells a client to make it at most, in seconds.
const LONGEST: i64 = 600;
/// How far clocks may be apart, in seconds.
const SKEW: i64 = 300;

/// # Errors
/// `invalid_client` with the AADSTS code of what is wrong.
pub(super) fn check(
    token: &str,
    audience: &str,
    registered: bool,
    now: Timestamp,
) -> Result<(), No> {
    let malformed = || No::new("invalid_client", 50_027, "JWT token is invalid or malformed.");
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let object = |part: &str| -> Result<Value, No> {
        serde_json::from_slice(&decode(part)?).map_err(|_| malformed())
    };
    let (header, body) = (object(head)?, object(claims)?);
    let certificate =
        CertificateDer::from_pem_slice(Graph::CERTIFICATE.as_bytes()).map_err(|_| malformed())?;
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
    if !registered || header["x5t#S256"] != thumbprint.as_str() {
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered \
             on application. [Reason - The key was not found., Please visit the Azure Portal, \
             Graph Explorer or directly use MS Graph to see configured keys for app Id '{}'.]",
            Graph::CLIENT_ID
        );
        return Err(No::new("invalid_client", 700_027, text));
    }
    let signed = format!("{head}.{claims}");
    if header["alg"] != "PS256" || !verified(&certificate, signed.as_bytes(), &decode(signature)?) {
        let text = "Client assertion failed signature validation.";
        return Err(No::new("invalid_client", 700_027, text));
    }
    if body["aud"] != audience {
        let text = format!(
            "Client assertion audience claim does not match Realm issuer. Review the \
             documentation. The audience to use is '{audience}'."
        );
        return Err(No::new("invalid_client", 700_023, text));
    }
    if body["iss"] != Graph::CLIENT_ID || body["sub"] != Graph::CLIENT_ID {
        let text = "Client assertion contains an invalid issuer or subject.";
        return Err(No::new("invalid_client", 700_021, text));
    }
    let time = |name: &str| body[name].as_i64();
    let at = now.as_second();
    let begins = time("nbf").or(time("iat")).unwrap_or(at);
    let in_time = time("exp").is_some_and(|ends| {
        ends > at - SKEW && ends - begins <= LONGEST && ends <= at + LONGEST + SKEW
    }) && begins <= at + SKEW;
    if !in_time {
        let text = "Client assertion is not within its valid time range.";
        return Err(No::new("invalid_client", 700_024, text));
    }
    if body["jti"].as_str().is_none_or(str::is_empty) {
        return Err(malformed());
    }
    Ok(())
}

fn verified(certificate: &CertificateDer<'_>, message: &[u8], signature: &[u8]) -> bool {
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let pss = algorithms.mapping.iter().find(|known| known.0 == SignatureScheme::RSA_PSS_SHA256);
    let Some(algorithm) = pss.and_then(|known| known.1.first()) else { return false };
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
    let info = parsed.subject_public_key_info();
    let Some(key) = public_key(&info) else { return false };
    algorithm.verify_signature(key, message, signature).is_ok()
}

/// The key inside of a `SubjectPublicKeyInfo`: its second element, a bit string without the count
/// of bits unused, which for a key is none.
fn public_key(info: &[u8]) -> Option<&[u8]> {
    let (whole, _) = element(info, 0x30)?;
    let (_, rest) = element(whole, 0x30)?;
    element(rest, 0x03)?.0.strip_prefix(&[0])
}

/// The content of a DER element of this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [found, short, rest @ ..] if *found == tag && *short < 0x80 => (usize::from(*short), rest),
        [found, long, rest @ ..] if *found == tag => {
            let (digits, rest) = rest.split_at_checked(usize::from(*long & 0x7f))?;
            let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
