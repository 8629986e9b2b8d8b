//! People with sessions of their own, through the client and the stand-in, which share no type: what
//! they may, and what each is told while they may know it.

use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use ticketd::clients::{
    ApiError, EventsFault, MattermostClient, Person, PersonEvent, PersonEvents, Resume,
};
use ticketd::model::chat::{
    ChannelKind, ChatChannel, ChatNews, NewChatChannel, NewChatPost, PageNo, PostsAt,
    PresenceStatus,
};
use ticketd::model::ids::{ChannelId, FileId, PostId, TeamId, UserId};
use ticketd::sandbox::{Fault, FaultRule, Mattermost};
use ticketd::telemetry::Metrics;
use tokio::time::timeout;

const FIRST: PageNo = PageNo { number: 0, size: 30 };

async fn both() -> (Mattermost, MattermostClient) {
    ticketd::prepare_process();
    let mattermost = Mattermost::start().await.unwrap();
    let client = MattermostClient::new(mattermost.url(), None, Metrics::new()).unwrap();
    (mattermost, client)
}

async fn signed_in(client: &MattermostClient, name: &str) -> Person {
    let password = SecretString::from(Mattermost::password(name));
    let (token, user) = client.sign_in(name, &password).await.unwrap();
    assert_eq!((user.username.as_str(), user.id), (name, user_id(name)));
    client.person(token)
}

fn user_id(name: &str) -> UserId {
    UserId::parse(Mattermost::user_id(name)).unwrap()
}

fn channel_id(name: &str) -> ChannelId {
    ChannelId::parse(Mattermost::channel_id(name)).unwrap()
}

fn team() -> TeamId {
    TeamId::parse(Mattermost::TEAM).unwrap()
}

fn new(channel: &ChannelId, root: Option<&PostId>, message: &str, pending: &str) -> NewChatPost {
    let (message, pending) = (message.to_owned(), pending.to_owned());
    NewChatPost { channel: channel.clone(), root: root.cloned(), message, files: vec![], pending }
}

async fn say(person: &Person, channel: &ChannelId, message: &str) -> PostId {
    person.say(&new(channel, None, message, "")).await.unwrap().id
}

async fn private(person: &Person, name: &str) -> ChatChannel {
    let new = NewChatChannel {
        team: team(),
        name: name.to_owned(),
        display_name: name.to_owned(),
        public: false,
        purpose: String::new(),
        header: "above".to_owned(),
    };
    person.create_channel(&new).await.unwrap()
}

/// Listens, and gives whether it went on where an earlier connection ended.
async fn listen(person: &Person, resume: Option<Resume>) -> (PersonEvents, bool) {
    let mut events = person.listen(resume).await.unwrap();
    match events.next().await.unwrap() {
        PersonEvent::Hello { resumed, .. } => (events, resumed),
        other => panic!("no hello: {other:?}"),
    }
}

/// A word for what is told next.
async fn next(events: &mut PersonEvents) -> String {
    let event = timeout(Duration::from_secs(20), events.next()).await.expect("news in time");
    match event.unwrap() {
        PersonEvent::Hello { resumed, .. } => format!("hello {resumed}"),
        PersonEvent::Missed => "missed".to_owned(),
        PersonEvent::News(news) => word(&news),
    }
}

