//! What a mail becomes in Jira: where it goes, who reports it, what it says.

use crate::harness::{Letter, Post, PostSetup};
use ticketd::sandbox::{Deployment, JiraWrite};

const BOTH: [Deployment; 2] = [Deployment::Cloud, Deployment::DataCenter];

fn from_alice(subject: &str) -> Letter {
    Letter::from("Alice Archer <alice@example.org>", subject)
}

/// Wiki text without what a backslash takes the meaning from.
fn unescaped(text: &str) -> String {
    let escaped = ["\\{", "\\}", "\\[", "\\]", "\\!", "\\|", "\\~"];
    escaped.iter().fold(text.to_owned(), |text, escaped| text.replace(escaped, ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_says_the_project_and_labels_lead_back() {
    for flavour in BOTH {
        let setup = PostSetup::default().flavour(flavour).mailbox(|mailbox| {
            mailbox.category = Some("network team".to_owned());
        });
        let setup = setup.tracker(|jira| {
            jira.boards[0].name = "Operations".to_owned();
            jira.issue_type = "Bug".to_owned();
            jira.labels = vec!["ticketd".to_owned(), "mail".to_owned()];
        });
        let post = setup.start().await;
        let issue = post.issue_of(&from_alice("Down")).await;
        assert_eq!((issue.project.as_str(), issue.issue_type.as_str()), ("OPS", "Bug"));
        assert_eq!(issue.labels[..3], ["ticketd", "mail", "network-team"], "{:?}", issue.labels);
        let mark = &issue.labels[3];
        assert!(mark.starts_with("mail-") && mark.len() == 25, "{mark}");
        let property = issue.properties.values().next().unwrap();
        assert_eq!(property["mark"], mark.as_str(), "{property}");
        assert_eq!(issue.priority, "Medium");
        assert_eq!(issue.reporter, "alice", "{flavour:?}: not ali, whose address begins alike");
        assert_eq!(post.asked("POST /rest/api/2/issue").len(), 1);
        assert_eq!(post.jira.writes(), 1, "one call that writes for one plain mail");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn importance_becomes_priority() {
    let post = Post::start().await;
    for (header, value, priority) in [
        ("Importance", "high", "High"),
        ("X-Priority", "1 (Highest)", "High"),
        ("Importance", "low", "Low"),
        ("X-Priority", "5", "Low"),
        ("Importance", "normal", "Medium"),
        ("X-Priority", "nonsense", "Medium"),
    ] {
        let issue = post.issue_of(&from_alice("Importance").header(header, value)).await;
        assert_eq!(issue.priority, priority, "{header}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reporter_is_who_wrote_if_jira_knows_them() {
    for (flavour, carol, her_reporter) in [
        (Deployment::Cloud, "Carol Cole <carol@example.org>", "bot"),
        (Deployment::DataCenter, "Carol Cole <carol@example.org>", "carol"),
    ] {
        let post = PostSetup::default().flavour(flavour).start().await;
        for (from, reporter, told) in [
            ("Ali Ames <alice@example.org.uk>", "ali", false),
            ("ALICE@EXAMPLE.ORG", "alice", false),
            (carol, her_reporter, her_reporter == "bot"),
            ("Dora <dora@customer.example>", "bot", true),
            ("alice@example.or", "bot", true),
        ] {
            let issue = post.issue_of(&Letter::from(from, "Who am I")).await;
            assert_eq!(issue.reporter, reporter, "{flavour:?} {from}");
            let says = issue.description.contains("has no account in Jira");
            assert_eq!(says, told, "{flavour:?} {from}: {}", issue.description);
            let address = from.rsplit('<').next().unwrap().trim_end_matches('>').to_lowercase();
            assert!(issue.description.contains(&address), "{}", issue.description);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_map_names_whom_jira_hides() {
    let carol = "557058:c0c0c0c0-0004-4000-8000-000000000004";
    let setup = PostSetup::default().tracker(move |jira| {
        jira.users.insert("Carol@Example.org".to_owned(), carol.to_owned());
    });
    let post = setup.start().await;
    let issue = post.issue_of(&Letter::from("carol@example.org", "Hidden")).await;
    assert_eq!(issue.reporter, "carol");
    assert!(!issue.description.contains("has no account"), "{}", issue.description);
    assert_eq!(post.asked("/user/search").len(), 0, "the map is asked first");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_got_a_copy_watches_and_nothing_more() {
    for flavour in BOTH {
        let post = PostSetup::default().flavour(flavour).start().await;
        post.jira.forbid_watching("ali");
        let letter = from_alice("Copies")
            .header("To", "support@example.org, Ali <alice@example.org.uk>")
            .header("Cc", "Bob Baker <bob@example.org>, Stranger <stranger@customer.example>")
            .header("Bcc", "carol@example.org");
        let issue = post.issue_of(&letter).await;
        let watchers: &[&str] =
            if flavour == Deployment::Cloud { &["bob"] } else { &["bob", "carol"] };
        post.until("watchers", || {
            post.jira.issue(&issue.key).unwrap().watchers.len() >= watchers.len()
        })
        .await;
        post.settled().await;
        let issue = post.jira.issue(&issue.key).unwrap();
        assert_eq!(issue.watchers, watchers, "{flavour:?}");
        assert_eq!(issue.reporter, "alice");
        for address in ["alice@example.org.uk", "bob@example.org", "stranger@customer.example"] {
            assert!(issue.description.contains(address), "{}", issue.description);
        }
        assert!(!issue.description.contains("support@example.org"), "{}", issue.description);
        // The case is not held up by the one who may not.
        let next = post.mails(1).await;
        assert_eq!(next[0].rcpt_to, ["alice@example.org"], "nobody in copy is written to");
        post.jira.comment_as("bob", &issue.key, "Seen.");
        assert_eq!(post.mails(2).await[1].rcpt_to, ["alice@example.org"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_list_that_is_closed_to_us_is_no_disaster() {
    for flavour in BOTH {
        let post = PostSetup::default().flavour(flavour).start().await;
        post.jira.forbid("MANAGE_WATCHERS");
        let letter = from_alice("Copies").header("Cc", "bob@example.org");
        let issue = post.issue_of(&letter).await;
        post.mails(1).await;
        assert_eq!(issue.watchers, Vec::<String>::new());
        post.until("the watching was tried", || !post.asked("/watchers").is_empty()).await;
        let next = post.issue_of(&from_alice("Another")).await;
        assert_ne!(next.key, issue.key, "{flavour:?}: the sign-in is not taken for lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn html_becomes_wiki_text_and_its_images_hang_on_the_issue() {
    let post = Post::start().await;
    let html = "<h1>Error</h1><p>It is <b>very</b> {code}bad{code}<br>see \
                <a href=\"https://x.example/a\">this</a></p><ul><li>one</li><li>two</li></ul>\
                <script>alert(1)</script><p><img src=\"cid:shot@x\"> [~bob] !http://evil/x.png!</p>\
                <table><tr><th>A</th></tr><tr><td>1|2</td></tr></table>";
    let letter = from_alice("HTML").html(html, &[("shot@x", "image/png", "shot.png", &[7; 5_000])]);
    let issue = post.issue_of(&letter).await;
    let text = &issue.description;
    for wanted in [
        "h1. Error",
        "{*}very{*}",
        "\\{code\\}",
        "[this|https://x.example/a]",
        "* one",
        "!shot.png!",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let bare = unescaped(text);
    for never in ["alert(1)", "{code", "[~bob", "!http://evil", "<b>"] {
        assert!(!bare.contains(never), "{never}: {text}");
    }
    post.until("the image hangs", || !post.jira.issue(&issue.key).unwrap().attachments.is_empty())
        .await;
    let files = post.jira.issue(&issue.key).unwrap().attachments;
    assert_eq!(files.len(), 1);
    assert_eq!((files[0].filename.as_str(), files[0].size), ("shot.png", 5_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_mail_do_nothing_in_jira() {
    let post = Post::start().await;
    let text = "{code}\r\nx\r\n{code}\r\n[~accountid:557058:b1b1b1b1]\r\n!https://evil.example/p.png!\r\n\
                h1. Big\r\n|| a ||\r\n----\r\n{include:secret}\r\n[click|javascript:alert(1)]\r\n* x";
    let letter = Letter::from("\"{panel} [~bob]\" <dora@customer.example>", "h1. {code} [~bob]");
    let issue = post.issue_of(&letter.text(text)).await;
    assert_eq!(issue.summary, "h1. {code} [~bob]", "a summary is plain text");
    let bare = unescaped(&issue.description);
    for never in ["{code", "[~", "!http", "\nh1.", "||", "{include", "[click|", "{panel"] {
        assert!(!bare.contains(never), "{never}: {}", issue.description);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_cut_and_the_whole_mail_attached() {
    let post = Post::start().await;
    let text = "A line with an ümlaut and a 🎫 in it.\r\n".repeat(2_000);
    let letter = from_alice(&"long subject ".repeat(40))
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("Content-Transfer-Encoding", "8bit")
        .text(&text);
    let raw = letter.raw();
    let issue = post.issue_of(&letter).await;
    let length = issue.description.encode_utf16().count();
    assert!((30_000..=32_767).contains(&length), "{length}");
    assert!(issue.description.contains("The whole mail is attached as mail.eml"));
    assert!(issue.summary.encode_utf16().count() <= 255, "{}", issue.summary);
    post.until("the mail hangs", || !post.jira.issue(&issue.key).unwrap().attachments.is_empty())
        .await;
    let file = post.jira.issue(&issue.key).unwrap().attachments.remove(0);
    assert_eq!((file.filename.as_str(), file.size), ("mail.eml", raw.len() as u64));
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_mail_and_a_strange_subject_are_issues_too() {
    let post = Post::start().await;
    let bare = Letter::from("alice@example.org", "x").without("Subject").text("");
    let issue = post.issue_of(&bare).await;
    assert_eq!(issue.summary, "(no subject)");
    assert!(issue.description.contains("The mail has no text."), "{}", issue.description);
    let folded = from_alice("=?utf-8?B?w5xtbGF1dCDwn46r?=\r\n\t=?utf-8?Q?_and=0D=0Aa_line?=");
    let issue = post.issue_of(&folded).await;
    assert_eq!(issue.summary, "Ümlaut 🎫 and a line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_not_on_the_screen_is_left_out() {
    for field in ["priority", "reporter"] {
        for flavour in BOTH {
            let post = PostSetup::default().flavour(flavour).start().await;
            post.jira.reject_field(field);
            let issue = post.issue_of(&from_alice("Urgent").header("Importance", "high")).await;
            let expected = if field == "priority" { ("Medium", "alice") } else { ("High", "bot") };
            assert_eq!((issue.priority.as_str(), issue.reporter.as_str()), expected, "{field}");
            assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
            assert_eq!(post.asked("POST /rest/api/2/issue").len(), 2, "one refused, one taken");
        }
    }
}
