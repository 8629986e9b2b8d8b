//! Tokens: shared, renewed, refused, and the four ways to get them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    super::{Certificate, CodeRequest, Polled, SignIn, SignInError, SignInFault, Way},
    grants::Store,
    stand::{LIMIT, Say, Stand},
};
use crate::{clients::ApiError, model::mail::Email, telemetry::Metrics};

pub(super) const LOCKED: ApiError = ApiError::Unauthorized { service: "entra" };

pub(super) fn probe() -> Say {
    Say::folder("inbox")
}

#[tokio::test]
async fn one_token_does_for_all_calls() {
    let stand = Stand::by(|asked| {
        if asked.is_sign_in() {
            Say::Late(Duration::from_millis(50), Box::new(Say::token("t1", 3_600)))
        } else {
            probe()
        }
    })
    .await;
    let client = stand.client();
    let calls = (0..20).map(|_| client.probe("inbox"));
    for outcome in futures_util::future::join_all(calls).await {
        outcome.unwrap();
    }
    let sign_ins = stand.sign_ins();
    let [sign_in] = &sign_ins[..] else { panic!("{}", sign_ins.len()) };
    assert!(sign_in.line.starts_with("POST /tenant/oauth2/v2.0/token "), "{}", sign_in.line);
    let scope = format!("{}.default", stand.url);
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("client_secret", "secret"),
        ("scope", &scope),
    ] {
        assert_eq!(sign_in.value(name).as_deref(), Some(value));
    }
    for asked in stand.all().iter().filter(|asked| !asked.is_sign_in()) {
        assert_eq!(asked.header("authorization"), Some("bearer t1"));
        assert_eq!(asked.header("prefer"), Some("idtype=\"immutableid\""));
    }
}

