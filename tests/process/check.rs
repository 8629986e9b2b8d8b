//! `ticketd check`: does each line of it name what to mend?

use std::net::TcpListener;

use ticketd::sandbox::{Fault, FaultRule, Mattermost};

use crate::post::PostSite;
use crate::site::{Ended, Launch, Site};
use crate::tickets::ticket_site;

const BOT_TOKEN: &str = "TICKETD_MATTERMOST__BOT_TOKEN";

fn check(site: &Site) -> Launch {
    site.ticketd(&["check"]).with("TICKETD_HTTP__PUBLIC_URL", "https://desk.example.org")
}

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// The line about `part`, which must begin with `word`.
fn line<'t>(output: &'t str, word: &str, part: &str) -> &'t str {
    let begin = format!("{word:<7}{part}: ");
    let found = output.lines().find_map(|line| line.strip_prefix(&begin));
    found.unwrap_or_else(|| panic!("no {begin:?} in\n{output}"))
}

#[tokio::test]
async fn where_all_is_well_it_says_so() {
    let site = Site::new().await;
    let ended = check(&site).with(BOT_TOKEN, Mattermost::bot_token()).output().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let out = &ended.stdout;
    assert_eq!(line(out, "ok", "redmine"), format!("answers at {}", site.redmine.url()));
    assert_eq!(line(out, "ok", "mattermost"), format!("answers at {}", site.mattermost.url()));
    assert_eq!(line(out, "ok", "mattermost bot"), "signed in as @ticketd");
    assert!(line(out, "ok", "http.public_url").contains("https://desk.example.org/"), "{out}");
    assert_eq!(line(out, "ok", "configuration"), site.config_file().display().to_string());
    assert!(line(out, "note", "store").starts_with("none yet in "), "{out}");
    assert_eq!(line(out, "note", "ticket"), "no ticket.slash_tokens: there is no /ticket");
    assert_eq!(out.lines().filter(|line| !line.starts_with("ok ")).count(), 2, "{out}");
    assert!(!site.store().exists(), "a check leaves nothing behind");

    // The bot is not needed.
    let ended = check(&site).output().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn each_fault_names_what_to_mend() {
    let site = Site::new().await;
    let (redmine, mattermost) = (nowhere(), nowhere());
    let ended = site
        .ticketd(&["check"])
        .with("TICKETD_REDMINE__URL", &redmine)
        .with("TICKETD_MATTERMOST__URL", &mattermost)
        .with(BOT_TOKEN, "nobodysnobodysnobodys")
        .with("TICKETD_STORE__MASTER_KEY", "0123456789")
        .output()
        .await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let out = &ended.stdout;
    let fault = line(out, "FAULT", "redmine");
    assert!(fault.contains("cannot connect") && fault.contains(&redmine), "{fault}");
    assert!(fault.contains("redmine.url"), "{fault}");
    let fault = line(out, "FAULT", "mattermost");
    assert!(fault.contains("cannot connect") && fault.contains(&mattermost), "{fault}");
    assert!(fault.contains("mattermost.url"), "{fault}");
    let fault = line(out, "FAULT", "master key");
    assert!(fault.contains("64 hex digits") && fault.contains("ticketd keys generate"), "{fault}");
    assert!(line(out, "note", "http.public_url").contains("`/redmine login`"), "{out}");
    assert_eq!(ended.stderr, "ticketd: 4 to mend, see above\n");
}

#[tokio::test]
async fn the_store_is_opened_if_it_is_there() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let told = |ended: &Ended, word: &str| line(&ended.stdout, word, "store").to_owned();
    let ended = check(&site).output().await;
    assert!(told(&ended, "ok").ends_with("is in use by a running ticketd"), "{ended:?}");
    daemon.stop().await;
    let ended = check(&site).output().await;
    assert!(told(&ended, "ok").ends_with("opens with this key"), "{ended:?}");

    let wrong = site.ticketd(&["keys", "generate"]).output().await.stdout;
    let ended = check(&site).with("TICKETD_STORE__MASTER_KEY", &wrong).output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(told(&ended, "FAULT").starts_with("the master key does not open"), "{ended:?}");

    let ended =
        check(&site).with("TICKETD_STORE__PATH", site.key_file().join("store")).output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(told(&ended, "FAULT").ends_with("(store.path)"), "{ended:?}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_fault() {
    let site = Site::new().await;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ticketd"));
    command.env_clear().arg("--config").arg(site.config_file()).arg("check").stdout(writer);
    let ended = command.status().await.unwrap();
    assert_eq!(ended.code(), Some(0), "{ended}");
}

#[tokio::test]
async fn a_wrong_token_and_strange_services_are_told_apart() {
    let site = Site::new().await;
    let ended = check(&site).with(BOT_TOKEN, "nobodysnobodysnobodys").output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let fault = line(&ended.stdout, "FAULT", "mattermost bot");
    assert!(fault.starts_with("mattermost.bot_token is not accepted"), "{fault}");
    line(&ended.stdout, "ok", "mattermost");
    assert_eq!(ended.stderr, "ticketd: 1 to mend, see above\n");

    for (fault, word) in [
        (Fault::HtmlOk, "not like Redmine"),
        (Fault::Status(403), "Enable REST web service"),
        (Fault::Status(404), "is the path right in redmine.url"),
        (Fault::Status(502), "status 502"),
        (Fault::Hang, "no answer in time"),
    ] {
        site.redmine.fault(FaultRule::from(fault));
        site.mattermost.fault(FaultRule::from(fault));
        let ended = check(&site).output().await;
        assert_eq!(ended.code, Some(2), "{fault:?}: {ended:?}");
        let told = line(&ended.stdout, "FAULT", "redmine");
        assert!(told.contains(word), "{fault:?}: {told}");
        line(&ended.stdout, "FAULT", "mattermost");
        site.redmine.clear_faults();
        site.mattermost.clear_faults();
    }
}

fn post_check(post: &PostSite) -> Launch {
    check(&post.site)
}

#[tokio::test]
async fn the_mail_road_is_looked_at_too() {
    let post = PostSite::new().await;
    let ended = post_check(&post).output().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let out = &ended.stdout;
    assert!(line(out, "ok", "jira").ends_with("as Ticket Bot"), "{out}");
    assert_eq!(line(out, "ok", "jira board support"), "issues go to project SUP");
    assert!(line(out, "ok", "jira.webhook_secret").contains("/hooks/jira"), "{out}");
    let mailbox = line(out, "ok", "mailbox support");
    assert!(mailbox.starts_with("support@example.org is open at "), "{mailbox}");
    assert!(mailbox.ends_with(", to the board support in the category general"), "{mailbox}");
    assert_eq!(post.jira.writes(), 0, "a check changes nothing");
    assert!(post.jmap.emails("drafts").is_empty() && post.jmap.submissions().is_empty());
}

#[tokio::test]
async fn each_fault_of_the_mail_road_says_what_to_do() {
    let post = PostSite::new().await;
    for (name, value, part, words) in [
        ("TICKETD_JIRA__API_TOKEN", "wrong", "jira", "jira.api_token are not accepted"),
        ("TICKETD_JIRA__BOARDS", "support=Nobody", "jira board support", "jira.boards"),
        (
            "TICKETD_MAILBOX__SUPPORT__JMAP__PASSWORD",
            "x",
            "mailbox support",
            "mailbox[support].jmap",
        ),
        (
            "TICKETD_MAILBOX__SUPPORT__REPLY__TEMPLATE_FILE",
            "/does/not/exist",
            "mailbox support template",
            "template_file",
        ),
    ] {
        let ended = post_check(&post).with(name, value).output().await;
        assert_eq!(ended.code, Some(2), "{name}: {ended:?}");
        let told = line(&ended.stdout, "FAULT", part);
        assert!(told.contains(words), "{name}: {told}");
        assert_eq!(ended.stderr, "ticketd: 1 to mend, see above\n", "{ended:?}");
    }
    let refused = post.jira.ledger().into_iter().filter(|call| call.status == Some(401)).count();
    assert_eq!(refused, 1, "a wrong token is shown to Jira once");
    for (name, value, part) in [
        ("TICKETD_JIRA__URL", nowhere(), "jira"),
        ("TICKETD_MAILBOX__SUPPORT__JMAP__URL", nowhere(), "mailbox support"),
        ("TICKETD_JIRA__URL", post.site.redmine.url().to_string(), "jira"),
        (
            "TICKETD_MAILBOX__SUPPORT__JMAP__URL",
            post.site.redmine.url().to_string(),
            "mailbox support",
        ),
    ] {
        let ended = post_check(&post).with(name, &value).output().await;
        assert_eq!(ended.code, Some(2), "{name}={value}: {ended:?}");
        let told = line(&ended.stdout, "FAULT", part);
        assert!(told.contains(".url"), "{name}={value}: {told}");
    }
    let template = post.site.path("notice.txt");
    std::fs::write(&template, "{{ key").unwrap();
    let name = "TICKETD_MAILBOX__SUPPORT__REPLY__TEMPLATE_FILE";
    let ended = post_check(&post).with(name, &template).output().await;
    let told = line(&ended.stdout, "FAULT", "mailbox support template");
    assert!(told.contains("notice.txt"), "{told}");
}

#[tokio::test]
async fn missing_permissions_are_named() {
    let post = PostSite::new().await;
    post.jira.forbid("MANAGE_WATCHERS");
    let ended = post_check(&post).output().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = line(&ended.stdout, "note", "jira board support");
    assert!(told.contains("MANAGE_WATCHERS"), "{told}");
    post.jira.forbid("CREATE_ATTACHMENTS");
    post.jira.forbid("ADD_COMMENTS");
    let ended = post_check(&post).output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let told = line(&ended.stdout, "FAULT", "jira board support");
    assert!(told.contains("ADD_COMMENTS, CREATE_ATTACHMENTS, MANAGE_WATCHERS"), "{told}");
    assert!(told.contains("Project settings"), "{told}");
}

#[tokio::test]
async fn a_site_of_tickets_alone_is_told_where_they_go() {
    let site = ticket_site().await;
    let ended = check(&site).output().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let out = &ended.stdout;
    assert!(line(out, "note", "redmine").contains("there is no /redmine"), "{out}");
    assert!(site.redmine.ledger().is_empty(), "Redmine is not asked");
    let told = line(out, "ok", "ticket");
    assert_eq!(told, "let the slash command's URL be https://desk.example.org/ticket");
    assert_eq!(line(out, "ok", "mattermost version"), "7.6");
    assert_eq!(line(out, "ok", "mattermost bot"), "signed in as @ticketd");
    assert!(line(out, "ok", "ticket form /ticket").contains("posted where it is opened"), "{out}");
    assert!(site.mattermost.posts().is_empty(), "a check posts nothing");

    let near = check(&site).with("TICKETD_HTTP__PUBLIC_URL", "http://127.0.0.1:8080");
    let ended = near.output().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = line(&ended.stdout, "ok", "ticket");
    assert!(told.contains("Allow untrusted internal connections"), "{told}");
    let plain = check(&site).with("TICKETD_HTTP__PUBLIC_URL", "http://desk.example.org");
    let ended = plain.output().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = line(&ended.stdout, "note", "ticket");
    assert!(told.contains("http.public_url with https://"), "{told}");
}

#[tokio::test]
async fn the_channel_of_each_form_must_let_the_bot_in() {
    let site = ticket_site().await;
    let toml = std::fs::read_to_string(site.config_file()).unwrap();
    let form = |name: &str, channel: &str| {
        format!(
            "[[ticket.form]]\nname = \"{name}\"\nchannel = \"{channel}\"\n\
             [[ticket.form.field]]\nname = \"a\"\nlabel = \"A\"\n"
        )
    };
    let id = Mattermost::channel_id("oncall");
    let forms = [
        form("by-name", "network"),
        form("by-id", id),
        form("private", "closed"),
        form("misspelt", "netwrok"),
        form("no-id", &"x".repeat(26)),
    ];
    let emoji = forms[0].replace("channel", "emoji = \"net\"\nchannel");
    let toml = format!("{toml}channel = \"support\"\n{emoji}{}", forms[1..].concat());
    std::fs::write(site.config_file(), toml).unwrap();
    site.mattermost.set_member("support", "ticketd", false);
    let ended = check(&site).output().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let out = &ended.stdout;
    let told = line(out, "FAULT", "ticket form /ticket");
    assert!(told.starts_with("the bot is not in ~support of ops: invite it"), "{told}");
    let told = line(out, "ok", "ticket form by-name");
    let emoji = "; :net: under a post that the bot can read makes one of it";
    assert_eq!(told, format!("its tickets are posted in ~network of ops{emoji}"));
    let told = line(out, "ok", "ticket form by-id");
    assert_eq!(told, "its tickets are posted in ~oncall of ops");
    for (name, channel) in
        [("private", "\"closed\""), ("misspelt", "\"netwrok\""), ("no-id", "\"xxx")]
    {
        let told = line(out, "FAULT", &format!("ticket form {name}"));
        assert!(told.contains(channel) && told.contains("in its teams (ops)"), "{told}");
    }
    assert_eq!(ended.stderr, "ticketd: 4 to mend, see above\n");

    // Without a token that works nobody can say.
    let ended = check(&site).with(BOT_TOKEN, "nobodysnobodysnobodys").output().await;
    assert_eq!(ended.stderr, "ticketd: 1 to mend, see above\n", "{ended:?}");
    assert!(!ended.stdout.contains("ticket form"), "{ended:?}");
    site.mattermost.fault(FaultRule::from(Fault::Status(500)).at("teams"));
    let ended = check(&site).output().await;
    assert_eq!(ended.stderr, "ticketd: 1 to mend, see above\n", "{ended:?}");
    line(&ended.stdout, "FAULT", "mattermost teams");
}

#[tokio::test]
async fn the_channel_of_a_mailbox_must_let_the_bot_in() {
    let site = ticket_site().await;
    let toml = std::fs::read_to_string(site.config_file()).unwrap();
    let mailbox = format!(
        "[jira]\nurl = \"http://127.0.0.1:9/\"\napi_token = \"x\"\n\
         boards = [{{ key = \"support\", name = \"Support\" }}]\n\
         [[mailbox]]\nname = \"support\"\naddress = \"support@example.org\"\nboard = \"support\"\n\
         channel = \"{}\"\n\
         jmap = {{ url = \"http://127.0.0.1:9/\", user = \"u\", password = \"p\" }}\n",
        Mattermost::channel_id("oncall")
    );
    std::fs::write(site.config_file(), format!("{toml}{mailbox}")).unwrap();
    let ended = check(&site).output().await;
    let told = line(&ended.stdout, "ok", "mailbox support in chat");
    assert!(told.contains("its conversations are posted"), "{told}");
    site.mattermost.set_member("oncall", "ticketd", false);
    let ended = check(&site).output().await;
    let told = line(&ended.stdout, "FAULT", "mailbox support in chat");
    assert!(told.starts_with("the bot is not in channel") && told.contains("invite it"), "{told}");

    // Without /ticket it is told less.
    let toml = std::fs::read_to_string(site.config_file()).unwrap();
    let token = format!("[ticket]\nslash_tokens = [\"{}\"]\n", Mattermost::slash_token("/ticket"));
    assert!(toml.contains(&token), "{toml}");
    std::fs::write(site.config_file(), toml.replace(&token, "")).unwrap();
    let ended = check(&site).output().await;
    let told = line(&ended.stdout, "FAULT", "mailbox support in chat");
    assert!(told.ends_with("or what is to be mended is not posted"), "{told}");
    site.mattermost.set_member("oncall", "ticketd", true);
    let ended = check(&site).output().await;
    let told = line(&ended.stdout, "note", "mailbox support in chat");
    assert!(told.contains("its conversations are not posted there, for that needs"), "{told}");
    line(&ended.stdout, "note", "chat");
    assert!(site.mattermost.posts().is_empty(), "a check posts nothing");
}
