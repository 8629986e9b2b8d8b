//! What a start says: the log, and the sentences for an operator who has to mend something.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::site::Site;

#[tokio::test]
async fn a_json_log_ties_the_answer_to_the_request_and_its_actor() {
    let site = Site::new().await;
    let daemon = site
        .daemon()
        .argument("--log-format")
        .argument("json")
        .with("TICKETD_LOG", "ticketd=debug")
        .start()
        .await;
    let first = daemon.say(&site, "alice", "me").await;
    let second = daemon.say(&site, "alice", "projects").await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.request_id, second.request_id);
    let log = daemon.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (said, command) in [(&first, "me"), (&second, "projects")] {
        let of_request: Vec<_> =
            lines.iter().filter(|line| line["request.id"] == *said.request_id).collect();
        let by_actor = of_request.iter().find(|line| {
            let target = line["target"].as_str().unwrap();
            target.starts_with("ticketd::actors::redmine_session")
        });
        let by_actor = by_actor.unwrap_or_else(|| panic!("no line of the actor in {log}"));
        assert_eq!(by_actor["command"], command, "{by_actor}");
        assert_eq!(by_actor["http.route"], "/slash/redmine", "{by_actor}");
    }
    for line in &lines {
        for key in ["timestamp", "level", "target", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn the_text_log_is_for_people_and_an_id_of_the_proxy_is_kept() {
    let site = Site::new().await;
    let daemon = site.daemon().with("TICKETD_LOG", "ticketd=debug").start().await;
    let answer = daemon
        .raw("GET /nowhere HTTP/1.1\r\nHost: t\r\nX-Request-Id: proxy-7\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("x-request-id: proxy-7"), "{answer}");
    let log = daemon.stop().await;
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_err()), "{log}");
    assert!(!log.contains('\u{1b}'), "colours where no terminal is");
    let line = log.lines().find(|line| line.contains("a request was refused")).expect("a line");
    assert!(line.contains("request.id=proxy-7"), "{line}");
}

#[tokio::test]
async fn every_fault_of_a_configuration_is_told_at_once() {
    let site = Site::new().await;
    let toml = "[http]\nlisten = \"everywhere\"\npublic_uri = \"https://desk.example.org\"\n\
                [mattermost]\nurl = \"mattermost\"\nlocale = \"xx\"\n\
                [redmine]\nslash_tokens = [\"short\"]\n\
                [limits]\nconnections = 0\n";
    std::fs::write(site.config_file(), toml).unwrap();
    for command in ["run", "check"] {
        let ended =
            site.ticketd(&[command]).with("TICKETD_LIMITS__BODY_BYTES", "many").output().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let keys: BTreeSet<_> = ended
            .stderr
            .lines()
            .flat_map(|line| line.split([' ', ':']).filter(|word| word.contains('.')))
            .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
            .collect();
        for key in [
            "http.listen",
            "http.public_uri",
            "mattermost.url",
            "mattermost.locale",
            "redmine.slash_tokens",
            "limits.connections",
            "limits.body_bytes",
            "store.master_key",
        ] {
            assert!(keys.contains(key), "{key} is not told in {}", ended.stderr);
        }
        assert_eq!(ended.stderr.lines().count(), 8, "{}", ended.stderr);
        assert!(ended.stderr.contains("ticketd.toml:2: http.listen"), "{}", ended.stderr);
        assert!(ended.stderr.contains("TICKETD_LIMITS__BODY_BYTES: "), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn without_slash_tokens_it_says_where_to_find_one() {
    let site = Site::new().await;
    let toml = std::fs::read_to_string(site.config_file()).unwrap();
    let without: Vec<_> = toml.lines().filter(|line| !line.starts_with("slash_tokens")).collect();
    std::fs::write(site.config_file(), without.join("\n")).unwrap();
    let ended = site.daemon().output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "ticketd: redmine.slash_tokens: not set; Mattermost shows a token under Integrations > \
         Slash Commands, one for each team (a [[mailbox]], [ticket] or jira.boards will do instead): \
         copy it, then set slash_tokens or slash_tokens_file under [redmine], or \
         TICKETD_REDMINE__SLASH_TOKENS_FILE\n"
    );
    assert!(!site.store().exists(), "it left a store behind");
}

#[tokio::test]
async fn a_second_one_on_the_same_store_or_address_says_so() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let ended = site.daemon().output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let path = site.store();
    let sentence =
        format!("ticketd: the store in {} is in use; is ticketd already running", path.display());
    assert!(ended.stderr.contains(&sentence), "{}", ended.stderr);

    let ended = site
        .daemon()
        .with("TICKETD_STORE__PATH", site.path("other"))
        .with("TICKETD_HTTP__LISTEN", daemon.address.to_string())
        .output()
        .await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let sentence = format!("ticketd: cannot listen on {}: Address already in use", daemon.address);
    assert!(ended.stderr.contains(&sentence), "{}", ended.stderr);

    // The first one has not suffered.
    assert_eq!(daemon.say(&site, "alice", "help").await.status, 200);
    daemon.stop().await;
}

#[tokio::test]
async fn wrong_use_is_exit_code_two() {
    let site = Site::new().await;
    for arguments in [&["walk"][..], &["run", "--log-format", "xml"], &[]] {
        let ended = site.ticketd(arguments).output().await;
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
    }
    let ended = site.daemon().with("TICKETD_LOG", "ticketd=loud").output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("write one like \"ticketd=info,warn\""), "{ended:?}");
    for word in ["loud", "warning"] {
        let ended = site.daemon().with("TICKETD_LOG", word).output().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let told = format!("ticketd: TICKETD_LOG: \"{word}\" is no level; write off, error,");
        assert!(ended.stderr.starts_with(&told), "{ended:?}");
    }
}

#[tokio::test]
async fn the_demo_goes_the_same_way_with_either_mailbox() {
    let dir = tempfile::tempdir().unwrap();
    let demo = async |more: &[&str], mailbox: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ticketd"));
        command.env_clear().env("TMPDIR", dir.path()).args(["demo", "--once"]).args(more);
        let output =
            tokio::time::timeout(Duration::from_mins(1), command.kill_on_drop(true).output());
        let ended = crate::site::Ended::from(output.await.expect("it ends in time").unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
        assert!(ended.stdout.contains(&format!("(built in, {mailbox})")), "{}", ended.stdout);
        // But for those that tell a time.
        let step = |line: &&str| line.starts_with("== ") || line.starts_with("    ok ");
        let steps = ended.stdout.lines().filter(|line| step(line) && !line.ends_with(" ms)"));
        steps.map(str::to_owned).collect::<Vec<_>>()
    };
    let (jmap, graph) =
        tokio::join!(demo(&[], "JMAP"), demo(&["--mailbox", "graph"], "Microsoft 365"));
    assert!(jmap.len() > 28, "{jmap:?}");
    for step in [
        "== Bob takes it by its button",
        "    ok (posted once, with the day's first number)",
        "    ok (one ticket, one issue; the post's own thread says where)",
        "    ok (a comment in Jira)",
        "    ok (a reply in the thread)",
    ] {
        assert!(jmap.iter().any(|line| line.starts_with(step)), "{step}: {jmap:?}");
    }
    assert_eq!(jmap, graph);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_demo_that_is_interrupted_is_quiet_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // Before its first line, within the tour, and a second time while it stops.
    for (line, signals) in [(None, 1), (Some("Mattermost "), 1), (Some("== When things"), 2)] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ticketd"));
        command.env_clear().env("TMPDIR", dir.path()).arg("demo").kill_on_drop(true);
        let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        match line {
            // As soon as it has made anything.
            None => {
                while std::fs::read_dir(dir.path()).unwrap().next().is_none() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Some(begin) => while !lines.next_line().await.unwrap().unwrap().starts_with(begin) {},
        }
        let pid = Pid::from_raw(demo.id().unwrap().cast_signed()).unwrap();
        for _ in 0..signals {
            rustix::process::kill_process(pid, Signal::INT).unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while lines.next_line().await.unwrap().is_some() {}
        let ended = demo.wait_with_output().await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), said.as_str()), (Some(130), ""), "after {line:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "after {line:?}");
    }
}

