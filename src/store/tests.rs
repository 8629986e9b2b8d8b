//! What the store says of rows that are not as they should be.

use super::*;

#[test]
fn a_record_of_another_kind_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let keys = Keyring::generate();
    for (record, words) in [
        (r#"{"schema":2}"#, "the store is of schema 2, this ticketd knows up to 1;"),
        ("gibberish", "is damaged (a row of meta cannot be read: it does not hold what"),
    ] {
        let store = Store::open(&path, keys.clone()).unwrap();
        let tree = store.0.engine.db.open_tree(MetaSchema::TREE).unwrap();
        let usual = tree.insert(MetaSchema::key(&()), record).unwrap().unwrap();
        store.0.engine.barrier.now().unwrap();
        drop((store, tree));
        let fault = Store::open(&path, keys.clone()).err().unwrap().to_string();
        assert!(fault.contains(words), "{fault}");

        let db = sled::Config::new().path(&path).flush_every_ms(None).open().unwrap();
        db.open_tree(MetaSchema::TREE).unwrap().insert(MetaSchema::key(&()), usual).unwrap();
    }
}

#[tokio::test]
async fn a_row_that_does_not_open_keeps_the_older_key_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let old = Keyring::generate();
    let both = old.with_new_current();
    let store = Store::open(&path, old.clone()).unwrap();
    let tree = store.0.engine.db.open_tree(LoginSchema::TREE).unwrap();
    let moved = seal::seal(&old, LoginSchema::TREE, b"alice", b"row").unwrap();
    tree.insert("mallory", moved).unwrap();
    let done = store.reseal(both.clone()).await.unwrap();
    // The row that does open is the desk's secret.
    assert_eq!(done, Resealed { resealed: 1, unreadable: 1, current: 0 });
    drop((store, tree));
    let new = Keyring::parse(&both.current_line()).unwrap();
    let refused = Store::open(&path, new).err().unwrap();
    assert!(matches!(refused, StoreError::WrongKey { .. }), "{refused}");
    assert!(Store::open(&path, both).is_ok());
}
