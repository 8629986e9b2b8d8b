//! What people do with `/redmine`, whichever Redmine stands behind it. Each flow checks the words
//! that the person reads and, by asking Redmine itself, what really is there afterwards.
//!
//! alice is a Developer of the public `helpdesk`, bob a Reporter of the private `infra`, carol
//! signs in as `bot`, a Manager of both, and ticketd as the administrator.

use serde_json::json;
use ticketd::sandbox::Redmine;

use super::TestApp;

/// Rows on a page.
const PAGE: u64 = 10;

/// Signing in, being somebody, signing out.
pub(crate) async fn signing_in(app: &TestApp) {
    let say = |key: &str| app.say("alice", key, &[]);
    let key = Redmine::user_key("alice");
    assert_eq!(app.slash("alice", "me").await, say("redmine-no-login"));
    let wrong = "f".repeat(40);
    let text = app.slash("alice", &format!("login alice {wrong}")).await;
    assert_eq!(text, say("redmine-wrong-key"));
    let text = app.slash("alice", &format!("login bob {key}")).await;
    assert_eq!(text, say("redmine-not-that-user"));
    assert_eq!(app.slash("alice", "me").await, say("redmine-no-login"));

    app.sign_in("alice", "alice").await;
    let account = app.ask("alice", "users/current.json").await;
    let id = account["user"]["id"].to_string();
    let me = [("name", "Alice Archer".into()), ("login", "alice".into()), ("id", (&*id).into())];
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-me", &me));
    let named = [("name", "Alice Archer".into()), ("login", "alice".into())];
    let by_number = app.slash("alice", &format!("login {id} {key}")).await;
    assert_eq!(by_number, app.say("alice", "redmine-logged-in", &named));

    assert_eq!(app.slash("alice", "logout").await, say("redmine-logged-out"));
    assert_eq!(app.slash("alice", "logout").await, say("redmine-was-logged-out"));
    assert_eq!(app.slash("alice", "list").await, say("redmine-no-login"));
}

/// Everybody signs in; what follows needs it.
pub(crate) async fn everybody_signs_in(app: &TestApp) {
    for (user, login) in
        [("alice", "alice"), ("bob", "bob"), ("carol", "bot"), ("ticketd", "admin")]
    {
        app.sign_in(user, login).await;
    }
}

/// Lists by project, scope and page, and what is hidden.
pub(crate) async fn listing(app: &TestApp) {
    let bot = app.ask("bot", "users/current.json").await["user"]["id"].take();
    for n in 1..=11 {
        let subject = format!("Rack {n}");
        let issue = json!({"project_id": "infra", "subject": subject, "assigned_to_id": bot});
        app.put_issue("bot", issue).await;
    }
    for (typed, filter, state, whose, project) in [
        ("list", "status_id=open", "open", "anyone", ""),
        ("list helpdesk", "status_id=open&project_id=helpdesk", "open", "anyone", "helpdesk"),
        ("list mine", "status_id=open&assigned_to_id=me", "open", "mine", ""),
        (
            "list mine closed helpdesk",
            "status_id=closed&assigned_to_id=me&project_id=helpdesk",
            "closed",
            "mine",
            "helpdesk",
        ),
        (
            "list infra mine all",
            "status_id=*&assigned_to_id=me&project_id=infra",
            "all",
            "mine",
            "infra",
        ),
        ("list ALL infra", "status_id=*&project_id=infra", "all", "anyone", "infra"),
        ("list closed", "status_id=closed", "closed", "anyone", ""),
    ] {
        let total = app.count("bot", filter).await;
        let within = if project.is_empty() { "everything" } else { "project" };
        let args = [
            ("state", state.into()),
            ("whose", whose.into()),
            ("within", within.into()),
            ("project", project.into()),
            ("total", total.into()),
        ];
        let text = app.slash("carol", typed).await;
        if total == 0 {
            assert_eq!(text, app.say("carol", "redmine-list-empty", &args), "{typed}");
            continue;
        }
        let mut lines = text.lines();
        let head = app.say("carol", "redmine-list", &args);
        assert_eq!(lines.next(), Some(&*head), "{typed}");
        let rows = lines.filter(|line| line.starts_with("- [#")).count() as u64;
        assert_eq!(rows, total.min(PAGE), "{typed}: {text}");
        let more = total > PAGE;
        let next = typed.to_lowercase().replace("all infra", "infra all") + " 2";
        let next = [("page", "2".into()), ("command", (&*next).into())];
        assert_eq!(text.ends_with(&app.say("carol", "next-page", &next)), more, "{typed}: {text}");
    }
    let total = app.count("bot", "status_id=open&project_id=infra").await;
    let second = app.slash("carol", "list infra 2").await;
    let rows = second.lines().filter(|line| line.starts_with("- [#")).count() as u64;
    assert_eq!(rows, total.saturating_sub(PAGE).min(PAGE), "{second}");
    let end = [("pages", total.div_ceil(PAGE).into())];
    assert_eq!(app.slash("carol", "list infra 99").await, app.say("carol", "past-the-end", &end));
    for (project, sentence) in
        [("nowhere", "redmine-project-unknown"), ("infra", "redmine-project-forbidden")]
    {
        let text = app.slash("alice", &format!("list {project}")).await;
        assert_eq!(text, app.say("alice", sentence, &[("project", project.into())]));
    }
}

