//! A person's sign-in: kept before it is used, replaced by a new one, and whose it is.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    super::{Grant, Grants, SignInFault, Way},
    signing::{LOCKED, probe},
    stand::{Say, Stand},
};
use crate::clock;

/// A store that notes in which order things happened.
#[derive(Default)]
pub(super) struct Store {
    pub(super) tokens: Mutex<Vec<String>>,
    broken: bool,
}

impl Grants for Store {
    fn load(&self) -> BoxFuture<'_, Result<Option<Grant>, String>> {
        let newest = self.tokens.lock().unwrap().last().cloned();
        async { Ok(newest.map(|token| granted(&token))) }.boxed()
    }

    fn keep(&self, grant: Grant) -> BoxFuture<'_, Result<(), String>> {
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.broken {
                return Err("full".to_owned());
            }
            self.tokens.lock().unwrap().push(grant.refresh_token.expose_secret().to_owned());
            Ok(())
        }
        .boxed()
    }
}

fn granted(token: &str) -> Grant {
    Grant {
        refresh_token: token.into(),
        obtained: clock::now(),
        tenant: "tenant".to_owned(),
        client_id: "app".to_owned(),
    }
}

#[tokio::test]
async fn a_new_sign_in_outlasts_the_renewal_that_was_under_way() {
    let stand = Stand::by(|asked| {
        if !asked.is_sign_in() {
            return probe();
        }
        let body = json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": "t",
            "refresh_token": "rotated"});
        Say::Late(Duration::from_millis(300), Box::new(Say::json(&body)))
    })
    .await;
    let store = Arc::new(Store::default());
    store.tokens.lock().unwrap().push("r0".to_owned());
    let client = stand.client_by(Way::Delegated(store.clone()));
    let given = async {
        while stand.sign_ins().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        client.signed_in(Some(granted("given"))).await
    };
    let (probed, given) = tokio::join!(client.probe("inbox"), given);
    probed.unwrap();
    given.unwrap();
    assert_eq!(*store.tokens.lock().unwrap(), ["r0", "rotated", "given"]);
    client.probe("inbox").await.unwrap();
    assert_eq!(stand.sign_ins()[1].value("refresh_token").as_deref(), Some("given"));
}

#[tokio::test]
async fn a_new_sign_in_that_cannot_be_kept_changes_nothing() {
    let stand = Stand::by(|_| Say::refused("invalid_grant", 700_082)).await;
    let store = Arc::new(Store { broken: true, ..Store::default() });
    store.tokens.lock().unwrap().push("r0".to_owned());
    let client = stand.client_by(Way::Delegated(store));
    assert_eq!(client.probe("inbox").await, Err(LOCKED));
    assert!(client.signed_in(Some(granted("given"))).await.is_err());
    assert_eq!(client.sign_in_needed(), Some(SignInFault::GrantEnded));
}

#[tokio::test]
async fn a_client_knows_whose_it_is() {
    let stand = Stand::saying([]).await;
    let as_itself = stand.client();
    let by_a_person = stand.client_by(Way::Delegated(Arc::new(Store::default())));
    for (tenant, app, person, [itself, persons]) in [
        ("tenant", "app", false, [true, false]),
        ("Tenant", "APP", true, [false, true]),
        ("other", "app", false, [false, false]),
        ("tenant", "other", true, [false, false]),
    ] {
        assert_eq!(as_itself.is_of(tenant, app, person), itself, "{tenant} {app} {person}");
        assert_eq!(by_a_person.is_of(tenant, app, person), persons, "{tenant} {app} {person}");
    }
}

#[tokio::test]
async fn a_rotated_grant_is_kept_before_its_token_is_used() {
    for broken in [false, true] {
        let store = Arc::new(Store { broken, ..Store::default() });
        store.tokens.lock().unwrap().push("r0".to_owned());
        let seen = store.clone();
        let stand = Stand::by(move |asked| {
            if asked.is_sign_in() {
                let body = json!({"token_type": "Bearer", "expires_in": 3_600,
                    "access_token": "t", "refresh_token": "r1"});
                return Say::json(&body);
            }
            let newest = seen.tokens.lock().unwrap().last().cloned();
            if newest.as_deref() == Some("r1") { probe() } else { Say::status(418, "", "") }
        })
        .await;
        let client = stand.client_by(Way::Delegated(store.clone()));
        let outcome = client.probe("inbox").await;
        assert_eq!(outcome.is_ok(), !broken, "{outcome:?}");
        assert_eq!(stand.all().len(), if broken { 1 } else { 2 });
        let sign_in = &stand.sign_ins()[0];
        assert_eq!(sign_in.value("refresh_token").as_deref(), Some("r0"));
        let scope = sign_in.value("scope").unwrap();
        let graph = stand.url.as_str();
        assert_eq!(scope, format!("offline_access {graph}Mail.ReadWrite {graph}Mail.Send"));
        assert_eq!(client.sign_in_needed(), None);
    }
    let stand = Stand::saying([]).await;
    let client = stand.client_by(Way::Delegated(Arc::new(Store::default())));
    assert_eq!(client.probe("inbox").await, Err(LOCKED));
    assert_eq!(client.sign_in_needed(), Some(SignInFault::NoGrant));
    assert_eq!(stand.all().len(), 0);
}
