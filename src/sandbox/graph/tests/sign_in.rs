//! Entra: every way to a token, and each refusal with its AADSTS code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Graph, Site};
use crate::clock;
use crate::sandbox::Consent;

const SCOPE: &str = "https://graph.microsoft.com/.default";
const USER_SCOPE: &str = "https://graph.microsoft.com/Mail.ReadWrite offline_access";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn post(site: &Site, tenant: &str, end: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("/{tenant}/oauth2/v2.0/{end}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    site.send("POST", &path, &headers, form(fields).as_bytes()).await
}

async fn token(site: &Site, fields: &[(&str, &str)]) -> Answer {
    post(site, Graph::TENANT, "token", fields).await
}

/// Status, `error` and the AADSTS code.
fn no(answer: &Answer) -> (u16, String, u64) {
    let body = answer.json();
    let error = body["error"].as_str().unwrap_or_default().to_owned();
    let code = body["error_codes"][0].as_u64().unwrap_or_default();
    let text = body["error_description"].as_str().unwrap_or_default();
    assert!(text.starts_with(&format!("AADSTS{code}: ")), "{body}");
    (answer.status, error, code)
}

fn claims(body: &Value) -> Value {
    let token = body["access_token"].as_str().unwrap();
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn assertion(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = PrivateKeyDer::from_pem_slice(Graph::PRIVATE_KEY.as_bytes()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let pss = key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]).unwrap();
    let signature = pss.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn good_assertion(site: &Site) -> (Value, Value) {
    let certificate = CertificateDer::from_pem_slice(Graph::CERTIFICATE.as_bytes()).unwrap();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
    let now = clock::now().as_second();
    let audience = site.graph.url().join(&format!("{}/oauth2/v2.0/token", Graph::TENANT)).unwrap();
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
    let claims = json!({ "aud": audience, "iss": Graph::CLIENT_ID, "sub": Graph::CLIENT_ID,
        "jti": "1", "nbf": now, "exp": now + 300 });
    (header, claims)
}

#[tokio::test]
async fn an_application_signs_in_by_its_secret() {
    let site = Site::start().await;
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", Graph::CLIENT_ID),
        ("client_secret", Graph::CLIENT_SECRET),
        ("scope", SCOPE),
    ];
    let answer = token(&site, &good).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(body["expires_in"], 3_599);
    assert!(body.get("refresh_token").is_none(), "none for an application");
    assert_eq!(claims(&body)["roles"], json!(["Mail.ReadWrite", "Mail.Send"]));

    let with = |name: &'static str, value: &'static str| {
        good.map(|(key, old)| if key == name { (key, value) } else { (key, old) })
    };
    let cases = [
        (with("client_id", "nobody"), (400, "unauthorized_client", 700_016)),
        (with("client_secret", "wrong"), (401, "invalid_client", 7_000_215)),
        (with("client_secret", ""), (401, "invalid_client", 7_000_218)),
        (with("scope", "Mail.Read"), (400, "invalid_scope", 1_002_012)),
        (with("scope", ""), (400, "invalid_request", 900_144)),
        (with("grant_type", "password"), (400, "unsupported_grant_type", 70_003)),
    ];
    for (fields, (status, error, code)) in cases {
        let answer = token(&site, &fields).await;
        assert_eq!(no(&answer), (status, error.to_owned(), code), "{fields:?}");
    }
    let answer = post(&site, "elsewhere", "token", &good).await;
    assert_eq!(no(&answer), (400, "invalid_request".to_owned(), 90_002));
    let by_domain = post(&site, Graph::TENANT_DOMAIN, "token", &good).await;
    assert_eq!(by_domain.status, 200);
    // Without consent there is a token, which may nothing.
    site.graph.set_consent(Consent::Missing);
    let body = token(&site, &good).await.json();
    assert!(claims(&body).get("roles").is_none());
    let calls = site.graph.ledger();
    assert!(calls[0].target.ends_with("[POST token client_credentials]"), "{}", calls[0].target);
    assert_eq!(site.graph.graph_requests(), 0);
}

#[tokio::test]
async fn an_application_signs_in_by_its_certificate() {
    let site = Site::start().await;
    let (header, claims) = good_assertion(&site);
    let ask = async |assertion: String| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", Graph::CLIENT_ID),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion.as_str()),
            ("scope", SCOPE),
        ];
        token(&site, &fields).await
    };
    assert_eq!(ask(assertion(&header, &claims)).await.status, 200);
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        assertion(&header, &changed)
    };
    let head = |name: &str, value: &str| {
        let mut changed = header.clone();
        changed[name] = json!(value);
        assertion(&changed, &claims)
    };
    let good = assertion(&header, &claims);
    let middle = good.len() - 40;
    let flipped = if &good[middle..=middle] == "A" { "B" } else { "A" };
    let torn = format!("{}{flipped}{}", &good[..middle], &good[middle + 1..]);
    let exp = claims["exp"].as_i64().unwrap();
    let cases = [
        (with("aud", json!("https://login.microsoftonline.com/")), 700_023),
        (with("iss", json!("somebody")), 700_021),
        (with("exp", json!(exp + 900)), 700_024),
        (with("exp", json!(exp - 900)), 700_024),
        (with("jti", Value::Null), 50_027),
        (head("x5t#S256", "AAAA"), 700_027),
        (head("alg", "RS256"), 700_027),
        (torn, 700_027),
        ("no.jwt".to_owned(), 50_027),
    ];
    for (assertion, code) in cases {
        let answer = ask(assertion.clone()).await;
        assert_eq!(no(&answer), (401, "invalid_client".to_owned(), code), "{assertion}");
    }
    site.graph.set_certificate(false);
    assert_eq!(no(&ask(good).await).2, 700_027);
}