fn word(news: &ChatNews) -> String {
    match news {
        ChatNews::Posted(post) if post.kind.is_empty() => post.message.clone(),
        ChatNews::Posted(post) => post.kind.clone(),
        ChatNews::Edited(post) => format!("edited: {}", post.message),
        ChatNews::Deleted(post) => format!("deleted: {:?} {}", post.message, post.deleted),
        ChatNews::Reacted { reaction, .. } => format!("+ {}", reaction.emoji),
        ChatNews::Unreacted { reaction, .. } => format!("- {}", reaction.emoji),
        ChatNews::Typing { root, .. } => format!("typing {}", root.is_some()),
        ChatNews::PresenceChanged { status, .. } => format!("{status:?}"),
        ChatNews::Joined { user, .. } => format!("joined {user}"),
        ChatNews::Left { user, .. } => format!("left {}", user.is_some()),
        ChatNews::ChannelMade { .. } => "made".to_owned(),
        ChatNews::ChannelGone { .. } => "gone".to_owned(),
        ChatNews::TeamJoined { .. } => "team".to_owned(),
        ChatNews::TeamGone { .. } => "team gone".to_owned(),
        ChatNews::Viewed { .. } => "viewed".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn hears(events: &mut PersonEvents, expected: &[&str]) {
    for (at, expected) in expected.iter().enumerate() {
        assert_eq!(next(events).await, *expected, "the news {at}");
    }
}

#[tokio::test]
async fn who_signs_in_is_themselves_until_they_sign_out() {
    let (mattermost, client) = both().await;
    let wrong = client.sign_in("alice", &"guess".into()).await;
    assert!(matches!(wrong, Err(ApiError::Unauthorized { .. })), "{wrong:?}");
    for nobody in ["mallory", "ticketd", Mattermost::user_id("alice")] {
        let password = SecretString::from(Mattermost::password(nobody));
        let refused = client.sign_in(nobody, &password).await;
        assert!(matches!(refused, Err(ApiError::Unauthorized { .. })), "{nobody}: {refused:?}");
    }
    let password = SecretString::from(Mattermost::password("alice"));
    assert!(client.sign_in("alice@example.com", &password).await.is_ok(), "by address");
    let (alice, admin) = (signed_in(&client, "alice").await, signed_in(&client, "admin").await);
    let (me, boss) = (alice.me().await.unwrap(), admin.me().await.unwrap());
    assert_eq!((me.id, me.is_admin, me.is_bot), (user_id("alice"), false, false));
    assert!(boss.is_admin);
    assert!(alice.user_by_name("ticketd").await.unwrap().is_bot);
    alice.sign_out().await.unwrap();
    let late = alice.me().await;
    assert!(matches!(late, Err(ApiError::Unauthorized { .. })), "{late:?}");
    let late = alice.sign_out().await;
    assert!(matches!(late, Err(ApiError::Unauthorized { .. })), "{late:?}");
    // The others' sessions, and alice's other one, stand.
    assert!(admin.me().await.is_ok());
    mattermost.end_session("admin");
    assert!(matches!(admin.me().await, Err(ApiError::Unauthorized { .. })));
    assert!(signed_in(&client, "admin").await.me().await.is_ok());
}

#[tokio::test]
async fn nobody_reads_writes_or_finds_what_is_not_theirs() {
    let (_mattermost, client) = both().await;
    let (alice, carol) = (signed_in(&client, "alice").await, signed_in(&client, "carol").await);
    let closed = channel_id("closed");
    let secret = say(&carol, &closed, "carol alone").await;
    let forbidden = |outcome: Result<(), ApiError>, what: &str| {
        assert!(matches!(outcome, Err(ApiError::Forbidden { .. })), "{what}: {outcome:?}");
    };
    let page = PostsAt::Page(FIRST);
    forbidden(alice.channel(&closed).await.map(drop), "channel");
    forbidden(alice.posts(&closed, &page).await.map(drop), "posts");
    forbidden(alice.post(&secret).await.map(drop), "post");
    forbidden(alice.thread(&secret).await.map(drop), "thread");
    forbidden(alice.members(&closed, FIRST).await.map(drop), "members");
    forbidden(alice.say(&new(&closed, None, "x", "")).await.map(drop), "say");
    forbidden(alice.edit(&secret, "x").await.map(drop), "edit");
    forbidden(alice.delete(&secret).await, "delete");
    forbidden(alice.react(&secret, "+1").await, "react");
    forbidden(alice.join(&closed).await, "join");
    forbidden(alice.typing(&closed, None).await, "typing");
    forbidden(alice.mark_read(&closed).await, "view");
    forbidden(alice.remove_channel(&closed).await, "archive");
    forbidden(alice.add_member(&closed, &user_id("bob")).await, "add");
    forbidden(
        alice.create_user("dave", "d@x.example", &"long enough".into()).await.map(drop),
        "user",
    );
    forbidden(alice.set_active(&user_id("bob"), false).await, "deactivate");
    forbidden(alice.remove_user(&user_id("bob")).await, "remove");
    forbidden(alice.remove_team(&team()).await, "team");
    let hidden = alice.channel_by_name(&team(), "closed").await;
    assert!(matches!(hidden, Err(ApiError::NotFound { .. })), "{hidden:?}");
    assert_eq!(alice.is_in(&closed).await, Ok(false));
    assert_eq!(carol.is_in(&closed).await, Ok(true));
    assert!(alice.search(&team(), "carol", FIRST).await.unwrap().is_empty());
    assert_eq!(carol.search(&team(), "ALONE carol", FIRST).await.unwrap()[0].id, secret);
    let mine: Vec<_> = alice.channels(&team()).await.unwrap();
    assert!(mine.iter().any(|channel| channel.name == "oncall"));
    let public = alice.public_channels(&team(), FIRST).await.unwrap();
    let names: Vec<_> = public.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["network", "support"], "by the names that people see");
    assert!(public.iter().all(|channel| channel.kind == ChannelKind::Public));
}

#[tokio::test]
async fn two_people_hear_a_private_channel_while_they_are_in_it() {
    let (mattermost, client) = both().await;
    let (alice, bob) = (signed_in(&client, "alice").await, signed_in(&client, "bob").await);
    let carol = signed_in(&client, "carol").await;
    let (mut hers, _) = listen(&alice, None).await;
    let (mut his, _) = listen(&bob, None).await;
    let (mut others, _) = listen(&carol, None).await;
    let quiet = private(&alice, "quiet").await;
    assert_eq!((quiet.kind, quiet.header.as_str()), (ChannelKind::Private, "above"));
    say(&alice, &quiet.id, "before bob").await;
    hears(&mut hers, &["made", "before bob"]).await;
    alice.add_member(&quiet.id, &user_id("bob")).await.unwrap();
    let joined = format!("joined {}", user_id("bob"));
    hears(&mut his, &[&joined, "system_add_to_channel"]).await;
    hears(&mut hers, &[&joined, "system_add_to_channel"]).await;
    let root = say(&alice, &quiet.id, "hello bob").await;
    let reply = bob.say(&new(&quiet.id, Some(&root), "hello alice", "")).await.unwrap();
    assert_eq!((reply.author.clone(), reply.root.clone()), (user_id("bob"), Some(root.clone())));
    bob.react(&root, "+1").await.unwrap();
    bob.unreact(&root, "+1").await.unwrap();
    bob.typing(&quiet.id, Some(&root)).await.unwrap();
    bob.edit(&reply.id, "hello, alice").await.unwrap();
    bob.mark_read(&quiet.id).await.unwrap();
    bob.delete(&reply.id).await.unwrap();
    mattermost.set_status("bob", "dnd");
    // Each hears the same, but not that they are writing, reading or there themselves.
    let all = ["hello bob", "hello alice", "+ +1", "- +1"];
    hears(&mut hers, &all).await;
    hears(&mut hers, &["typing true", "edited: hello, alice", "deleted: \"\" true"]).await;
    hears(&mut his, &all).await;
    hears(&mut his, &["edited: hello, alice", "viewed", "deleted: \"\" true", "Dnd"]).await;
    // He leaves: he is told that, and then nothing more of it.
    bob.leave(&quiet.id).await.unwrap();
    say(&alice, &quiet.id, "after bob").await;
    say(&alice, &channel_id("support"), "to all").await;
    hears(&mut hers, &["left true", "system_leave_channel", "after bob", "to all"]).await;
    hears(&mut his, &["left false", "to all"]).await;
    let late = bob.posts(&quiet.id, &PostsAt::Page(FIRST)).await;
    assert!(matches!(late, Err(ApiError::Forbidden { .. })), "{late:?}");
    // The third heard what is for all, and nothing else of all this.
    hears(&mut others, &["to all"]).await;
    let presence = alice.statuses(&[user_id("bob"), user_id("admin")]).await.unwrap();
    let presence: Vec<_> = presence.iter().map(|it| it.status).collect();
    assert_eq!(presence, [PresenceStatus::Dnd, PresenceStatus::Offline]);
}

#[tokio::test]
async fn direct_messages_are_made_once_and_told_to_both() {
    let (_mattermost, client) = both().await;
    let (alice, bob) = (signed_in(&client, "alice").await, signed_in(&client, "bob").await);
    let (mut his, _) = listen(&bob, None).await;
    let one = alice.direct(&[user_id("bob")]).await.unwrap();
    assert_eq!((one.kind, one.team.clone()), (ChannelKind::Direct, None));
    assert_eq!(bob.direct(&[user_id("alice")]).await.unwrap(), one);
    say(&alice, &one.id, "psst").await;
    hears(&mut his, &["made", "psst"]).await;
    let group = alice.direct(&[user_id("bob"), user_id("carol")]).await.unwrap();
    assert_eq!(group.kind, ChannelKind::Group);
    hears(&mut his, &["made"]).await;
    let few = alice.direct(&[]).await;
    assert!(matches!(few, Err(ApiError::Rejected { status: 400, .. })), "{few:?}");
    let nobody = UserId::parse("aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    let missing = alice.direct(&[nobody]).await;
    assert!(matches!(missing, Err(ApiError::NotFound { .. })), "{missing:?}");
    let stays = bob.leave(&one.id).await;
    assert!(matches!(stays, Err(ApiError::Rejected { status: 400, .. })), "{stays:?}");
    assert!(bob.channels(&team()).await.unwrap().iter().any(|channel| channel.id == one.id));
}

#[tokio::test]
async fn what_broke_goes_on_and_what_is_lost_is_told() {
    let (mattermost, client) = both().await;
    let (alice, bob) = (signed_in(&client, "alice").await, signed_in(&client, "bob").await);
    let support = channel_id("support");
    let (mut events, resumed) = listen(&bob, None).await;
    assert!(!resumed);
    let mut told = Vec::new();
    let mut at = 7_usize;
    for round in 0..20 {
        // One breaks now and then, wherever it is.
        at = at.wrapping_mul(31).wrapping_add(11);
        for n in 0..5 {
            say(&alice, &support, &format!("{round}.{n}")).await;
            if n == at % 5 {
                mattermost.drop_socket(at);
            }
        }
        let end = format!("{round}.4");
        loop {
            match timeout(Duration::from_secs(20), events.next()).await.expect("news in time") {
                Ok(PersonEvent::News(news)) => told.push(word(&news)),
                Ok(other) => panic!("{other:?}"),
                Err(EventsFault::Closed) => {
                    let (again, resumed) = listen(&bob, Some(events.resume())).await;
                    assert!(resumed, "within what the server keeps");
                    events = again;
                }
                Err(fault) => panic!("{fault}"),
            }
            if told.last() == Some(&end) {
                break;
            }
        }
    }
    let expected: Vec<_> = (0..100).map(|n| format!("{}.{}", n / 5, n % 5)).collect();
    assert_eq!(told, expected, "each once and in order");
    // The last break may not have been seen yet.
    mattermost.drop_sockets();
    let (mut events, resumed) = listen(&bob, Some(events.resume())).await;
    assert!(resumed, "with nothing to tell");
    // A number is missing: whoever listens asks for what it was.
    let since = alice.posts(&support, &PostsAt::Page(FIRST)).await.unwrap();
    let since = since.posts.last().unwrap().created;
    mattermost.lose_event();
    say(&alice, &support, "lost").await;
    say(&alice, &support, "heard").await;
    hears(&mut events, &["missed", "heard"]).await;
    let found = bob.posts(&support, &PostsAt::Since(since)).await.unwrap();
    assert!(found.posts.iter().any(|post| post.message == "lost"));
    // The server begins anew, and says so.
    mattermost.restart();
    assert_eq!(events.next().await, Err(EventsFault::Closed));
    let (_, resumed) = listen(&bob, Some(events.resume())).await;
    assert!(!resumed);
}

#[tokio::test]
async fn who_is_deactivated_hears_and_may_nothing_more() {
    let (_mattermost, client) = both().await;
    let admin = signed_in(&client, "admin").await;
    let dave = admin.create_user("dave", "dave@example.com", &"long enough".into()).await.unwrap();
    assert_eq!((dave.username.as_str(), dave.is_admin, dave.deleted), ("dave", false, false));
    for (name, email, password) in [
        ("dave", "other@example.com", "long enough"),
        ("other", "dave@example.com", "long enough"),
        ("other", "other@example.com", "short"),
        ("No Name", "other@example.com", "long enough"),
    ] {
        match admin.create_user(name, email, &password.into()).await {
            Err(ApiError::Rejected { status: 400, reasons, .. }) => assert_eq!(reasons.len(), 1),
            other => panic!("{name}: {other:?}"),
        }
    }
    let (token, _) = client.sign_in("dave", &"long enough".into()).await.unwrap();
    let person = client.person(token.clone());
    assert!(person.teams().await.unwrap().is_empty());
    let outside = person.channel(&channel_id("support")).await;
    assert!(matches!(outside, Err(ApiError::Forbidden { .. })), "not of the team: {outside:?}");
    let (mut events, _) = listen(&person, None).await;
    admin.add_to_team(&team(), &dave.id).await.unwrap();
    person.join(&channel_id("support")).await.unwrap();
    let joined = format!("joined {}", dave.id);
    hears(&mut events, &["team", &joined, "system_join_channel"]).await;
    admin.set_active(&dave.id, false).await.unwrap();
    assert!(admin.user(&dave.id).await.unwrap().deleted);
    assert!(matches!(person.me().await, Err(ApiError::Unauthorized { .. })));
    let again = client.sign_in("dave", &"long enough".into()).await;
    assert!(matches!(again, Err(ApiError::Unauthorized { .. })), "{again:?}");
    say(&signed_in(&client, "alice").await, &channel_id("support"), "without dave").await;
    drop(events);
    let listened = person.listen(None).await.err();
    assert_eq!(listened, Some(ApiError::Unauthorized { service: "mattermost" }));
    admin.set_active(&dave.id, true).await.unwrap();
    assert!(matches!(client.person(token).me().await, Err(ApiError::Unauthorized { .. })));
    assert!(client.sign_in("dave", &"long enough".into()).await.is_ok());
    admin.remove_user(&dave.id).await.unwrap();
    assert!(client.sign_in("dave", &"long enough".into()).await.is_err());
    let names = admin.users(PageNo { number: 1, size: 2 }).await.unwrap();
    let names: Vec<_> = names.into_iter().map(|user| user.username).collect();
    assert_eq!(names, ["bob", "carol"]);
}

#[tokio::test]
async fn teams_and_channels_come_and_go() {
    let (_mattermost, client) = both().await;
    let (admin, alice) = (signed_in(&client, "admin").await, signed_in(&client, "alice").await);
    let made = admin.create_team("field", "Field work", true).await.unwrap();
    assert_eq!(admin.team_by_name("field").await.unwrap(), made);
    assert!(matches!(alice.team_by_name("field").await, Err(ApiError::Forbidden { .. })));
    let (mut events, _) = listen(&alice, None).await;
    admin.add_to_team(&made.id, &user_id("alice")).await.unwrap();
    assert_eq!(alice.teams().await.unwrap().len(), 2);
    let tools = NewChatChannel { team: made.id.clone(), public: true, ..spare() };
    let tools = admin.create_channel(&tools).await.unwrap();
    alice.join(&tools.id).await.unwrap();
    alice.join(&tools.id).await.unwrap();
    assert_eq!(alice.members(&tools.id, FIRST).await.unwrap().len(), 2);
    admin.remove_member(&tools.id, &user_id("alice")).await.unwrap();
    let joined = format!("joined {}", user_id("alice"));
    hears(&mut events, &["team", &joined, "system_join_channel", "left false"]).await;
    let twice = alice.leave(&tools.id).await;
    assert!(matches!(twice, Err(ApiError::NotFound { .. })), "{twice:?}");
    let taken = admin.create_channel(&NewChatChannel { team: made.id.clone(), ..spare() }).await;
    assert!(matches!(taken, Err(ApiError::Rejected { status: 400, .. })), "{taken:?}");
    admin.remove_channel(&tools.id).await.unwrap();
    assert!(admin.channel(&tools.id).await.unwrap().deleted);
    let late = admin.say(&new(&tools.id, None, "x", "")).await;
    assert!(matches!(late, Err(ApiError::Rejected { status: 400, .. })), "{late:?}");
    admin.remove_team(&made.id).await.unwrap();
    hears(&mut events, &["gone", "team gone"]).await;
    assert_eq!(alice.teams().await.unwrap().len(), 1);
}

fn spare() -> NewChatChannel {
    NewChatChannel {
        team: team(),
        name: "tools".to_owned(),
        display_name: "Tools".to_owned(),
        public: false,
        purpose: String::new(),
        header: String::new(),
    }
}

#[tokio::test]
async fn a_repeated_post_is_one_and_pages_are_whole() {
    let (mattermost, client) = both().await;
    let alice = signed_in(&client, "alice").await;
    let (mut events, _) = listen(&alice, None).await;
    let support = channel_id("support");
    let post = new(&support, None, "once", "alice:1");
    mattermost.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /api/v4/posts").times(1));
    let lost = alice.say(&post).await;
    assert!(matches!(lost, Err(ApiError::Ambiguous { .. })), "{lost:?}");
    let again = alice.say(&post).await.unwrap();
    let mut made = vec![again.id.clone()];
    for n in 1..7 {
        // Those of one millisecond have no order.
        tokio::time::sleep(Duration::from_millis(2)).await;
        made.push(say(&alice, &support, &format!("{n}")).await);
    }
    hears(&mut events, &["once", "1", "2", "3", "4", "5", "6"]).await;
    let ask = async |at: PostsAt| alice.posts(&support, &at).await.unwrap();
    let page = |number| PostsAt::Page(PageNo { number, size: 3 });
    for (at, range, older, newer) in [
        (page(0), 4..7, Some(3), None),
        (page(1), 1..4, Some(0), Some(4)),
        (page(2), 0..1, None, Some(1)),
        (page(3), 0..0, None, Some(0)),
        (PostsAt::Before(made[4].clone(), 2), 2..4, Some(1), Some(4)),
        (PostsAt::Before(made[1].clone(), 2), 0..1, None, Some(1)),
        (PostsAt::After(made[1].clone(), 2), 2..4, Some(1), Some(4)),
        (PostsAt::After(made[5].clone(), 2), 6..7, Some(5), None),
        (PostsAt::Since(again.created), 0..7, None, None),
    ] {
        let found = ask(at.clone()).await;
        let ids: Vec<_> = found.posts.iter().map(|post| post.id.clone()).collect();
        assert_eq!(ids, made[range], "{at:?}");
        let of = |at: Option<usize>| at.map(|at| made[at].clone());
        assert_eq!((found.older, found.newer), (of(older), of(newer)), "{at:?}");
    }
    let people = alice.users_by_ids(&[user_id("alice"), user_id("bob")]).await.unwrap();
    assert_eq!(people.len(), 2);
    assert_eq!(alice.thread(&made[1]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn files_are_read_by_who_reads_their_post() {
    let (_mattermost, client) = both().await;
    let (alice, bob) = (signed_in(&client, "alice").await, signed_in(&client, "bob").await);
    let carol = signed_in(&client, "carol").await;
    let oncall = channel_id("oncall");
    let words = "<script>alert(1)</script>";
    let bytes = || futures_util::stream::iter([Ok(Bytes::from_static(words.as_bytes()))]);
    let size = u64::try_from(words.len()).unwrap();
    let file = alice.upload(&oncall, "log ü.html", size, bytes()).await.unwrap();
    assert_eq!((file.name.as_str(), file.size), ("log ü.html", size));
    // Before a post names it, it is its owner's alone.
    assert!(matches!(bob.file_info(&file.id).await, Err(ApiError::Forbidden { .. })));
    let (mut events, _) = listen(&bob, None).await;
    let post = NewChatPost { files: vec![file.id.clone()], ..new(&oncall, None, "see", "") };
    let made = alice.say(&post).await.unwrap();
    assert_eq!(made.files, std::slice::from_ref(&file));
    match events.next().await.unwrap() {
        PersonEvent::News(ChatNews::Posted(told)) => assert_eq!(*told, made),
        other => panic!("{other:?}"),
    }
    assert_eq!(bob.file_info(&file.id).await.unwrap(), file);
    let mut read = bob.file(&file.id).await.unwrap();
    let mut whole = Vec::new();
    while let Some(piece) = read.chunk().await.unwrap() {
        whole.extend_from_slice(&piece);
    }
    assert_eq!(whole, words.as_bytes());
    assert!(matches!(carol.file(&file.id).await, Err(ApiError::Forbidden { .. })));
    let closed = carol.upload(&oncall, "x", size, bytes()).await;
    assert!(matches!(closed, Err(ApiError::Forbidden { .. })), "{closed:?}");
    let nothing = FileId::parse("aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    assert!(matches!(bob.file_info(&nothing).await, Err(ApiError::NotFound { .. })));
}
