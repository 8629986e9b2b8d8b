//! An application's certificate: the proof that it signs for each sign-in. A key that cannot be
//! used is found out when it is read, not at the first sign-in.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials".

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PSS_SHA256};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long a proof is taken, in seconds: ten minutes at most.
const LIFETIME: i64 = 300;
/// How far the clock there may be behind ours, in seconds.
const CLOCKS: i64 = 60;

/// Why a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// No key in the PEM text, or none that is RSA in PKCS#8 or PKCS#1, of 2,048 to 4,096 bits.
    #[error("the private key is no RSA key in PEM form of 2,048 bits or more")]
    Key,
    /// No certificate in the PEM text.
    #[error("there is no certificate in PEM form")]
    Certificate,
}

/// A certificate with its key, ready to sign.
pub struct Certificate {
    key: KeyPair,
    thumbprint: String,
}

impl Certificate {
    /// Reads both from their PEM texts.
    ///
    /// # Errors
    /// [`CertificateFault`]; nothing of the key is in it.
    pub fn from_pem(key: &str, certificate: &str) -> Result<Self, CertificateFault> {
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
        let key = match key.map_err(|_| CertificateFault::Key)? {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(CertificateFault::Key),
        };
        let key = key.map_err(|_| CertificateFault::Key)?;
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes());
        let certificate = certificate.map_err(|_| CertificateFault::Certificate)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
        Ok(Self { key, thumbprint })
    }

    /// The proof for one sign-in at this token endpoint; `None` if the system gives no randomness.
    pub(super) fn assertion(&self, now: Timestamp, client: &str, endpoint: &str) -> Option<String> {
        let now = now.as_second();
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": endpoint,
            "iss": client,
            "sub": client,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now - CLOCKS,
            "exp": now + LIFETIME,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph/key.pem"));
    const CERTIFICATE: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph/certificate.pem"));
    /// By `openssl x509 -fingerprint -sha256`.
    const FINGERPRINT: &str = "AE:04:C8:C8:AF:CA:63:A2:EE:22:23:FB:75:AE:3F:E4:86:36:21:61:46:8B:BD:31:8E:0D:2D:22:91:90:F7:F2";

    #[test]
    fn the_proof_holds_before_the_public_key() {
        let certificate = Certificate::from_pem(KEY, CERTIFICATE).unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let endpoint = "https://login.example/t/oauth2/v2.0/token";
        let proof = certificate.assertion(now, "app", endpoint).unwrap();
        let parts: Vec<_> = proof.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{proof}") };
        let read = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| serde_json::from_slice::<Value>(&read(part)).unwrap();
        let fingerprint = base16ct::mixed::decode_vec(FINGERPRINT.replace(':', "")).unwrap();
        assert_eq!(
            json(header),
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(fingerprint)})
        );
        let claims = json(claims);
        assert_eq!([&claims["aud"], &claims["iss"], &claims["sub"]], [endpoint, "app", "app"]);
        let (from, to) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(from <= now.as_second() && to > now.as_second() && to - from <= 600);
        let again = certificate.assertion(now, "app", endpoint).unwrap();
        assert_ne!(again, proof, "its jti is its own");
        let public = certificate.key.public().as_ref();
        let public = ring::signature::UnparsedPublicKey::new(
            &ring::signature::RSA_PSS_2048_8192_SHA256,
            public,
        );
        let (signed, _) = proof.rsplit_once('.').unwrap();
        public.verify(signed.as_bytes(), &read(signature)).unwrap();
        assert!(public.verify(b"other", &read(signature)).is_err());
    }

    #[test]
    fn what_is_no_certificate_is_told_apart() {
        for (key, certificate, fault) in [
            ("", CERTIFICATE, CertificateFault::Key),
            (CERTIFICATE, CERTIFICATE, CertificateFault::Key),
            (KEY, "", CertificateFault::Certificate),
            (KEY, KEY, CertificateFault::Certificate),
        ] {
            assert_eq!(Certificate::from_pem(key, certificate).err(), Some(fault));
        }
    }
}
