//! The recorded kinds of three versions, the others as the server's source has them, and nonsense.

use serde_json::{Value, json};

use super::*;

const RECORDED: [&str; 3] = [
    include_str!("../../../../../tests/fixtures/mattermost/09-events.json"),
    include_str!("../../../../../tests/fixtures/mattermost/6.7/09-events.json"),
    include_str!("../../../../../tests/fixtures/mattermost/5.37/09-events.json"),
];
const ALICE: &str = "x57qoutf8pg8mgx1q1ysq5mzty";
const SUPPORT: &str = "piwx1dj1uib9pq4ynbsi3euo9y";
const POST: &str = "ds1ie7559tbsmqef3rmqbztu3w";
const OPS: &str = "4gm8cqtksjnb9rhzgjh6dqqouy";

/// The news, none for what nobody asks for, and whether it could be read.
fn read(frame: &Value) -> (Option<ChatNews>, bool) {
    match PersonEvent::read(frame["event"].as_str().unwrap(), &frame.to_string()) {
        Some(Told::News(PersonEvent::News(news))) => (Some(news), true),
        Some(Told::Other) => (None, true),
        None => (None, false),
        Some(_) => panic!("{frame}"),
    }
}

#[test]
fn every_recorded_kind_is_understood() {
    for recorded in RECORDED {
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let told = |at: &str| read(recorded.pointer(at).unwrap()).0.unwrap();
        let support = recorded["posted"]["broadcast"]["channel_id"].as_str().unwrap();
        let ChatNews::Posted(root) = told("/posted") else { panic!("no post") };
        assert_eq!(root.message, "hello @ticketd #tag https://example.com");
        assert_eq!((root.channel.as_str(), root.root.as_ref()), (support, None));
        assert!(!root.deleted && root.edited.is_none() && root.kind.is_empty());
        let ChatNews::Posted(reply) = told("/reply/0") else { panic!("no reply") };
        assert_eq!(reply.root.as_ref(), Some(&root.id));
        let ChatNews::Edited(edited) = told("/patch/0") else { panic!("no edit") };
        assert_eq!((&edited.id, edited.message.as_str()), (&root.id, "edited"));
        assert!(edited.edited.is_some());
        let ChatNews::Reacted { channel, reaction } = told("/reaction_added/0") else {
            panic!("no reaction")
        };
        assert_eq!((channel.as_str(), reaction.emoji.as_str()), (support, "ticket"));
        assert_eq!(reaction.post, root.id);
        let ChatNews::Deleted(gone) = told("/delete/0") else { panic!("not deleted") };
        assert!(gone.deleted && gone.message.is_empty() && gone.reactions.is_empty());
        assert_eq!(gone.id, root.id);
        let ChatNews::Joined { channel, user } = told("/bot_added/0") else { panic!("none") };
        let ChatNews::Posted(said) = told("/bot_added/1") else { panic!("nothing said") };
        assert_eq!((said.kind.as_str(), &said.channel), ("system_add_to_channel", &channel));
        let left = ChatNews::Left { channel, user: None };
        assert_eq!(told("/bot_removed/0"), left, "{user}: told of oneself");
    }
}

/// Reads the event, its data, and the channel that it goes to.
fn said(event: &str, data: &Value, to: &str) -> Option<ChatNews> {
    let broadcast = json!({"omit_users": null, "user_id": "", "channel_id": to});
    let frame = json!({"event": event, "data": data, "broadcast": broadcast, "seq": 3});
    let (news, could) = read(&frame);
    assert!(could, "{event}");
    news
}

fn channel() -> ChannelId {
    ChannelId::parse(SUPPORT).unwrap()
}

fn user() -> UserId {
    UserId::parse(ALICE).unwrap()
}

