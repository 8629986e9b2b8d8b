//! Tickets as the operator sees them, also where there is neither a mailbox nor a tracker.

use std::time::Duration;

use jiff::civil::date;
use ticketd::model::desk::{change, open_ticket};
use ticketd::model::form::{Filled, Value};
use ticketd::model::ids::{ChannelId, UserId};
use ticketd::model::ticket::{Change, Person, Ticket};
use ticketd::sandbox::{Fault, FaultRule, Mattermost};
use ticketd::store::{Keyring, Store};

use crate::daemon::{SOON, until};
use crate::post::PostSite;
use crate::site::{Ended, Launch, Site};

/// With `/ticket`, reached at `url`.
pub(crate) fn with_ticket(launch: Launch, url: &str) -> Launch {
    launch
        .with("TICKETD_TICKET__SLASH_TOKENS", Mattermost::slash_token("/ticket"))
        .with("TICKETD_MATTERMOST__BOT_TOKEN", Mattermost::bot_token())
        .with("TICKETD_HTTP__PUBLIC_URL", url)
}

/// A site with `/ticket` and nothing else.
pub(crate) async fn ticket_site() -> Site {
    let site = Site::new().await;
    let toml = std::fs::read_to_string(site.config_file()).unwrap();
    let redmine = format!("slash_tokens = [\"{}\"]\n", Mattermost::slash_token("/redmine"));
    assert!(toml.contains(&redmine), "{toml}");
    let toml = toml.replace(&redmine, "").replace(
        "[mattermost]\n",
        &format!("[mattermost]\nbot_token = \"{}\"\n", Mattermost::bot_token()),
    );
    let toml = toml.replace("[http]\n", "[http]\npublic_url = \"https://desk.example.org\"\n");
    let token = Mattermost::slash_token("/ticket");
    let toml = format!("{toml}[ticket]\nslash_tokens = [\"{token}\"]\n");
    std::fs::write(site.config_file(), toml).unwrap();
    site
}

async fn run(site: &Site, arguments: &[&str]) -> Ended {
    site.ticketd(arguments).output().await
}

/// What a command says that works.
async fn says(site: &Site, arguments: &[&str]) -> String {
    let ended = run(site, arguments).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}: {ended:?}");
    ended.stdout
}

/// The sentence of a command that fails.
async fn fails(site: &Site, arguments: &[&str], code: i32) -> String {
    let ended = run(site, arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended.stderr
}

/// Puts a ticket into the store, as the chat would.
async fn put_ticket(site: &Site) {
    let keys = Keyring::parse(&site.keys().into()).unwrap();
    let store = Store::open(&site.store(), keys).unwrap();
    let person = |letter: &str, name: &str| Person {
        id: UserId::parse(&letter.repeat(26)).unwrap(),
        name: name.to_owned(),
    };
    let now = ticketd::clock::now();
    store
        .desk()
        .write(|tx| {
            let id = tx.next_case()?;
            let number = tx.number_ticket(date(2026, 11, 22), id)?;
            let channel = ChannelId::parse(&"c".repeat(26)).unwrap();
            let mut ticket = Ticket::new(number, "Ticket".into(), channel);
            ticket.asker = Some(person("a", "ann"));
            let (mut case, mut effects) = open_ticket(id, "No network", None, ticket, None, now);
            let taken = change(&mut case, &person("b", "bob"), &Change::Take, now);
            effects.extend(taken.unwrap());
            tx.put_case(&case)?;
            effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
            let value = Value::Text("planted".into());
            tx.keep_fields(id, &[Filled { label: "Problem".into(), value }])
        })
        .unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_ticket_is_shown_by_its_number() {
    let post = PostSite::new().await;
    post.run().await.stop().await;
    put_ticket(&post.site).await;
    for running in [false, true] {
        let daemon = if running { Some(post.run().await) } else { None };
        let listed = says(&post.site, &["desk", "list"]).await;
        let channel = "c".repeat(26);
        for word in ["Ticket-20261122-0001", "taken", "bob", &channel, "planned post_ticket"] {
            assert!(listed.contains(word), "{word}: {listed}");
        }
        for id in ["1", "Ticket-20261122-0001", "20261122-0001"] {
            let shown = says(&post.site, &["desk", "show", id]).await;
            for word in [
                "ticket     Ticket-20261122-0001",
                "state      taken",
                "owner      bob",
                "asker      ann",
                &format!("channel    {channel}"),
                "tell_change",
            ] {
                assert!(shown.contains(word), "{word}: {shown}");
            }
            assert!(!shown.contains("planted") && !shown.contains("reporter"), "{shown}");
            assert!(!shown.contains("issue "), "there will be none: {shown}");
        }
        let none = fails(&post.site, &["desk", "show", "Ticket-20261122-0002"], 1).await;
        assert!(none.contains("is neither a case"), "{none}");
        let audited = says(&post.site, &["desk", "audit"]).await;
        assert!(audited.contains("1 cases"), "{audited}");
        let last = audited.lines().last().unwrap();
        assert_eq!(last, "every mail is accounted for, and so is every ticket: 1");
        if let Some(daemon) = daemon {
            daemon.stop().await;
        }
    }
}

#[tokio::test]
async fn a_desk_of_tickets_alone_answers_its_operator() {
    let site = ticket_site().await;
    let none = fails(&site, &["desk", "list"], 1).await;
    assert!(none.contains("ticketd has not run yet"), "{none}");
    site.daemon().start().await.stop().await;
    assert_eq!(says(&site, &["desk", "list"]).await.trim(), "there is nothing to list");
    put_ticket(&site).await;
    for running in [false, true] {
        let daemon = if running { Some(site.daemon().start().await) } else { None };
        assert!(says(&site, &["desk", "list"]).await.contains("Ticket-20261122-0001"));
        for listing in ["--dead", "--ignored", "--quarantined"] {
            let listed = says(&site, &["desk", "list", listing]).await;
            assert_eq!(listed.trim(), "there is nothing to list", "{listing}");
        }
        let shown = says(&site, &["desk", "show", "Ticket-20261122-0001"]).await;
        assert!(shown.contains("subject    No network"), "{shown}");
        let told = fails(&site, &["desk", "retry", "1.c1"], 1).await;
        assert!(told.contains("nothing of it is dead"), "{told}");
        let audited = says(&site, &["desk", "audit"]).await;
        assert!(audited.ends_with(", and so is every ticket: 1\n"), "{audited}");
        for arguments in [
            &["mailbox", "list"] as &[&str],
            &["mailbox", "sweep", "--days", "1"],
            &["mailbox", "authorize", "office"],
            &["mailbox", "watch"],
        ] {
            let told = fails(&site, arguments, 2).await;
            assert!(told.contains("no [[mailbox]] is configured"), "{arguments:?}: {told}");
        }
        if let Some(daemon) = daemon {
            daemon.stop().await;
        }
    }
}

/// An empty answer was delivered after such a form.
#[tokio::test]
async fn a_form_that_opens_late_is_followed_by_nothing() {
    let site = ticket_site().await;
    let daemon = site.daemon().start().await;
    let slow = Fault::Slow(Duration::from_millis(2_600));
    site.mattermost.fault(FaultRule::from(slow).at("dialogs/open").times(1));
    let form = site.mattermost.slash("alice", "/ticket");
    let answer = form.send(&daemon.url("ticket")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("longer than usual"), "{answer:?}");
    until("the form", SOON, || site.mattermost.dialogs().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(site.mattermost.delayed().len(), 0);
    daemon.stop().await;
}
