//! `ticketd desk` and `ticketd mailbox`: what the operator sees and does, with the daemon running
//! and without it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine as _;
use ticketd::sandbox::{Fault, FaultRule, Jira, Jmap};

use crate::daemon::SOON;
use crate::post::{HOOK_SECRET, PostSite};
use crate::site::Ended;
use crate::tickets::with_ticket;

async fn run(post: &PostSite, arguments: &[&str]) -> Ended {
    post.site.ticketd(arguments).output().await
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
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended.stderr
}

/// The first word of the row that holds `text`.
fn id_of(table: &str, text: &str) -> String {
    let row = table.lines().find(|line| line.contains(text));
    let row = row.unwrap_or_else(|| panic!("no {text:?} in\n{table}"));
    row.split_whitespace().next().unwrap().to_owned()
}

/// Without what changes with time.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_desk_shows_the_same_with_the_daemon_and_without() {
    let post = PostSite::new().await;
    let daemon = post.run().await;
    post.deliver("dora@customer.example", "Printer", "", "It burns.");
    post.issues(1).await;
    post.deliver("dora@customer.example", "Machine", "Auto-Submitted: auto-generated\r\n", "Beep.");
    let refused = FaultRule::from(Fault::Status(400)).at("POST /rest/api/2/issue").times(1);
    post.jira.fault(refused);
    post.deliver("eve@customer.example", "Refused", "", "Please.");
    daemon.logged("it will not work").await;
    post.until("the notice", || post.jmap.submissions().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    let commands: [&[&str]; 7] = [
        &["desk", "list"],
        &["desk", "list", "--dead"],
        &["desk", "list", "--ignored"],
        &["desk", "list", "--quarantined"],
        &["desk", "show", "1"],
        &["desk", "audit"],
        &["desk", "list", "--limit", "1"],
    ];
    let mut running = Vec::new();
    for command in commands {
        running.push(says(&post, command).await);
    }
    assert!(running[0].contains("idle") && running[0].contains("SUP-1"), "{}", running[0]);
    assert!(running[0].contains("Printer") && running[0].contains("dead create_issue"));
    assert!(running[1].contains("create_issue: ") && running[1].contains("Refused"));
    assert!(running[2].contains("Machine"), "{}", running[2]);
    assert_eq!(running[3].trim(), "there is nothing to list");
    for word in ["issue      SUP-1", "dora@customer.example", "create_issue", "send_notice", "done"]
    {
        assert!(running[4].contains(word), "{word}: {}", running[4]);
    }
    assert!(running[5].contains("every mail is accounted for"), "{}", running[5]);
    assert_eq!(running[6].lines().count(), 2, "{}", running[6]);
    let mailboxes = says(&post, &["mailbox", "list"]).await;
    assert!(mailboxes.contains("support@example.org") && mailboxes.contains("2 ticket"));
    let mail = id_of(&running[2], "Machine");
    let shown = says(&post, &["desk", "show", &mail]).await;
    assert!(shown.contains("state      ignored"), "{shown}");

    assert_eq!(says(&post, &["desk", "show", "SUP-1"]).await, running[4]);
    for none in ["SUP-99", "#1"] {
        let told = fails(&post, &["desk", "show", none], 1).await;
        assert!(told.contains("an issue of a case (SUP-42, #12)"), "{told}");
    }

    daemon.stop().await;
    assert!(!post.site.store().join("control.sock").exists());
    for (command, before) in commands.iter().zip(&running) {
        assert_eq!(steady(&says(&post, command).await), steady(before), "{command:?}");
    }
    let dead = id_of(&running[1], "Refused");
    assert_eq!(says(&post, &["desk", "retry", &dead]).await, "it will be tried again\n");
    assert_eq!(says(&post, &["desk", "list", "--dead"]).await.trim(), "there is nothing to list");
    let daemon = post.run().await;
    post.issues(2).await;
    let ended = fails(&post, &["desk", "retry", &dead], 1).await;
    assert!(ended.contains("nothing of it is dead"), "{ended}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_retry_reaches_the_running_daemon() {
    let post = PostSite::new().await;
    let daemon = post.run().await;
    post.jira.fault(FaultRule::from(Fault::Status(400)).at("POST /rest/api/2/issue").times(1));
    post.deliver("eve@customer.example", "Refused", "", "Please.");
    daemon.logged("it will not work").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let dead = id_of(&says(&post, &["desk", "list", "--dead"]).await, "Refused");
    says(&post, &["desk", "retry", &dead]).await;
    post.issues(1).await;
    daemon.stop().await;
}

#[tokio::test]
async fn wrong_use_is_told_apart_from_what_is_not_there() {
    let post = PostSite::new().await;
    let none = fails(&post, &["desk", "list"], 1).await;
    assert!(none.contains("ticketd has not run yet"), "{none}");
    let daemon = post.run().await;
    for stopped in [false, true] {
        for id in ["99", "99.1", "0", "1x", "../x", "0123456789abcdef0123456789abcdef"] {
            let told = fails(&post, &["desk", "show", id], 1).await;
            assert!(told.starts_with("ticketd: ") && told.contains(id), "{id} {stopped}: {told}");
        }
        for id in ["99.1", "x", "0123456789abcdef0123456789abcdef"] {
            let told = fails(&post, &["desk", "retry", id], 1).await;
            assert!(told.starts_with("ticketd: "), "{id} {stopped}: {told}");
        }
        let told = fails(&post, &["mailbox", "sweep", "--days", "1", "--mailbox", "x"], 2).await;
        assert!(told.contains("no mailbox \"x\"; the mailboxes are support"), "{told}");
        let told = fails(&post, &["mailbox", "sweep", "--days", "9999"], 2).await;
        assert!(told.contains("desk.keep_days"), "{told}");
        if !stopped {
            daemon.signal(rustix::process::Signal::TERM);
            let gone = || !post.site.store().join("control.sock").exists();
            post.until("the daemon stops", gone).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    daemon.ended(SOON).await;
    for arguments in [
        &["desk"] as &[&str],
        &["desk", "show"],
        &["desk", "list", "--dead", "--ignored"],
        &["desk", "list", "--limit", "many"],
        &["desk", "forget"],
        &["mailbox", "sweep"],
        &["mailbox", "sweep", "--days", "0"],
    ] {
        fails(&post, arguments, 2).await;
    }
    for (arguments, words) in [
        (&["desk", "--help"] as &[&str], "Follow every mail to its ticket"),
        (&["desk", "list", "--help"], "mails that cannot be read"),
        (&["mailbox", "--help"], "Look for mails of the last days"),
        (&["mailbox", "sweep", "--help"], "Only count them"),
    ] {
        let help = says(&post, arguments).await;
        assert!(help.contains(words), "{help}");
    }
}

#[tokio::test]
async fn a_sweep_counts_first_and_then_takes_in() {
    let post = PostSite::new().await;
    for n in 0..5 {
        post.deliver("dora@customer.example", &format!("Old {n}"), "", "From before.");
    }
    let daemon = post.run().await;
    post.deliver("dora@customer.example", "New", "", "After.");
    post.issues(1).await;
    let counted = says(&post, &["mailbox", "sweep", "--days", "2", "--dry-run"]).await;
    assert!(counted.contains("support: 6 mails, 5 of them not in the register"), "{counted}");
    assert_eq!(post.jira.issues().len(), 1, "a dry run takes nothing in");
    daemon.stop().await;
    let counted = says(&post, &["mailbox", "sweep", "--days", "2", "--dry-run"]).await;
    assert!(counted.contains("5 of them not in the register"), "{counted}");
    let swept = says(&post, &["mailbox", "sweep", "--days", "2"]).await;
    assert!(swept.contains("5 tickets"), "{swept}");
    let daemon = post.run().await;
    post.issues(6).await;
    let counted = says(&post, &["mailbox", "sweep", "--days", "2"]).await;
    assert!(counted.contains("6 mails, 0 of them") || counted.contains(" 0 of them"), "{counted}");
    assert_eq!(post.jira.issues().len(), 6);
    daemon.stop().await;
}

#[tokio::test]
async fn watching_a_mailbox_is_the_mail_road_alone() {
    let post = PostSite::new().await;
    // Nor is there a /ticket then.
    let watch = post.site.ticketd(&["mailbox", "watch"]);
    let daemon = with_ticket(watch, "https://desk.example.org").start().await;
    post.until("the mailbox is read", || {
        post.jmap.ledger().iter().any(|call| call.target.contains("Email/changes"))
    })
    .await;
    post.deliver("dora@customer.example", "Watched", "", "x");
    post.issues(1).await;
    let said = daemon.say(&post.site, "alice", "/redmine help").await;
    assert_eq!(said.status, 401, "{said:?}");
    let form = post.site.mattermost.slash("alice", "/ticket help");
    let refused = form.send(&daemon.url("ticket")).await.unwrap();
    assert_eq!(refused.status, 404);
    assert!(says(&post, &["desk", "list"]).await.contains("Watched"));
    daemon.stop().await;
}

#[tokio::test]
async fn the_operators_door_is_for_the_owner_alone() {
    let post = PostSite::new().await;
    let daemon = post.run().await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&post.site.store()), 0o700);
    assert_eq!(mode(&post.site.store().join("control.sock")) & 0o077, 0, "nobody else may ask");
    daemon.kill().await;
    // What a killed daemon leaves behind stops neither the commands nor the next daemon.
    assert!(post.site.store().join("control.sock").exists());
    says(&post, &["desk", "list"]).await;
    post.run().await.stop().await;
}

/// Tokens were logged, and who wrote what.
#[tokio::test]
async fn no_secret_and_no_word_of_a_mail_is_logged() {
    let post = PostSite::new().await;
    let loud = "debug,ticketd=trace";
    let daemon = post.site.daemon().with("TICKETD_LOG", loud).with("RUST_LOG", loud).start().await;
    post.until("the mailbox is read", || {
        post.jmap.ledger().iter().any(|call| call.target.contains("Email/changes"))
    })
    .await;
    let fault = |fault: Fault, place: &str| {
        post.jira.fault(FaultRule::from(fault).at(place).times(1));
    };
    post.jira.forbid_watching("bob");
    fault(Fault::CutAfterCommit, "POST /rest/api/2/issue");
    fault(Fault::HtmlOk, "/user/search");
    post.jmap.fault(FaultRule::from(Fault::BrokenJson).at("Email/set").times(1));
    post.deliver(
        "Planted Person <planted.person@customer.example>",
        "Planted subject",
        "Cc: planted.copy@customer.example, bob@example.org\r\n",
        "Planted words.",
    );
    post.issues(1).await;
    post.until("the notice", || post.jmap.submissions().len() == 1).await;
    daemon.logged("the tracker does not let everybody watch who was named").await;
    let key = post.jira.issues()[0].key.clone();
    post.jira.comment_as("bob", &key, "Planted comment.");
    post.until("the comment", || post.jmap.submissions().len() == 2).await;
    fault(Fault::Status(400), "POST /rest/api/2/issue");
    post.deliver("planted.person@customer.example", "Planted refusal", "", "Planted words.");
    daemon.logged("it will not work").await;
    says(&post, &["desk", "list"]).await;
    post.jira.expire_token();
    post.deliver("planted.person@customer.example", "Planted later", "", "Planted words.");
    daemon.logged("does not accept our sign-in").await;
    let log = daemon.stop().await;
    for never in [
        Jira::API_TOKEN,
        Jira::USER,
        "bob@",
        HOOK_SECRET,
        "planted.",
        "Planted",
        "Basic ",
        "Bearer ",
    ] {
        assert!(!log.contains(never), "{never} is in the log:\n{log}");
    }
    let basic = |user: &str, password: &str| {
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
    };
    for pair in [basic(Jira::USER, Jira::API_TOKEN), basic(Jmap::USER, Jmap::PASSWORD)] {
        assert!(!log.contains(&pair), "{log}");
    }
}

/// A socket and 20 KiB were lost with each request.
#[tokio::test]
async fn tickets_cost_no_sockets_and_large_files_no_memory() {
    let post = PostSite::new().await;
    let daemon = post.run().await;
    let pid = daemon.pid();
    let sockets = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    for n in 0..20 {
        post.deliver("dora@customer.example", &format!("Warm {n}"), "", "x");
    }
    post.issues(20).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = sockets();
    for n in 0..150 {
        post.deliver("dora@customer.example", &format!("Mail {n}"), "", "x");
    }
    post.issues(170).await;
    post.until("the notices", || post.jmap.submissions().len() == 170).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = sockets();
    println!("{before} files open before 150 tickets, {after} after");
    assert!(after <= before + 20, "{before} files open before 150 tickets, {after} after");

    let small = resident();
    let mut most = small;
    let line = format!("{}\r\n", "QUJD".repeat(19));
    let encoded = line.repeat((8 << 20) / 57);
    let body = format!(
        "--=b\r\nContent-Type: text/plain\r\n\r\nLarge.\r\n--=b\r\nContent-Type: \
         application/octet-stream\r\nContent-Disposition: attachment; filename=large.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--=b--\r\n"
    );
    let kind = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=b\"\r\n";
    for n in 0..4 {
        post.deliver("dora@customer.example", &format!("Large {n}"), kind, &body);
    }
    post.until("the files", || {
        most = most.max(resident());
        let issues = post.jira.issues();
        issues.iter().filter(|issue| !issue.attachments.is_empty()).count() == 4
    })
    .await;
    println!("{small} MiB resident, {most} MiB at most with four files of 8 MB");
    assert!(most < small + 24, "{small} MiB resident, {most} MiB with four files of 8 MB");
    daemon.stop().await;
}
