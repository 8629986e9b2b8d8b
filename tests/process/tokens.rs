//! `ticketd token`: the operator gives a caller a token and takes it back, with the daemon running and
//! without it.

use crate::daemon::Daemon;
use crate::post::PostSite;
use crate::site::Ended;

async fn run(post: &PostSite, arguments: &[&str]) -> Ended {
    let arguments = [&["token"], arguments].concat();
    post.site.ticketd(&arguments).output().await
}

/// What a command says that works.
async fn says(post: &PostSite, arguments: &[&str]) -> String {
    let ended = run(post, arguments).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}: {ended:?}");
    ended.stdout
}

/// The sentence of a command that fails.
async fn fails(post: &PostSite, arguments: &[&str], code: i32) -> String {
    let ended = run(post, arguments).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{arguments:?}: {ended:?}");
    ended.stderr
}

/// Makes, lists and takes back tokens, and says what a token is worth in between.
async fn a_token_comes_and_goes(post: &PostSite, daemon: Option<&Daemon>) {
    let status = async |token: &str| match daemon {
        Some(daemon) => Some(asks(daemon, token).await),
        None => None,
    };
    assert_eq!(says(post, &["list"]).await.trim(), "there is no token");
    let made = says(post, &["create", "--name", "portal", "--scope", "read"]).await;
    let token = made.trim();
    // Alone on its line, so that a script can take it.
    assert!(token.starts_with("ticketd_") && made == format!("{token}\n"), "{made}");
    let same_name = ["create", "--name", "portal", "--scope", "write"];
    assert!(fails(post, &same_name, 1).await.contains("portal"));
    let other = ["create", "--name", "script", "--scope", "write", "--expires", "90d"];
    let other = says(post, &other).await;
    assert_ne!(other.trim(), token);
    if let Some(told) = status(token).await {
        assert_eq!(told, "200");
    }
    let listed = says(post, &["list"]).await;
    let row = |name: &str| {
        let row = listed.lines().find(|line| line.contains(name));
        row.unwrap_or_else(|| panic!("no {name} in {listed}")).to_owned()
    };
    assert!(row("portal").contains("read"), "{listed}");
    assert_eq!(row("portal").matches("never").count(), if daemon.is_some() { 1 } else { 2 });
    assert!(row("script").contains("write") && row("script").matches("never").count() == 1);
    for secret in [token, other.trim()] {
        assert!(!listed.contains(secret.rsplit('_').next().unwrap()), "{listed}");
    }
    let id = row("portal").split_whitespace().next().unwrap().to_owned();
    assert!(says(post, &["revoke", &id]).await.contains("portal"));
    if let Some(told) = status(token).await {
        assert_eq!(told, "401");
    }
    assert!(says(post, &["revoke", "script"]).await.contains("script"));
    assert!(fails(post, &["revoke", "script"], 1).await.contains("token list"));
    assert_eq!(says(post, &["list"]).await.trim(), "there is no token");
}

/// The status of a request with this token.
pub(crate) async fn asks(daemon: &Daemon, token: &str) -> String {
    let told = daemon
        .raw(&format!(
            "GET /api/tickets/v1/tickets/supported-boards HTTP/1.1\r\nHost: t\r\n\
             Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    told.split(' ').nth(1).unwrap_or_else(|| panic!("{told:?}")).to_owned()
}

#[tokio::test]
async fn tokens_are_made_and_taken_back_with_the_daemon_and_without() {
    let post = PostSite::new().await;
    let daemon = post.run().await;
    a_token_comes_and_goes(&post, Some(&daemon)).await;
    let made = says(&post, &["create", "--name", "kept", "--scope", "read"]).await;
    daemon.stop().await;
    assert!(says(&post, &["list"]).await.contains("kept"));
    says(&post, &["revoke", "kept"]).await;
    a_token_comes_and_goes(&post, None).await;
    let again = says(&post, &["create", "--name", "again", "--scope", "read"]).await;
    let daemon = post.run().await;
    assert_eq!(asks(&daemon, made.trim()).await, "401");
    assert_eq!(asks(&daemon, again.trim()).await, "200");
    daemon.stop().await;
}

#[tokio::test]
async fn a_token_that_cannot_be_is_told_before_anything_is_made() {
    let post = PostSite::new().await;
    post.run().await.stop().await;
    for (arguments, code) in [
        (&["create", "--name", "portal"][..], 2),
        (&["create", "--scope", "read"], 2),
        (&["create", "--name", "portal", "--scope", "admin"], 2),
        (&["create", "--name", "portal", "--scope", "read", "--expires", "soon"], 2),
        (&["create", "--name", "portal", "--scope", "read", "--expires", "2020-01-01"], 1),
        (&["create", "--name", "", "--scope", "read"], 1),
        (&["create", "--name", "two\nlines", "--scope", "read"], 1),
        (&["revoke", "nobody"], 1),
    ] {
        fails(&post, arguments, code).await;
    }
    assert_eq!(says(&post, &["list"]).await.trim(), "there is no token");
}
