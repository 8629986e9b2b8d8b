//! The API for tickets, asked by a program that never saw it: schemathesis reads `openapi.json`, makes
//! requests of it, right ones and wrong ones, and judges every answer by what is described.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use ticketd::config;
use ticketd::sandbox::{Fault, FaultRule, Redmine};

use crate::harness::api::CONTEXT;
use crate::harness::{Post, PostSetup};

/// What `up.sh` exits with where this machine cannot have it.
const NOT_HERE: i32 = 77;
/// The same requests every time.
const SEED: &str = "20261122";
/// How long the fuzzing may take, in seconds; the fixed phases come on top.
const MAX_TIME: &str = "75";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_does_what_its_description_says() {
    let Some(program) = up() else { return };
    let post = start().await;
    let token = post.app.token("fuzz", "write").await;
    // More than one page, and the ticket of the description's example is one of them.
    while post.jira.file_as("alice", "SUP", "Filed", &["general"]) != "SUP-42" {}
    for board in ["support", "helpdesk"] {
        let told = post.app.api_json("POST /tickets/", &token, &ticket(board)).await;
        assert_eq!(told.status, 201, "{told:?}");
    }
    let api = format!("http://{}{CONTEXT}", post.app.address);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    // What it remembers of an earlier run would change this one.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let run = folder.clone();
    let mut fuzzing = tokio::task::spawn_blocking(move || fuzz(&program, &api, &token, &run));
    let ended = loop {
        // Now and then a tracker does not answer, and the answer is where to ask later.
        tokio::select! {
            ended = &mut fuzzing => break ended.unwrap(),
            () = tokio::time::sleep(Duration::from_secs(2)) => {
                let away = FaultRule::from(Fault::Status(503)).at("POST /rest/api/2/issue");
                post.jira.fault(away.times(1));
            }
        }
    };
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let report = std::fs::read(folder.join("report.json"));
    let report = report.unwrap_or_else(|fault| panic!("no report ({fault}): {ended:?}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    println!("{said}");
    let cases = &report["test_cases"];
    println!("figure schemathesis_failures {}", cases["unique_failures"]);
    println!("figure schemathesis_cases {}", cases["generated"]);
    assert!(ended.status.success(), "{}: {said}", ended.status);
    assert_eq!(report["operations"]["tested"], 7, "{}", report["operations"]);
    assert_eq!((&cases["unique_failures"], &cases["errored"]), (&json!(0), &json!(0)), "{cases}");
    assert!(cases["generated"].as_u64().is_some_and(|count| count > 150), "{cases}");
}

/// A board in each tracker, and words that both take.
async fn start() -> Post {
    let setup = PostSetup::default().config(|config| {
        config.redmine.filing = Some(config::Filing {
            api_key: Redmine::user_key("bot").into(),
            issue_type: Some("Support".to_owned()),
            text_formatting: config::TextFormatting::Textile,
            poll: Duration::from_millis(500),
            users: [("bob@example.test".to_owned(), 7)].into(),
            attachment_bytes: 5 << 20,
            reopen_status: None,
        });
        let (key, project) = ("helpdesk".to_owned(), "helpdesk".to_owned());
        config.redmine.boards = vec![config::ProjectBoard { key, project }];
    });
    setup.start().await
}

fn ticket(board: &str) -> Value {
    json!({
        "title": "The printer is out of order",
        "body": "It shows E-42 since this morning.",
        "reporter": "ann@customer.example",
        "board": board,
        "category": "general"
    })
}

fn fuzz(program: &str, api: &str, token: &str, folder: &Path) -> std::process::Output {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command.env("SCHEMATHESIS_HOOKS", beside("hooks.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg("--config-file").arg(beside("schemathesis.toml"));
    command.args(["run", &format!("{api}/openapi.json"), "--header"]);
    command.arg(format!("Authorization: Bearer {token}"));
    command.args(["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]);
    command.args(["--mode", "all", "--seed", SEED, "--max-examples", "40"]);
    command.args(["--max-time", MAX_TIME, "--request-timeout", "60", "--max-response-time", "60"]);
    // A stream of events has no end that a program could wait for; tests/it/rest_events.rs reads it.
    command.args(["--exclude-operation-id", "streamEvents"]);
    command.args(["--generation-database", "none", "--no-color"]);
    command.args(["--report", "json", "--report-json-path", "report.json"]);
    command.output().unwrap()
}

/// The program; none where the machine cannot have it.
fn up() -> Option<String> {
    let folder = env::var_os("SCHEMATHESIS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis"), PathBuf::from);
    let mut command = Command::new("bash");
    command.arg(beside("up.sh")).env("SCHEMATHESIS_DIR", folder).stdin(Stdio::null());
    let up = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&up.stderr);
    if up.status.code() == Some(NOT_HERE) {
        let _ = writeln!(io::stderr(), "{} (the API against its description)", said.trim());
        return None;
    }
    assert!(up.status.success(), "up.sh: {}: {said}", up.status);
    let printed = String::from_utf8(up.stdout).unwrap();
    Some(printed.lines().last().expect("a path").to_owned())
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/schemathesis").join(name)
}