/// A sign-in by a device's code that somebody approves; the answer with the tokens.
async fn by_device(site: &Site) -> Value {
    let fields = [("client_id", Graph::CLIENT_ID), ("scope", USER_SCOPE)];
    let begun = post(site, Graph::TENANT, "devicecode", &fields).await.json();
    assert!(site.graph.answer_device(begun["user_code"].as_str().unwrap(), true));
    poll(site, begun["device_code"].as_str().unwrap()).await.json()
}

async fn poll(site: &Site, code: &str) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let fields = [("grant_type", grant), ("client_id", Graph::CLIENT_ID), ("device_code", code)];
    token(site, &fields).await
}

async fn refresh(site: &Site, refresh_token: &str) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", Graph::CLIENT_ID),
        ("refresh_token", refresh_token),
    ];
    token(site, &fields).await
}

#[tokio::test]
async fn a_device_waits_until_somebody_answers() {
    let site = Site::start().await;
    let fields = [("client_id", Graph::CLIENT_ID), ("scope", USER_SCOPE)];
    let begin = async || {
        let begun = post(&site, Graph::TENANT, "devicecode", &fields).await.json();
        let word = |name: &str| begun[name].as_str().unwrap().to_owned();
        assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(5), &json!(900)));
        assert!(word("message").contains(&word("user_code")));
        assert_eq!(word("verification_uri"), "https://microsoft.com/devicelogin");
        (word("device_code"), word("user_code"))
    };
    let (device, user) = begin().await;
    assert_eq!(site.graph.user_codes(), [user.as_str()]);
    assert_eq!(no(&poll(&site, &device).await).1, "authorization_pending");
    site.graph.slow_down(1);
    assert_eq!(no(&poll(&site, &device).await).1, "slow_down");
    site.graph.answer_device(&user, true);
    let body = poll(&site, &device).await.json();
    assert_eq!(body["scope"], "https://graph.microsoft.com/Mail.ReadWrite");
    assert_eq!(claims(&body)["scp"], "Mail.ReadWrite");
    assert!(body["refresh_token"].is_string());
    assert_eq!(no(&poll(&site, &device).await).1, "bad_verification_code", "once");

    let (device, user) = begin().await;
    site.graph.answer_device(&user, false);
    assert_eq!(no(&poll(&site, &device).await), (400, "authorization_declined".to_owned(), 65_004));
    let (device, _) = begin().await;
    site.graph.expire_devices();
    assert_eq!(no(&poll(&site, &device).await).1, "expired_token");
    let (device, user) = begin().await;
    site.graph.answer_device(&user, true);
    site.graph.set_consent(Consent::Missing);
    assert_eq!(no(&poll(&site, &device).await), (400, "invalid_grant".to_owned(), 65_001));
}

