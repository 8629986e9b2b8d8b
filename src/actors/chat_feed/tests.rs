//! The feed under faults, against the stand-in: what is told, and what a gap covers.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::{
    model::ids::ChannelId,
    sandbox::{Fault, FaultRule, Mattermost},
    telemetry::Metrics,
};

async fn feed(mattermost: &Mattermost, token: &str) -> (SupervisorHandle, ChatFeed) {
    crate::prepare_process();
    let supervisor = SupervisorHandle::spawn(Metrics::new()).await.unwrap();
    let bot = Some(Mattermost::bot_token().into());
    let client = MattermostClient::new(mattermost.url(), bot, Metrics::new()).unwrap();
    let feed = start_chat_feed(&supervisor, client, token.into()).await.unwrap();
    (supervisor, feed)
}

async fn next(reader: &mut FeedReader) -> FeedNews {
    let news = timeout(Duration::from_mins(1), reader.next()).await;
    news.expect("news come in time").expect("the feed is there")
}

async fn stands(mattermost: &Mattermost) {
    while mattermost.socket_count() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
}

/// What a reader makes of the news: posts that it was told of, and those that it asked for.
#[derive(Default)]
struct Known {
    told: Vec<String>,
    found: HashSet<String>,
    gaps: usize,
}

impl Known {
    /// Reads until it knows of so many posts.
    async fn read(&mut self, reader: &mut FeedReader, client: &MattermostClient, count: usize) {
        let channel = ChannelId::parse(Mattermost::channel_id("support")).unwrap();
        while self.told.iter().chain(&self.found).collect::<HashSet<_>>().len() < count {
            match next(reader).await {
                FeedNews::Posted(post) => self.told.push(post.id.to_string()),
                FeedNews::Reacted(_) => {}
                FeedNews::Gap { since } => {
                    self.gaps += 1;
                    let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
                    let posts = client.posts_since(&channel, since).await.unwrap();
                    self.found.extend(posts.into_iter().map(|post| post.id.to_string()));
                }
            }
        }
    }

    fn is_all(&self, made: &[String]) {
        let once: BTreeSet<_> = self.told.iter().collect();
        assert_eq!(once.len(), self.told.len(), "something was told twice");
        let missing = made.iter().filter(|id| !once.contains(id) && !self.found.contains(*id));
        assert_eq!(missing.count(), 0, "of {}, {} told", made.len(), self.told.len());
    }
}

#[tokio::test]
async fn of_500_posts_and_broken_sockets_each_is_told_once() {
    let mattermost = Mattermost::start().await.unwrap();
    let (_supervisor, feed) = feed(&mattermost, Mattermost::bot_token()).await;
    let mut reader = feed.subscribe();
    assert_eq!(next(&mut reader).await, FeedNews::Gap { since: None });
    let (mut made, mut chance) = (Vec::new(), 7_u32);
    for n in 0..500 {
        made.push(mattermost.type_post("support", "alice", "", &n.to_string()));
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if chance >> 26 == 0 {
            mattermost.drop_sockets();
        }
        sleep(Duration::from_millis(1)).await;
    }
    let mut known = Known::default();
    known.read(&mut reader, &feed.shared.mattermost, 500).await;
    known.is_all(&made);
    assert_eq!((known.gaps, known.told.len()), (0, 500));
    assert!(feed.part().is_well());
}

#[tokio::test]
async fn what_is_not_told_lies_in_a_gap() {
    let mattermost = Mattermost::start().await.unwrap();
    let (_supervisor, feed) = feed(&mattermost, Mattermost::bot_token()).await;
    let mut reader = feed.subscribe();
    stands(&mattermost).await;
    let posting = async {
        let mut made = Vec::new();
        for n in 0..500 {
            made.push(mattermost.type_post("support", "alice", "", &n.to_string()));
            match n % 100 {
                20 => mattermost.drop_sockets(),
                50 => mattermost.restart(),
                80 => mattermost.lose_event(),
                _ => {}
            }
            sleep(Duration::from_millis(5)).await;
        }
        made
    };
    let mut known = Known::default();
    let (made, ()) = tokio::join!(posting, known.read(&mut reader, &feed.shared.mattermost, 500));
    known.is_all(&made);
    assert!(known.gaps > 1 && known.told.len() > 100, "{} {}", known.gaps, known.told.len());
    let mut reader = feed.subscribe();
    assert_eq!(next(&mut reader).await, FeedNews::Gap { since: None }, "it came late");
}

