//! A mailbox of Microsoft 365: the same conversation as over JMAP, and what only Graph does.

use std::time::Duration;

use ticketd::actors::{Application, GivenGrant, Listing, Question, Reply, SignInReport};
use ticketd::clients::{Polled, Reach, SignIn, SignInFault};
use ticketd::config;
use ticketd::sandbox::{Fault, FaultRule, Graph, GraphOddities, Mattermost};
use ticketd::telemetry::Metrics;

use crate::harness::{Letter, Office, Post, PostSetup};

/// Calls of Graph that are left for finding the mails, of a hundred plain ones.
const SPARE: u64 = 5;

fn letter(number: usize) -> Letter {
    Letter::from(&format!("Ann <ann{number}@customer.example>"), &format!("Trouble {number}"))
}

fn silent() -> PostSetup<Graph> {
    PostSetup::graph().mailbox(|mailbox| mailbox.reply.enabled = false)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_both_ways() {
    let post = PostSetup::graph().start().await;
    let first = Letter::from("Alice <alice@customer.example>", "The printer is on fire")
        .header("Importance", "high")
        .text("It burns.\r\nPlease *hurry*.");
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    assert_eq!(issue.summary, "The printer is on fire");
    assert_eq!(issue.priority, "High");
    assert!(issue.description.contains("It burns."), "{}", issue.description);
    let notice = post.mails(1).await.remove(0);
    assert_eq!(notice.rcpt_to, ["alice@customer.example"]);
    assert!(notice.subject.contains(&issue.key), "{}", notice.subject);
    assert_eq!(notice.in_reply_to, [first.id().trim_matches(['<', '>'])]);
    let header = |name: &str| notice.headers.iter().find(|(known, _)| known == name);
    assert!(header("X-Auto-Response-Suppress").is_some(), "{:?}", notice.headers);

    let answer = format!("<{}>", notice.message_id.clone().unwrap());
    let follow_up = Letter::from("Alice <alice@customer.example>", "Re: The printer is on fire")
        .answering(&answer)
        .text("Put out.\r\n\r\nOn Sunday ticketd wrote:\r\n> We have received\r\n");
    post.deliver(&follow_up);
    let issue = post.comments(&issue.key, 1).await;
    assert!(issue.comments[0].body.contains("Put out."), "{}", issue.comments[0].body);

    let picture = vec![0x89; 20_000];
    post.jira.attach_as("bob", &issue.key, "plan.png", picture.clone());
    post.jira.comment_as("bob", &issue.key, "We send somebody: !plan.png!");
    let mail = post.mails(2).await.remove(1);
    assert_eq!(mail.rcpt_to, ["alice@customer.example"]);
    assert!(mail.text.contains("We send somebody"), "{}", mail.text);
    assert_eq!(mail.attachments.len(), 1);
    assert_eq!(mail.attachments[0].bytes, picture);
    assert_eq!(post.living().len(), 1);
    assert!(post.jmap.max_in_flight() <= 4, "{}", post.jmap.max_in_flight());
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_always_breaks_off_holds_up_no_words() {
    let graph = async { image_breaks_off(PostSetup::graph().start().await).await };
    let jmap = async { image_breaks_off(Post::start().await).await };
    tokio::join!(graph, jmap);
}

async fn image_breaks_off<O: Office>(post: Post<O>) {
    post.deliver(&letter(1));
    let issue = post.issues(1).await.remove(0);
    post.mails(1).await;
    let file = post.jira.attach_as("bob", &issue.key, "plan.png", vec![0x89; 20_000]);
    post.jira.attach_as("bob", &issue.key, "site.png", vec![0x88; 10_000]);
    let place = format!("attachment/content/{file}");
    post.jira.fault(FaultRule::from(Fault::CutConnection).at(place));
    post.jira.comment_as("bob", &issue.key, "Look: !plan.png! and !site.png!");
    post.until("the first try", || !post.asked(&format!("attachment/content/{file}")).is_empty())
        .await;
    post.jira.comment_as("bob", &issue.key, "And this.");
    post.until_within(Duration::from_mins(2), "two mails more", || {
        post.jmap.submissions().len() >= 3
    })
    .await;
    let mails = post.mails(3).await;
    assert!(mails[1].text.contains("Look:"), "{}", mails[1].text);
    let files: Vec<_> = mails[1].attachments.iter().map(|file| file.bytes.len()).collect();
    assert_eq!(files, [10_000], "only the one that breaks off is missing");
    assert!(mails[2].text.contains("And this."), "{}", mails[2].text);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_that_fail_leave_no_half_drafts() {
    // Each fails at another step after the draft was made, for the first three tries.
    for (place, fault) in [
        ("[POST attachments]", Fault::Status(503)),
        ("[PATCH message]", Fault::Status(429)),
        ("[PATCH message]", Fault::CutConnection),
    ] {
        let post = PostSetup::graph().start().await;
        post.deliver(&letter(1));
        let issue = post.issues(1).await.remove(0);
        post.mails(1).await;
        post.jmap.fault(FaultRule::from(fault).at(place).times(3));
        post.jira.attach_as("bob", &issue.key, "plan.png", vec![0x89; 20_000]);
        post.jira.comment_as("bob", &issue.key, "We send somebody: !plan.png!");
        post.until_within(Duration::from_mins(2), "the answer", || {
            post.jmap.submissions().len() >= 2
        })
        .await;
        let mail = post.mails(2).await.remove(1);
        assert_eq!(mail.attachments.len(), 1, "{place}");
        assert_eq!(post.jmap.emails("sent").len(), 2, "{place}");
        assert_eq!(post.jmap.emails("drafts"), Vec::<String>::new(), "{place}");
        assert!(post.jmap.requests("POST createReply") >= 4, "{place}");
        post.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_leaves_no_draft() {
    let post = PostSetup::graph().start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(400)).at("[PATCH message]").times(1));
    post.deliver(&letter(1));
    post.issues(1).await;
    for _ in 0..500 {
        if post.rows(Listing::Dead).await.len() == 1 {
            assert_eq!(post.jmap.emails("drafts"), Vec::<String>::new());
            assert_eq!(post.jmap.submissions().len(), 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", post.counts().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_a_mail_comes_along_and_the_mail_is_marked() {
    let post = silent()
        .office(|graph| graph.mark = config::Mark::Category("Ticket made".to_owned()))
        .start()
        .await;
    let inner = "From: eve@customer.example\r\nSubject: Inner\r\nMessage-ID: <inner@x.example>\r\n\
                 \r\nWithin.\r\n";
    let body = format!(
        "--=b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--=b\r\nContent-Type: text/csv; \
         name=\"list.csv\"\r\nContent-Disposition: attachment; filename=\"list.csv\"\r\n\r\na;b\r\n\
         --=b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n{inner}\r\n\
         --=b--\r\n"
    );
    let letter = letter(1).typed("multipart/mixed; boundary=\"=b\"", &body);
    // Before ticketd sees it: the link belongs to the mail from the beginning.
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("messages/delta").times(2));
    let id = post.deliver(&letter);
    post.jmap.attach_reference(&id, "plan.docx", "https://files.example/plan.docx");
    let issue = post.issues(1).await.remove(0);
    assert!(issue.description.contains("[plan.docx|https://"), "{}", issue.description);
    let files = || {
        let files = post.jira.issue(&issue.key).unwrap().attachments;
        files.into_iter().map(|file| file.filename).collect::<Vec<_>>()
    };
    post.until("two files", || files().len() >= 2).await;
    assert_eq!(files().len(), 2, "{:?}", files());
    assert!(files().contains(&"list.csv".to_owned()), "{:?}", files());
    assert!(files().iter().any(|name| name.contains(".eml")), "{:?}", files());
    post.until("the mark", || post.jmap.keywords(&id).contains(&"Ticket made".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_with_a_ticket_is_moved_to_the_folder_that_people_see() {
    let to = |name: &str| {
        let name = name.to_owned();
        silent().office(|graph| graph.mark = config::Mark::Move(name))
    };
    for within in [None, Some("inbox")] {
        let name = "Bob's tickets";
        let made = move |graph: &Graph, _: &ticketd::sandbox::Jira| {
            // More than one page of folders shows.
            (0..12).for_each(|number| graph.make_folder(&format!("Other {number}"), within));
            graph.make_folder(name, within);
        };
        let post = to(name).before(made).start().await;
        post.deliver(&letter(1));
        post.issues(1).await;
        post.until("the move", || post.jmap.emails(name).len() == 1).await;
        // Somebody deletes the folder, and makes another of its name.
        post.jmap.delete_folder(name);
        post.jmap.make_folder(name, within);
        post.deliver(&letter(2));
        post.issues(2).await;
        post.until("the move", || post.jmap.emails(name).len() == 1).await;
        assert_eq!(post.jmap.emails("inbox"), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_came_in_is_marked() {
    let post = PostSetup::graph()
        .office(|graph| graph.mark = config::Mark::Move("archive".to_owned()))
        .start()
        .await;
    let first = letter(1);
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    post.mails(1).await;
    post.until("the move", || post.jmap.emails("archive").len() == 1).await;
    // A colleague answers from the mailbox itself.
    let answer = Letter::from(Graph::ADDRESS, "Re: Trouble 1")
        .header("To", "ann1@customer.example")
        .answering(&first.id())
        .text("I am on my way.");
    let answer = post.jmap.deliver_to("sent", answer.raw());
    post.comments(&issue.key, 1).await;
    // And the customer once more: what is marked of the two is known when this one is.
    post.deliver(&letter(1).answering(&first.id()).text("Thanks."));
    post.comments(&issue.key, 2).await;
    post.until("the second move", || post.jmap.emails("archive").len() == 2).await;
    assert!(post.jmap.emails("sent").contains(&answer));
    assert_eq!(post.jmap.requests("POST move"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_cannot_be_set_costs_no_ticket() {
    let _ = ticketd::telemetry::init(ticketd::telemetry::LogFormat::default());
    let post = silent()
        .office(|graph| graph.mark = config::Mark::Move("No such folder".to_owned()))
        .start()
        .await;
    for number in 0..2 {
        post.deliver(&letter(number));
    }
    post.issues(2).await;
    assert!(post.rows(Listing::Dead).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrupt_mail_is_put_aside_and_the_others_flow() {
    let post = silent().start().await;
    post.deliver(&letter(1));
    let bad = post.deliver(&letter(2));
    post.jmap.break_over(&bad);
    post.deliver(&letter(3));
    // The page that holds it fails some times before it is taken apart.
    post.until_within(Duration::from_mins(2), "two issues", || post.living().len() >= 2).await;
    put_aside(&post).await;
    post.deliver(&letter(4));
    post.until_within(Duration::from_mins(1), "three issues", || post.living().len() >= 3).await;
    assert_eq!(post.issues(3).await.len(), 3);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_released_from_junk_is_told_before_and_after_a_lost_delta() {
    let days_ago = |days: i64| ticketd::clock::now() - jiff::SignedDuration::from_hours(24 * days);
    let post = silent().mailbox(|mailbox| mailbox.first_days = 60).start().await;
    let put = |folder: &str, number: usize, days: i64| {
        post.jmap.deliver_at(folder, letter(number).raw(), days_ago(days))
    };
    // What lies in the inbox is told once more, and no ticket is made of it again.
    (0..3).for_each(|number| drop(put("inbox", number, 5)));
    post.issues(3).await;
    let meanwhile = put("junk", 3, 20);
    let later = put("junk", 4, 20);
    let too_late = put("junk", 5, 40);
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("messages/delta"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    post.jmap.forget_changes();
    post.jmap.move_to(&meanwhile, "inbox");
    post.jmap.clear_faults();
    post.until("the one of the gap", || post.living().len() >= 4).await;
    post.settled().await;
    // Beyond the month it is not news any more.
    post.jmap.move_to(&too_late, "inbox");
    post.jmap.move_to(&later, "inbox");
    post.until("the one after it", || post.living().len() >= 5).await;
    post.deliver(&letter(6));
    let subjects: Vec<_> = post.issues(6).await.into_iter().map(|one| one.summary).collect();
    let expected = [0, 1, 2, 3, 4, 6].map(|number| format!("Trouble {number}"));
    assert!(expected.iter().all(|one| subjects.contains(one)), "{subjects:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_awkward_loses_or_doubles_a_mail() {
    let post = silent().start().await;
    post.jmap.set_oddities(GraphOddities { duplicates: true, disorder: true, empty_pages: true });
    for number in 0..30 {
        post.deliver(&letter(number));
        match number {
            5 | 20 => post.jmap.forget_changes(),
            8 => post.jmap.throttle(6),
            12 => post.jmap.expire_tokens(),
            15 => post.jmap.expire_tokens_after(7),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let issues = post.issues(30).await;
    let mut subjects: Vec<_> = issues.into_iter().map(|issue| issue.summary).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 30);
    assert!(post.jmap.max_in_flight() <= 4, "{}", post.jmap.max_in_flight());
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_mail_costs_two_requests() {
    const MAILS: usize = 100;
    // One look of its own while this lasts, as with a quiet mailbox.
    let post = silent().mailbox(|mailbox| mailbox.poll = Duration::from_secs(2)).start().await;
    let before = post.jmap.graph_requests();
    let raws = (0..MAILS).map(|number| letter(number).raw().into()).collect();
    post.jmap.deliver_many(raws);
    post.until_within(Duration::from_mins(1), "all", || post.living().len() >= MAILS).await;
    let asked = post.jmap.graph_requests() - before;
    // What looks of its own cost is told apart: they go on however many mails there are.
    let looks = post.jmap.requests("GET messages/delta");
    println!(
        "graph requests of {MAILS} mails: {asked} ({looks} deltas since the start), \
         graph_max_in_flight {}",
        post.jmap.max_in_flight()
    );
    assert_eq!(post.issues(MAILS).await.len(), MAILS);
    assert!(asked <= 2 * MAILS as u64 + SPARE, "{asked} requests");
    assert!(post.jmap.max_in_flight() <= 4, "{}", post.jmap.max_in_flight());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_until_somebody_signs_in() {
    let post = PostSetup::graph()
        .tenant(ticketd::sandbox::GraphSetup { device_interval: 1, ..Default::default() })
        .office(|graph| graph.sign_in = config::SignIn::Device)
        .mailbox(|mailbox| mailbox.channel = Some(Mattermost::channel_id("support").to_owned()))
        .at_once()
        .start()
        .await;
    needs(&post, "nobody signed in").await;
    assert_eq!(post.jmap.ledger().len(), 0);
    let report = authorize(&post).await;
    assert_eq!(report.fault, None);
    assert_eq!((report.missing.len(), report.reach), (0, Some(Reach::Open)));
    // What came before the first look at all is not news.
    post.until("the mailbox is read", || post.jmap.requests("GET messages/delta") >= 4).await;
    post.deliver(&letter(1));
    post.issues(1).await;

    post.jmap.revoke_grant();
    post.jmap.expire_tokens();
    needs(&post, "sign-in ended").await;
    let asked = post.jmap.ledger().len();
    post.deliver(&letter(2));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post.jmap.ledger().len(), asked, "no request goes out");
    let metrics = post.app.get("/metrics").await.body;
    assert!(metrics.contains("mailbox_sign_in_needed{mailbox=\"support\"} 1"), "{metrics}");
    let Reply::Mailboxes(rows) = post.ask(Question::Mailboxes).await else { panic!("no rows") };
    assert_eq!(rows[0].sign_in, Some(SignInFault::GrantEnded));
    // The channel was told of each of the two, once.
    let args = ["support", "ticketd mailbox authorize support"].map(Into::into);
    let [mailbox, run] = args;
    let told =
        post.app.say("alice", "mailbox-sign-in-needed", &[("mailbox", mailbox), ("run", run)]);
    let posts = post.app.mattermost.bot_posts();
    let posts: Vec<_> = posts.into_iter().map(|post| post.message).collect();
    assert_eq!(posts, [told.clone(), told]);

    assert_eq!(authorize(&post).await.fault, None);
    post.issues(2).await;
    assert!(
        post.app.get("/ready").await.json()["parts"]["mailboxes"]["support"]["sign_in"].is_null()
    );
}

/// Waits until `/ready` says that somebody must sign in, and why.
async fn needs(post: &Post<Graph>, word: &str) {
    for _ in 0..500 {
        let ready = post.app.get("/ready").await.json();
        if ready["parts"]["mailboxes"]["support"]["sign_in"] == word {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", post.app.get("/ready").await.body);
}

/// What `ticketd mailbox authorize` does.
async fn authorize(post: &Post<Graph>) -> SignInReport {
    let auth = ticketd::clients::GraphAuth {
        authority: post.jmap.url(),
        tenant: Graph::TENANT.to_owned(),
        client_id: Graph::CLIENT_ID.to_owned(),
        way: ticketd::clients::Way::Secret("of nobody".into()),
    };
    let (limit, metrics) = (Duration::from_secs(5), Metrics::new());
    let sign_in = SignIn::new(&auth, &post.jmap.url(), limit, metrics).unwrap();
    let code = sign_in.begin_device().await.unwrap();
    assert!(post.jmap.answer_device(&code.user_code, true));
    let Polled::Granted(grant) = sign_in.poll_device(&code).await.unwrap() else { panic!("no") };
    let grant = Some(GivenGrant {
        refresh_token: secrecy::ExposeSecret::expose_secret(&grant.refresh_token).to_owned(),
        obtained: grant.obtained,
    });
    let mailbox = "support".to_owned();
    let application = Application {
        tenant: Graph::TENANT.to_owned(),
        client_id: Graph::CLIENT_ID.to_owned(),
        by_a_person: true,
    };
    match post.ask(Question::Authorize { mailbox, application, grant }).await {
        Reply::Authorized(report) => report,
        other => panic!("{other:?}"),
    }
}

async fn put_aside(post: &Post<Graph>) {
    for _ in 0..1_200 {
        if post.rows(Listing::Quarantined).await.len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", post.counts().await);
}
