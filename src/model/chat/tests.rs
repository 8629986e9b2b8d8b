//! That what people wrote stands in no log.

use super::*;

#[test]
fn what_people_wrote_is_not_shown() {
    let id = "x57qoutf8pg8mgx1q1ysq5mzty";
    let text = || "planted".to_owned();
    let file =
        ChatFile { id: FileId::parse(id).unwrap(), name: text(), media_type: text(), size: 1 };
    let user = ChatUser {
        id: UserId::parse(id).unwrap(),
        username: text(),
        email: text(),
        nickname: text(),
        first_name: text(),
        last_name: text(),
        is_bot: false,
        is_admin: true,
        deleted: false,
    };
    let post = ChatPost {
        id: PostId::parse(id).unwrap(),
        channel: ChannelId::parse(id).unwrap(),
        author: user.id.clone(),
        root: None,
        message: text(),
        kind: String::new(),
        created: Timestamp::UNIX_EPOCH,
        edited: None,
        deleted: false,
        files: vec![file],
        reactions: Vec::new(),
        replies: 0,
    };
    let news = ChatNews::Posted(Box::new(post.clone()));
    assert_eq!(news.channel(), Some(&post.channel));
    for shown in [format!("{user:?}"), format!("{news:?}"), format!("{:?}", post.files)] {
        assert!(!shown.contains("planted") && shown.contains(id), "{shown}");
    }
}