#[tokio::test]
async fn a_refresh_token_is_worth_one_use() {
    let site = Site::start().await;
    let first = by_device(&site).await;
    let first = first["refresh_token"].as_str().unwrap();
    let second = refresh(&site, first).await.json();
    let second = second["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(no(&refresh(&site, first).await), (400, "invalid_grant".to_owned(), 70_000));
    let third = refresh(&site, second).await.json();
    let third = third["refresh_token"].as_str().unwrap();
    assert_eq!(site.graph.refreshes(), 2);
    site.graph.revoke_grant();
    assert_eq!(no(&refresh(&site, third).await), (400, "invalid_grant".to_owned(), 50_173));
    assert_eq!(no(&refresh(&site, "nothing").await), (400, "invalid_grant".to_owned(), 70_000));

    let next = by_device(&site).await;
    site.graph.advance(SignedDuration::from_hours(91 * 24));
    let next = next["refresh_token"].as_str().unwrap();
    assert_eq!(no(&refresh(&site, next).await), (400, "invalid_grant".to_owned(), 700_082));
}

#[tokio::test]
async fn a_code_is_worth_its_verifier() {
    let site = Site::start().await;
    let verifier = "a-verifier-of-forty-three-letters-and-more-0123";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let authorize = async |tenant: &str, client: &str, redirect: &str| {
        let fields = [
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("scope", USER_SCOPE),
            ("state", "s/1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let path = format!("/{tenant}/oauth2/v2.0/authorize?{}", form(&fields));
        site.send("GET", &path, &[], b"").await
    };
    let back = "http://localhost:8400/back";
    let asked = async || {
        let answer = authorize(Graph::TENANT, Graph::CLIENT_ID, back).await;
        assert_eq!(answer.status, 302);
        let location = url::Url::parse(answer.header("location")).unwrap();
        assert!(location.as_str().starts_with(back));
        let query: std::collections::HashMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(query["state"], "s/1");
        query
    };
    let redeem = async |code: &str, verifier: &str, redirect: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", Graph::CLIENT_ID),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        token(&site, &fields).await
    };
    let code = asked().await["code"].clone();
    assert_eq!(no(&redeem(&code, "another", back).await).2, 501_481);
    assert_eq!(no(&redeem(&code, verifier, "http://localhost/").await).2, 500_112);
    let body = redeem(&code, verifier, back).await.json();
    assert!(body["refresh_token"].is_string(), "{body}");
    assert_eq!(no(&redeem(&code, verifier, back).await), (400, "invalid_grant".to_owned(), 54_005));
    let code = asked().await["code"].clone();
    site.graph.advance(SignedDuration::from_mins(11));
    assert_eq!(no(&redeem(&code, verifier, back).await).2, 70_008);

    site.graph.set_consent(Consent::Denied);
    let query = asked().await;
    assert_eq!(query["error"], "access_denied");
    assert!(query["error_description"].starts_with("AADSTS65004"));
    for (tenant, client, redirect, code) in [
        ("elsewhere", Graph::CLIENT_ID, back, "AADSTS90002"),
        (Graph::TENANT, "nobody", back, "AADSTS700016"),
        (Graph::TENANT, Graph::CLIENT_ID, "https://evil.example/", "AADSTS50011"),
    ] {
        let answer = authorize(tenant, client, redirect).await;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 400 && page.contains(code), "{page}");
    }
    let native = authorize(Graph::TENANT, Graph::CLIENT_ID, Graph::NATIVE_CLIENT).await;
    assert!(native.header("location").starts_with(Graph::NATIVE_CLIENT));
}

#[tokio::test]
async fn a_user_has_one_mailbox_and_a_token_its_time() {
    let mut site = Site::start().await;
    assert_eq!(site.get("/v1.0/me/messages").await.refusal(), (400, "BadRequest".to_owned()));
    let body = by_device(&site).await;
    site.token = body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(site.get("/v1.0/me/messages").await.status, 200);
    let expired = (401, "InvalidAuthenticationToken".to_owned());
    site.graph.expire_tokens_after(1);
    assert_eq!(site.get("messages").await.status, 200);
    let answer = site.get("messages").await;
    assert_eq!(answer.refusal(), expired);
    assert!(answer.header("www-authenticate").starts_with("Bearer "));
    site.graph.set_token_lifetime(60);
    site.token = site.graph.token();
    assert_eq!(site.get("messages").await.status, 200);
    site.graph.advance(SignedDuration::from_secs(61));
    assert_eq!(site.get("messages").await.refusal(), expired);
    site.token = String::new();
    assert_eq!(site.get("messages").await.refusal(), expired);
}

#[tokio::test]
async fn permissions_and_mailboxes_are_kept() {
    let mut site = Site::start().await;
    let id = site.graph.deliver(super::plain(1));
    let denied = (403, "ErrorAccessDenied".to_owned());
    let forbidden = format!("/v1.0/users/{}/messages", Graph::FORBIDDEN);
    assert_eq!(site.get(&forbidden).await.refusal(), denied);
    let unknown = site.get("/v1.0/users/nobody@example.org/messages").await;
    assert_eq!(unknown.refusal(), (404, "ErrorInvalidUser".to_owned()));
    let cases = [
        (&["Mail.Read"][..], true, false, false),
        (&["Mail.ReadWrite"][..], true, true, false),
        (&["Mail.Send"][..], false, false, true),
        (&[][..], false, false, false),
    ];
    for (permissions, reads, writes, sends) in cases {
        site.graph.set_permissions(permissions);
        site.token = site.graph.token();
        let allowed = |answer: &Answer| answer.refusal() != denied;
        let read = site.get(&format!("messages/{id}")).await;
        let write = site.ask("PATCH", &format!("messages/{id}"), &json!({ "isRead": true })).await;
        let send = site.ask("POST", &format!("messages/{id}/send"), &Value::Null).await;
        let found = (allowed(&read), allowed(&write), allowed(&send));
        assert_eq!(found, (reads, writes, sends), "{permissions:?}");
    }
}
