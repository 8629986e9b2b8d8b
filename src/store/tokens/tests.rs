//! A token's life, across restarts and rotations.

use secrecy::ExposeSecret;

use super::*;
use crate::store::{Keyring, Store};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn text(token: &SecretString) -> &str {
    token.expose_secret()
}

#[tokio::test]
async fn a_token_opens_until_it_is_revoked_across_restarts_and_rotations() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let keys = Keyring::generate();
    let store = Store::open(&path, keys.clone()).unwrap();
    let (made, token) =
        store.tokens().create("portal", Scope::Write, None, at(0)).unwrap().unwrap();
    assert!(store.tokens().create("portal", Scope::Read, None, at(0)).unwrap().is_none());
    assert_eq!(text(&token).len(), "ticketd_".len() + 12 + 1 + 64);
    let opened = Ok((made.id.clone(), Scope::Write));
    assert_eq!(store.tokens().check(text(&token), at(1)).unwrap(), opened);
    store.barrier().await.unwrap();
    let both = keys.with_new_current();
    assert_eq!(store.reseal(both.clone()).await.unwrap().unreadable, 0);
    let exported = dir.path().join("export");
    store.export(&exported).unwrap();
    let exported = std::fs::read_to_string(&exported).unwrap();
    assert!(exported.contains("tokens") && !exported.contains("portal"), "sealed");
    drop(store);

    let store = Store::open(&path, Keyring::parse(&both.current_line()).unwrap()).unwrap();
    assert_eq!(store.tokens().check(text(&token), at(2)).unwrap(), opened);
    let all = store.tokens().all().unwrap();
    assert_eq!(all, [ApiToken { used: Some(at(1)), ..made.clone() }]);
    assert_eq!(store.tokens().revoke("portal").unwrap().map(|gone| gone.id), Some(made.id));
    let unknown = Ok(Err(TokenFault::Unknown));
    assert_eq!(store.tokens().check(text(&token), at(3)).map_err(|_| ()), unknown);
    store.barrier().await.unwrap();
    drop(store);
    let store = Store::open(&path, both).unwrap();
    assert_eq!(store.tokens().check(text(&token), at(4)).map_err(|_| ()), unknown);
    assert!(store.tokens().revoke("portal").unwrap().is_none());
    assert!(store.tokens().create("portal", Scope::Read, None, at(5)).unwrap().is_some());
}

#[test]
fn what_is_not_the_token_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store"), Keyring::generate()).unwrap();
    let tokens = store.tokens();
    let (made, token) = tokens.create("a", Scope::Read, Some(at(60)), at(0)).unwrap().unwrap();
    let (_, other) = tokens.create("b", Scope::Read, None, at(0)).unwrap().unwrap();
    let secret_of = |token: &SecretString| text(token).rsplit_once('_').unwrap().1.to_owned();
    let swapped = api_token::join(&made.id, &secret_of(&other));
    let cut = &text(&token)[..text(&token).len() - 1];
    for odd in ["", "ticketd__", "Bearer", cut, &swapped, &format!("{}0", text(&token))] {
        let refused = tokens.check(odd, at(1)).unwrap();
        assert_eq!(refused, Err(TokenFault::Unknown), "{odd:?}");
    }
    for (when, opens) in [(0, true), (59, true), (60, false), (61, false)] {
        assert_eq!(tokens.check(text(&token), at(when)).unwrap().is_ok(), opens, "{when}");
    }
    assert_eq!(tokens.check(text(&token), at(61)).unwrap(), Err(TokenFault::Expired));
    let by_id = tokens.revoke(made.id.as_str()).unwrap().unwrap();
    assert_eq!((by_id.name.as_str(), tokens.all().unwrap().len()), ("a", 1));
}

#[test]
fn a_use_is_noted_once_a_minute() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store"), Keyring::generate()).unwrap();
    let (_, token) = store.tokens().create("a", Scope::Read, None, at(0)).unwrap().unwrap();
    let mut seen = Vec::new();
    for when in [1, 2, 59, 61, 62, 200] {
        store.tokens().check(text(&token), at(when)).unwrap().unwrap();
        let before = store.0.shared.changes();
        seen.push((store.tokens().all().unwrap()[0].used.unwrap(), before));
    }
    let used: Vec<_> = seen.iter().map(|(used, _)| *used).collect();
    assert_eq!(used, [at(1), at(1), at(1), at(61), at(61), at(200)]);
    let writes = seen.last().unwrap().1 - seen.first().unwrap().1;
    assert_eq!(writes, 2, "three notes, the first before the count");
}

#[test]
fn other_rows_are_refused_without_quoting_them() {
    for (row, fault) in [
        (r#"{"v":2,"name":"s3cret"}"#, RowFault::NewerVersion(2)),
        (r#"{"v":1,"name":"s3cret"}"#, RowFault::Undecodable),
        ("", RowFault::Undecodable),
    ] {
        assert_eq!(TokenSchema::read(row.as_bytes()).err(), Some(fault), "{row}");
    }
}