#[test]
fn the_kinds_of_a_channel_say_where_and_who() {
    let whole = json!({"id": SUPPORT, "name": "support"}).to_string();
    let typing = |root| ChatNews::Typing { channel: channel(), user: user(), root };
    let here = json!({"channel_id": SUPPORT, "team_id": OPS});
    let made = || ChatNews::ChannelMade { channel: channel() };
    let reaction = json!({
        "user_id": ALICE, "post_id": POST, "emoji_name": "+1", "create_at": 0, "delete_at": 9,
    });
    let taken_back = ChatNews::Unreacted {
        channel: channel(),
        reaction: crate::model::chat::ChatReaction {
            user: user(),
            post: PostId::parse(POST).unwrap(),
            emoji: "+1".to_owned(),
            created: jiff::Timestamp::UNIX_EPOCH,
        },
    };
    let left = ChatNews::Left { channel: channel(), user: Some(user()) };
    let gone = ChatNews::ChannelGone { channel: channel() };
    let changed = ChatNews::ChannelChanged { channel: channel() };
    let user = json!({"user_id": ALICE, "parent_id": ""});
    let thread = json!({"user_id": ALICE, "parent_id": POST});
    for (event, data, to, expected) in [
        ("typing", user.clone(), SUPPORT, typing(None)),
        ("typing", thread, SUPPORT, typing(PostId::parse(POST).ok())),
        ("reaction_removed", json!({"reaction": reaction.to_string()}), SUPPORT, taken_back),
        ("user_removed", user, SUPPORT, left),
        ("channel_created", here.clone(), "", made()),
        ("direct_added", json!({"creator_id": ALICE}), SUPPORT, made()),
        ("group_added", json!({"teammate_ids": "[]"}), SUPPORT, made()),
        ("channel_updated", json!({"channel": whole}), "", changed),
        ("channel_deleted", json!({"channel_id": SUPPORT, "delete_at": 1}), "", gone),
        ("channel_viewed", here, "", ChatNews::Viewed { channel: channel() }),
    ] {
        assert_eq!(said(event, &data, to), Some(expected), "{event}");
    }
}

#[test]
fn the_kinds_of_people_and_teams_say_who_and_where() {
    let team = || TeamId::parse(OPS).unwrap();
    let ops = json!({"id": OPS, "name": "ops"}).to_string();
    let is = |status| Some(ChatNews::PresenceChanged { user: user(), status });
    let both = json!({"team_id": OPS, "user_id": ALICE});
    let person = json!({"user": {"id": ALICE, "username": "alice"}});
    let status = |status: &str| json!({"status": status, "user_id": ALICE});
    let joined = ChatNews::TeamJoined { team: team(), user: user() };
    let left = ChatNews::TeamLeft { team: team(), user: user() };
    for (event, data, expected) in [
        ("status_change", status("dnd"), is(PresenceStatus::Dnd)),
        ("status_change", status("ooo"), is(PresenceStatus::Away)),
        ("added_to_team", both.clone(), Some(joined)),
        ("leave_team", both, Some(left)),
        ("delete_team", json!({"team": ops}), Some(ChatNews::TeamGone { team: team() })),
        ("user_updated", person, Some(ChatNews::UserChanged { user: user() })),
        ("preferences_changed", json!([1]), None),
        ("a kind to come", json!({"user_id": 7}), None),
    ] {
        assert_eq!(said(event, &data, ""), expected, "{event}");
    }
}

#[test]
fn what_cannot_be_read_is_told_as_missed() {
    for (event, data) in [
        ("posted", json!({"post": "{}"})),
        ("post_edited", json!({"post": {}})),
        ("post_deleted", json!({})),
        ("reaction_removed", json!({"reaction": "{}"})),
        ("typing", json!({"user_id": ALICE})),
        ("status_change", json!({"status": "online", "user_id": "nobody"})),
        ("user_added", json!({"user_id": "../x"})),
        ("user_removed", json!({"channel_id": "short"})),
        ("user_updated", json!({})),
        ("delete_team", json!({"team": "{"})),
    ] {
        let frame = json!({"event": event, "data": data, "broadcast": {}, "seq": 3});
        assert_eq!(read(&frame), (None, false), "{event}");
    }
}
