//! What the mail service before ticketd got wrong in its API, as a running process shows it, one test a
//! fault. The rest is in `tests/it/forerunner_api.rs`.

use crate::daemon::Daemon;
use crate::post::PostSite;
use crate::secrets::{LOUD, Secrets};
use crate::tokens::asks;

async fn token(post: &PostSite, name: &str, scope: &str) -> String {
    let arguments = ["token", "create", "--name", name, "--scope", scope];
    let made = post.site.ticketd(&arguments).output().await;
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.trim().to_owned()
}

/// A request of this target and more headers, with this body of JSON.
async fn send(daemon: &Daemon, line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    daemon
        .raw(&format!(
            "{line} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{headers}Content-Type: \
             application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
}

/// Tokens and bodies stood in its log.
#[tokio::test]
async fn no_token_and_no_words_of_a_caller_stand_in_the_log_or_the_store() {
    let post = PostSite::new().await;
    let daemon = post.site.daemon().with("TICKETD_LOG", LOUD).start().await;
    let written = token(&post, "portal", "write").await;
    let mut secrets = Secrets::default();
    let secret = written.rsplit('_').next().unwrap();
    secrets.know("the token", secret);
    let key = secrets.plant("the key of a request", 32);
    let title = secrets.plant("the title", 30);
    let body = secrets.plant("the body", 30);
    let reporter = secrets.plant("the reporter", 20);
    let json = format!(
        r#"{{"title": "{title}", "body": "{body}", "reporter": "{reporter}@example.org"}}"#
    );
    let tickets = "/api/tickets/v1/tickets/";
    let bearer = format!("Authorization: Bearer {written}\r\nIdempotency-Key: {key}\r\n");
    let made = send(&daemon, &format!("POST {tickets}"), &bearer, &json).await;
    assert!(made.starts_with("HTTP/1.1 201 "), "{made}");
    let mut answers = String::new();
    // The same, wherever a caller may put it by mistake.
    for (line, headers, body) in [
        (format!("GET {tickets}?token={written}&q={body}"), &*bearer, ""),
        (format!("GET {tickets}?q={title}&reporter={reporter}@example.org"), &bearer, ""),
        (format!("GET {tickets}?access_token={written}"), "", ""),
        (format!("GET {tickets}{written}"), &bearer, ""),
        (format!("POST {tickets}"), &*format!("Authorization: Basic {written}\r\n"), &json),
        (format!("POST {tickets}"), &format!("Authorization: Bearer {written}x\r\n"), &json),
        (format!("POST {tickets}"), &bearer, &json[1..]),
        (format!("PUT {tickets}{written}"), &bearer, &json),
    ] {
        answers.push_str(&send(&daemon, &line, headers, body).await);
    }
    let listed = post.site.ticketd(&["token", "list"]).output().await.stdout;
    let numbers = daemon.get("/metrics").await;
    let log = daemon.stop().await;
    // What a caller searched for goes to Jira, whose address hyper writes at this level.
    let ours: Vec<_> = log.lines().filter(|line| line.contains("ticketd")).collect();
    assert!(ours.len() > 20, "{log}");
    secrets.are_not_in("the log", ours.join("\n").as_bytes());
    secrets.are_not_in("the numbers", numbers.as_bytes());
    secrets.are_not_in("the list", listed.as_bytes());
    secrets.are_not_below(&post.site.store());
    let mut token_alone = Secrets::default();
    token_alone.know("the token", secret);
    token_alone.are_not_in("the whole log", log.as_bytes());
    let told = answers.matches("HTTP/1.1 ").count();
    assert_eq!(told, 8, "{answers}");
}

/// A socket and 20 KiB were lost with each request; after 1,000 it was dead.
#[tokio::test]
async fn a_thousand_requests_cost_no_socket_and_no_memory() {
    let post = PostSite::new().await;
    let launch = post.site.daemon();
    let daemon = launch.with("TICKETD_LIMITS__PER_TOKEN_PER_MINUTE", "60000").start().await;
    let written = token(&post, "portal", "write").await;
    let pid = daemon.pid();
    let sockets = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let bearer = format!("Authorization: Bearer {written}\r\n");
    let ask = async |n: usize| {
        let line = match n % 4 {
            0 => "GET /api/tickets/v1/tickets/?q=printer",
            1 => "GET /api/tickets/v1/tickets/SUP-999",
            2 => "GET /api/tickets/v1/tickets/supported-boards",
            _ => "GET /api/tickets/v1/nothing",
        };
        let told = send(&daemon, line, &bearer, "").await;
        let status = if n.is_multiple_of(2) { "HTTP/1.1 200 " } else { "HTTP/1.1 404 " };
        assert!(told.starts_with(status), "{line}: {told}");
    };
    for n in 0..200 {
        ask(n).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let (files, memory) = (sockets(), resident());
    for n in 0..1_000 {
        ask(n).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let (files_after, memory_after) = (sockets(), resident());
    println!("figure api_1000_requests_sockets {}", files_after.saturating_sub(files));
    println!("figure api_1000_requests_rss_kib {}", memory_after.saturating_sub(memory));
    assert!(files_after <= files + 8, "{files} files open before, {files_after} after");
    // 20 KiB a request were 20,000.
    assert!(memory_after <= memory + 2_048, "{memory} KiB before, {memory_after} after");
    assert_eq!(asks(&daemon, &written).await, "200");
    daemon.stop().await;
}