#[tokio::test]
async fn at_most_four_calls_run_at_once() {
    let stand = Stand::by(|asked| {
        let say = super::stand::usual(asked).unwrap_or(Say::Cut);
        Say::Late(Duration::from_millis(30), Box::new(say))
    })
    .await;
    let client = stand.client();
    let clones: Vec<_> = (0..20).map(|_| client.clone()).collect();
    let outcomes = futures_util::future::join_all(clones.iter().map(|one| one.probe("inbox")));
    assert!(outcomes.await.iter().all(Result::is_ok));
    assert_eq!(stand.most_in_flight(), 4);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_and_the_old_one_does_meanwhile() {
    let renewals = AtomicUsize::new(0);
    let stand = Stand::by(move |asked| {
        if !asked.is_sign_in() {
            return probe();
        }
        match renewals.fetch_add(1, Ordering::SeqCst) {
            0 => Say::token("t1", 2),
            1 => Say::status(503, "", ""),
            _ => Say::token("t3", 3_600),
        }
    })
    .await;
    let client = stand.client();
    client.probe("inbox").await.unwrap();
    client.probe("inbox").await.unwrap();
    assert_eq!(stand.sign_ins().len(), 1);
    tokio::time::sleep(Duration::from_millis(1_850)).await;
    client.probe("inbox").await.unwrap();
    client.probe("inbox").await.unwrap();
    assert_eq!(stand.sign_ins().len(), 2, "it failed, and there is a pause");
    let tokens: Vec<_> =
        stand.all().iter().filter_map(|a| a.header("authorization").map(str::to_owned)).collect();
    assert!(tokens.iter().all(|token| token == "bearer t1"), "{tokens:?}");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let given = AtomicUsize::new(0);
    let stand = Stand::by(move |asked| {
        if asked.is_sign_in() {
            let number = given.fetch_add(1, Ordering::SeqCst);
            Say::token(&format!("t{number}"), 3_600)
        } else if asked.header("authorization") == Some("bearer t1") {
            probe()
        } else {
            Say::refusal(401, "InvalidAuthenticationToken")
        }
    })
    .await;
    let client = stand.client();
    client.probe("inbox").await.unwrap();
    client.probe("inbox").await.unwrap();
    assert_eq!(stand.sign_ins().len(), 2);
}

#[tokio::test]
async fn after_a_no_nothing_is_sent_until_somebody_has_signed_in() {
    let mended = Arc::new(AtomicUsize::new(0));
    let known = mended.clone();
    let stand = Stand::by(move |asked| match asked.is_sign_in() {
        true if known.load(Ordering::SeqCst) == 0 => Say::refused("invalid_grant", 700_082),
        true => Say::token("t", 3_600),
        false => probe(),
    })
    .await;
    let store = Arc::new(Store::default());
    store.tokens.lock().unwrap().push("r0".to_owned());
    let client = stand.client_by(Way::Delegated(store));
    assert_eq!(client.sign_in_needed(), None);
    for _ in 0..10 {
        assert_eq!(client.probe("inbox").await, Err(LOCKED));
        assert_eq!(client.clone().heads(&["x".to_owned()]).await, Err(LOCKED));
    }
    assert_eq!(stand.all().len(), 1, "the one refusal");
    assert_eq!(client.sign_in_needed(), Some(SignInFault::GrantEnded));
    mended.store(1, Ordering::SeqCst);
    client.signed_in(None).await.unwrap();
    client.probe("inbox").await.unwrap();
    assert_eq!(client.sign_in_needed(), None);
}

#[tokio::test]
async fn each_refusal_has_its_own_name_and_an_outage_locks_nothing() {
    for (say, fault) in [
        (Say::refused("invalid_request", 90_002), Some(SignInFault::WrongTenant)),
        (Say::refused("unauthorized_client", 700_016), Some(SignInFault::UnknownApp)),
        (Say::refused("invalid_client", 7_000_215), Some(SignInFault::WrongSecret)),
        (Say::refused("invalid_client", 7_000_222), Some(SignInFault::SecretExpired)),
        (Say::refused("invalid_grant", 65_001), Some(SignInFault::NoConsent)),
        (Say::refused("temporarily_unavailable", 90_033), None),
        (Say::refused("invalid_request", 90_012), None),
        (Say::refused("invalid_request", 90_055), None),
        (Say::refused("access_denied", 90_094), Some(SignInFault::NoConsent)),
        (Say::status(503, "Retry-After: 9\r\n", ""), None),
        (Say::status(400, "Content-Type: text/html\r\n", "<html>"), None),
        (Say::Cut, None),
    ] {
        let stand = Stand::by(move |_| say.clone()).await;
        let client = stand.client();
        let error = client.probe("inbox").await.unwrap_err();
        assert_eq!(client.sign_in_needed(), fault);
        assert_eq!(error == LOCKED, fault.is_some(), "{error:?}");
        assert!(!matches!(error, ApiError::Ambiguous { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_throttled_tenant_is_left_alone() {
    let stand = Stand::by(|_| Say::refused("invalid_request", 90_055)).await;
    let client = stand.client();
    for _ in 0..5 {
        let error = client.probe("inbox").await.unwrap_err();
        assert!(matches!(error, ApiError::RateLimited { after: Some(_), .. }), "{error:?}");
    }
    assert_eq!(stand.all().len(), 1);
}

#[tokio::test]
async fn a_certificate_signs_for_the_token_endpoint() {
    macro_rules! pem {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph/", $name))
        };
    }
    let certificate = Certificate::from_pem(pem!("key.pem"), pem!("certificate.pem")).unwrap();
    let stand = Stand::saying([]).await;
    stand.client_by(Way::Certificate(Arc::new(certificate))).probe("inbox").await.unwrap();
    let sign_in = &stand.sign_ins()[0];
    assert_eq!(
        sign_in.value("client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    assert_eq!(sign_in.value("client_assertion").unwrap().split('.').count(), 3);
    assert_eq!(sign_in.value("client_secret"), None);
}

fn sign_in(stand: &Stand) -> SignIn {
    let auth = stand.auth(Way::Delegated(Arc::new(Store::default())));
    SignIn::new(&auth, &stand.url, LIMIT, Metrics::new()).unwrap()
}

#[tokio::test]
async fn a_code_is_typed_in_at_another_device() {
    let begun = json!({"user_code": "ABC", "device_code": "D", "interval": 2, "expires_in": 900,
        "verification_uri": "https://microsoft.com/devicelogin", "message": "Go there."});
    let answers = [
        Say::json(&begun),
        Say::refused("authorization_pending", 70_016),
        Say::refused("slow_down", 0),
        Say::refused("expired_token", 70_020),
        Say::refused("authorization_declined", 65_004),
        Say::json(&json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": "t",
            "refresh_token": "r"})),
    ];
    let answers = Mutex::new(answers.into_iter());
    let stand = Stand::by(move |_| answers.lock().unwrap().next().unwrap()).await;
    let sign_in = sign_in(&stand);
    let code = sign_in.begin_device().await.unwrap();
    assert_eq!((code.user_code.as_str(), code.interval), ("ABC", Duration::from_secs(2)));
    assert!(matches!(sign_in.poll_device(&code).await, Ok(Polled::Pending)));
    assert!(matches!(sign_in.poll_device(&code).await, Ok(Polled::SlowDown)));
    assert_eq!(sign_in.poll_device(&code).await.unwrap_err(), SignInError::Expired);
    let denied = SignInError::Fault(SignInFault::Denied);
    assert_eq!(sign_in.poll_device(&code).await.unwrap_err(), denied);
    let Ok(Polled::Granted(grant)) = sign_in.poll_device(&code).await else { panic!() };
    assert_eq!(grant.refresh_token.expose_secret(), "r");
    assert!(!format!("{grant:?}").contains("\"r\""));
    let polled = &stand.all()[1];
    assert_eq!(polled.value("device_code").as_deref(), Some("D"));
}

#[tokio::test]
async fn an_address_is_pasted_back() {
    let stand = Stand::by(|_| {
        Say::json(&json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": "t",
            "refresh_token": "r"}))
    })
    .await;
    let sign_in = sign_in(&stand);
    let redirect: Url = "http://localhost/done".parse().unwrap();
    let hint = Email::parse("support@example.test").unwrap();
    let request: CodeRequest = sign_in.begin_code(&redirect, &hint);
    let option =
        |name: &str| request.url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert!(request.url.path().ends_with("/tenant/oauth2/v2.0/authorize"), "{}", request.url);
    assert_eq!(option("code_challenge_method"), "S256");
    assert_eq!(option("login_hint"), "support@example.test");
    let state = option("state");
    for (pasted, error) in [
        (String::new(), SignInError::NoRedirect),
        ("http://localhost/done".to_owned(), SignInError::NoRedirect),
        (format!("http://localhost/done?state={state}"), SignInError::NoRedirect),
        ("http://localhost/done?code=c&state=x".to_owned(), SignInError::OtherSignIn),
        (
            format!("http://localhost/done?error=access_denied&state={state}"),
            SignInError::Fault(SignInFault::Denied),
        ),
        (
            format!("http://x/?error=invalid_client&error_description=AADSTS650053&state={state}"),
            SignInError::Fault(SignInFault::Other("AADSTS650053".to_owned())),
        ),
    ] {
        assert_eq!(sign_in.finish_code(&request, &pasted).await.unwrap_err(), error, "{pasted}");
    }
    assert!(stand.all().is_empty());
    let pasted = format!(" http://localhost/done?code=c%2B1&state={state}#x\n");
    sign_in.finish_code(&request, &pasted).await.unwrap();
    let asked = &stand.all()[0];
    assert_eq!(asked.value("code").as_deref(), Some("c+1"));
    assert_eq!(asked.value("redirect_uri").as_deref(), Some("http://localhost/done"));
    let verifier = asked.value("code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()), "RFC 7636, 4.1");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(challenge, option("code_challenge"));
}