/// Projects and text search, each as the asker may see it.
pub(crate) async fn looking_around(app: &TestApp) {
    let helpdesk = format!("- [Help Desk]({}projects/helpdesk) `helpdesk`", app.redmine_url);
    let infra = format!("- [Infrastructure]({}projects/infra) `infra`", app.redmine_url);
    for (user, projects) in [
        ("alice", vec![&helpdesk]),
        ("bob", vec![&helpdesk, &infra]),
        ("carol", vec![&helpdesk, &infra]),
    ] {
        let total = [("total", projects.len().into())];
        let head = app.say(user, "redmine-projects", &total);
        let text = app.slash(user, "projects").await;
        let lines: Vec<_> = text.lines().collect();
        let expected: Vec<&str> =
            [&*head, ""].into_iter().chain(projects.into_iter().map(|line| &**line)).collect();
        assert_eq!(lines, expected);
    }
    let hits = |text: &str, total: u64, page: u64| {
        [
            ("text", text.to_owned().into()),
            ("total", total.into()),
            ("page", page.into()),
            ("pages", total.div_ceil(PAGE).into()),
        ]
    };
    let text = app.slash("alice", "search request 3").await;
    // Redmine drops the word of one character and finds all five.
    let five = app.say("alice", "redmine-search", &hits("request 3", 5, 1));
    assert_eq!(text.lines().next(), Some(&*five));
    assert!(!text.contains("search"), "no further page: {text}");
    let line = format!("- {} Support #3 (New): Helpdesk request 3", app.link(3));
    assert!(text.lines().any(|each| each == line), "{text}");
    let text = app.slash("alice", "search Infra fault").await;
    assert_eq!(text, app.say("alice", "redmine-search-empty", &hits("Infra fault", 0, 1)));
    let text = app.slash("alice", "search a b").await;
    assert_eq!(text, app.say("alice", "redmine-search-empty", &hits("a b", 0, 1)));

    // A word that no earlier walk has left: a real Redmine keeps what it is given.
    let toner = format!("toner{}", app.count("bot", "status_id=*").await);
    for n in 1..=11 {
        let issue = json!({"project_id": "helpdesk", "subject": format!("{toner} page {n}")});
        app.put_issue("bot", issue).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (page, rows) in [(1, 10), (2, 1)] {
        let typed = format!("search {toner} page {page}");
        let text = app.slash("alice", &typed).await;
        let head = app.say("alice", "redmine-search", &hits(&toner, 11, page));
        assert_eq!(text.lines().next(), Some(&*head), "{typed}");
        let before = seen.len();
        seen.extend(text.lines().filter(|line| line.starts_with("- [#")).map(str::to_owned));
        assert_eq!(seen.len() - before, rows, "{text}");
        let next = [("page", "2".into()), ("command", format!("search {toner} page 2").into())];
        assert_eq!(text.ends_with(&app.say("alice", "next-page", &next)), page == 1, "{text}");
    }
    let end = app.say("alice", "past-the-end", &[("pages", 2.into())]);
    assert_eq!(app.slash("alice", &format!("search {toner} page 3")).await, end);
}

/// New issues: what a subject may be, and where one may not make them.
pub(crate) async fn creating(app: &TestApp) {
    let long = "ü".repeat(255);
    let html = "<b>Fire</b> | [x](http://evil) @all #1";
    for (subject, shown) in [
        ("Printer on fire", "Printer on fire".to_owned()),
        (html, "<b>Fire</b> \\| \\[x\\](http://evil) @\u{200b}all #1".to_owned()),
        (&*long, format!("{}…", "ü".repeat(119))),
    ] {
        let (_, before) = app.newest().await;
        let text = app.slash("alice", &format!("create helpdesk {subject}")).await;
        let (made, after) = app.newest().await;
        assert_eq!(after, before + 1);
        assert_eq!(made["subject"], json!(subject));
        assert_eq!(made["author"]["name"], json!("Alice Archer"));
        let link = app.titled(made["id"].as_u64().unwrap(), &shown);
        assert_eq!(text, app.say("alice", "redmine-created", &[("issue", link.into())]));
    }
    let (_, before) = app.newest().await;
    let text = app.slash("alice", &format!("create helpdesk {}", "x".repeat(256))).await;
    let args = [("count", 256.into()), ("max", 255.into())];
    assert_eq!(text, app.say("alice", "redmine-subject-too-long", &args));
    for (project, sentence) in
        [("nowhere", "redmine-project-unknown"), ("infra", "redmine-project-forbidden")]
    {
        let text = app.slash("alice", &format!("create {project} Anything")).await;
        assert_eq!(text, app.say("alice", sentence, &[("project", project.into())]));
    }
    assert_eq!(app.newest().await.1, before, "nothing more was made");
}

/// Notes: they stand where the asker may look, and nowhere else.
pub(crate) async fn commenting(app: &TestApp) {
    let text = app.slash("alice", "comment 3 Seen it.\n**Second** line, @bob").await;
    let link = app.titled(3, "Helpdesk request 3");
    assert_eq!(text, app.say("alice", "redmine-commented", &[("issue", link.into())]));
    let (_, notes) = app.issue(3).await;
    let last = notes.last().unwrap().replace("\r\n", "\n");
    assert_eq!(last, "Seen it.\n**Second** line, @bob");
    let shown = app.slash("alice", "issue 3").await;
    assert!(shown.ends_with("> Seen it.\n> \\*\\*Second\\*\\* line, @\u{200b}bob"), "{shown}");

    let hidden = app.slash("alice", "comment 6 Let me in").await;
    let sentence = app.say("alice", "redmine-issue-forbidden", &[("issue", app.link(6).into())]);
    assert_eq!(hidden, sentence);
    assert_eq!(app.slash("alice", "issue 6").await, sentence);
    let unknown = app.slash("alice", "comment 99999 Hello").await;
    assert_eq!(unknown, app.say("alice", "redmine-issue-unknown", &[("issue", "99999".into())]));
}

/// Closing: by who may, by who may not, and twice.
pub(crate) async fn closing(app: &TestApp) {
    let subject = "Closing time";
    let new = async |project: &str| {
        app.put_issue("bot", json!({"project_id": project, "subject": subject})).await
    };
    let said = |user: &str, key: &str, id: u64, status: &str| {
        let link = app.titled(id, subject);
        app.say(user, key, &[("issue", link.into()), ("status", status.into())])
    };
    let (plain, with_note) = (new("helpdesk").await, new("helpdesk").await);
    let text = app.slash("alice", &format!("close {plain}")).await;
    assert_eq!(text, said("alice", "redmine-closed", plain, "Closed"));
    let text = app.slash("alice", &format!("close #{with_note} Toner changed")).await;
    assert_eq!(text, said("alice", "redmine-closed", with_note, "Closed"));
    for (id, left) in [(plain, vec![]), (with_note, vec!["Toner changed"])] {
        let (found, notes) = app.issue(id).await;
        assert_eq!(found["status"]["name"], json!("Closed"));
        assert_eq!(notes, left);
    }
    let text = app.slash("alice", &format!("close {plain} again")).await;
    assert_eq!(text, said("alice", "redmine-already-closed", plain, "Closed"));
    assert_eq!(app.issue(plain).await.1, Vec::<String>::new());

    // A Reporter: Redmine lists "Closed" as allowed, answers 204, and leaves it open.
    let theirs = new("infra").await;
    let text = app.slash("bob", &format!("close {theirs}")).await;
    assert_eq!(text, said("bob", "redmine-not-closed", theirs, "New"));
    let text = app.slash("bob", &format!("close {theirs} please")).await;
    assert_eq!(text, said("bob", "redmine-not-closed-but-noted", theirs, "New"));
    let (found, notes) = app.issue(theirs).await;
    assert_eq!((&found["status"]["name"], notes), (&json!("New"), vec!["please".to_owned()]));
    // No member at all: the workflow knows no way.
    let public = new("helpdesk").await;
    let text = app.slash("bob", &format!("close {public}")).await;
    assert_eq!(text, said("bob", "redmine-close-not-allowed", public, "New"));
    assert_eq!(app.issue(public).await.0["status"]["name"], json!("New"));
    // The administrator may everything.
    let text = app.slash("ticketd", &format!("close {theirs}")).await;
    assert_eq!(text, said("ticketd", "redmine-closed", theirs, "Closed"));
}