#[tokio::test]
async fn without_a_configuration_file_it_says_where_it_looked() {
    let places = ["/etc/ticketd/ticketd.toml", "config/ticketd.toml"];
    if std::path::Path::new(places[0]).exists() {
        println!("not run: this machine has {}", places[0]);
        return;
    }
    let site = Site::new().await;
    let ended = |variables: &'static [(&str, &str)]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ticketd"));
        command.env_clear().envs(variables.iter().copied()).current_dir(site.path("."));
        let output = async move { command.arg("check").output().await.unwrap() };
        async { crate::site::Ended::from(output.await) }
    };
    let told = format!("no configuration file in {} or {}", places[0], places[1]);
    let faulty = ended(&[]).await;
    assert_eq!(faulty.code, Some(2), "{faulty:?}");
    let first = faulty.stderr.lines().next().unwrap();
    assert_eq!(first, format!("ticketd: {told}; name one with --config FILE"));
    assert!(faulty.stderr.contains("\nredmine.slash_tokens: not set"), "{faulty:?}");

    let complete = ended(&[
        ("TICKETD_STORE__MASTER_KEY", "ab"),
        ("TICKETD_STORE__PATH", "store"),
        ("TICKETD_REDMINE__SLASH_TOKENS", "x57qoutf8pg8mgx1q1ysq5mzty"),
    ])
    .await;
    let first = complete.stdout.lines().next().unwrap();
    assert!(first.starts_with("note   configuration: no file in "), "{complete:?}");

    std::fs::create_dir(site.path("config")).unwrap();
    std::fs::rename(site.config_file(), site.path("config/ticketd.toml")).unwrap();
    let found = ended(&[]).await;
    assert!(found.stdout.starts_with("ok     configuration: config/ticketd.toml\n"), "{found:?}");
}