#[tokio::test]
async fn reactions_are_told_and_a_slow_reader_is_told_of_a_gap() {
    let mattermost = Mattermost::start().await.unwrap();
    let (_supervisor, feed) = feed(&mattermost, Mattermost::bot_token()).await;
    let (mut slow, mut quick) = (feed.subscribe(), feed.subscribe());
    assert_eq!(next(&mut slow).await, FeedNews::Gap { since: None });
    assert_eq!(next(&mut quick).await, FeedNews::Gap { since: None });
    let before = clock::now();
    let post = mattermost.type_post("support", "alice", "", "one");
    for n in 0..1_030 {
        mattermost.react("bob", &post, &format!("e{n}"));
        // The first is the post.
        if n % 50 == 0 {
            while !matches!(next(&mut quick).await, FeedNews::Reacted(it) if it.emoji == format!("e{n}"))
            {
            }
        }
    }
    while !matches!(next(&mut quick).await, FeedNews::Reacted(it) if it.emoji == "e1029") {}
    let FeedNews::Gap { since: Some(since) } = next(&mut slow).await else { panic!("no gap") };
    assert!(since < before);
    assert!(matches!(next(&mut slow).await, FeedNews::Reacted(_)));
}

/// How often a websocket was asked for.
fn tries(mattermost: &Mattermost) -> usize {
    mattermost.ledger().iter().filter(|call| call.target.contains("/websocket")).count()
}

#[tokio::test]
async fn without_websockets_there_is_a_gap_now_and_then() {
    let mattermost = Mattermost::start().await.unwrap();
    mattermost.fault(FaultRule::from(Fault::Status(404)).at("/websocket").times(1));
    tokio::time::pause();
    let (_supervisor, feed) = feed(&mattermost, Mattermost::bot_token()).await;
    let mut reader = feed.subscribe();
    let begun = Instant::now();
    assert_eq!(next(&mut reader).await, FeedNews::Gap { since: None });
    for _ in 0..29 {
        let news = next(&mut reader).await;
        assert!(matches!(news, FeedNews::Gap { since: Some(_) }), "{news:?}");
    }
    assert!(begun.elapsed() >= Duration::from_mins(14), "{:?}", begun.elapsed());
    assert_eq!((tries(&mattermost), feed.part().is_well()), (1, false));
    // Then it is tried again.
    next(&mut reader).await;
    assert_eq!((mattermost.socket_count(), feed.part().is_well()), (1, true));
}

#[tokio::test]
async fn a_wrong_token_is_not_tried_over_and_over() {
    let mattermost = Mattermost::start().await.unwrap();
    tokio::time::pause();
    let (_supervisor, feed) = feed(&mattermost, "nobody's").await;
    sleep(Duration::from_mins(10)).await;
    let tries = tries(&mattermost);
    assert!((5..=11).contains(&tries), "{tries}");
    assert!(!feed.part().is_well());
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_ever_more_rarely() {
    let mattermost = Mattermost::start().await.unwrap();
    mattermost.fault(FaultRule::from(Fault::Status(502)).at("/websocket"));
    tokio::time::pause();
    let (_supervisor, feed) = feed(&mattermost, Mattermost::bot_token()).await;
    let mut reader = feed.subscribe();
    sleep(Duration::from_mins(30)).await;
    let tries = tries(&mattermost);
    assert!((15..=60).contains(&tries), "{tries}");
    mattermost.clear_faults();
    assert_eq!(next_within(&mut reader).await, FeedNews::Gap { since: None });
}

async fn next_within(reader: &mut FeedReader) -> FeedNews {
    timeout(Duration::from_mins(3), reader.next()).await.unwrap().unwrap()
}
