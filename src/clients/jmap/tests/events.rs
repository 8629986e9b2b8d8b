//! Streams of news: recorded ones cut at any place, and answers that are none.

use super::{
    super::{
        JmapAuth,
        JmapEvent::{self, Broken, Changed, Connected, Refused},
    },
    recorded,
    stand::{Say, Stand, usual},
};

/// All that a stream tells, its end included.
async fn told(stand: &Stand) -> Vec<JmapEvent> {
    let mut stream = stand.client().events().await.unwrap();
    let mut told = Vec::new();
    loop {
        let event = stream.next().await;
        told.push(event);
        if matches!(event, Refused { .. } | Broken) {
            return told;
        }
    }
}

#[tokio::test]
async fn recorded_streams_are_read_however_they_are_cut() {
    for (recording, expected) in [
        (recorded!("sse-basic.raw"), &[Connected, Changed, Changed, Broken][..]),
        (recorded!("sse-burst.raw"), &[Connected, Changed, Broken]),
        (recorded!("sse-httptimeout10s.raw"), &[Connected, Broken]),
        (recorded!("sse-serverstop.raw"), &[Connected, Broken]),
        (recorded!("sse-notypes.raw"), &[Refused { status: 204 }]),
    ] {
        for size in [1, 3, 7, 64, 100_000] {
            let stand = Stand::saying([Say::pieces(recording, size)]).await;
            assert_eq!(told(&stand).await, expected, "in pieces of {size}");
        }
    }
}

#[tokio::test]
async fn the_stream_is_asked_for_as_recorded_and_its_end_stays() {
    let stand = Stand::saying([Say::pieces(recorded!("sse-basic.raw"), 50)]).await;
    let mut stream = stand.client().events().await.unwrap();
    while stream.next().await != Broken {}
    assert_eq!(stream.next().await, Broken);
    let [asked] = &stand.asked()[..] else { panic!("one connection") };
    assert_eq!(asked.line, "GET /jmap/eventsource/?types=Email&closeafter=no&ping=30 HTTP/1.1");
    assert!(asked.head.contains("accept: text/event-stream"), "{}", asked.head);
    assert!(asked.head.contains("authorization: basic"), "{}", asked.head);
}

#[tokio::test]
async fn whatever_is_no_stream_of_events_is_refused() {
    let html = "Content-Type: text/html\r\n";
    for (say, expected) in [
        (Say::status(200, html, "event: state\ndata: {}\n\n"), Refused { status: 200 }),
        (Say::status(204, "Content-Type: text/event-stream\r\n", ""), Refused { status: 204 }),
        (Say::status(401, html, ""), Refused { status: 401 }),
        (Say::status(404, "", ""), Refused { status: 404 }),
        (Say::status(503, "", ""), Refused { status: 503 }),
        (Say::status(302, "Location: /jmap/\r\n", ""), Refused { status: 302 }),
        (Say::Cut, Broken),
        (Say::Hang, Broken),
    ] {
        let stand = Stand::saying([say.clone()]).await;
        assert_eq!(told(&stand).await, [expected], "{say:?}");
        assert_eq!(stand.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_moved_stream_is_not_followed() {
    for status in [301, 307] {
        let moved = Say::status(status, "Location: http://127.0.0.1:1/\r\n", "");
        let stand = Stand::saying([moved]).await;
        assert_eq!(told(&stand).await, [Refused { status }]);
    }
}

#[tokio::test]
async fn an_endless_event_ends_the_stream() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let line = format!("data: {}\n", "x".repeat(1_000));
    let text = format!("{head}event: state\ndata: {{}}\n\n{}\n", line.repeat(200));
    let stand = Stand::saying([Say::pieces(&text, 5_000)]).await;
    assert_eq!(told(&stand).await, [Connected, Changed, Broken]);
}

#[tokio::test]
async fn each_stream_takes_the_token_that_the_file_holds() {
    let stand = Stand::by(|asked| {
        usual(asked).unwrap_or_else(|| Say::pieces(recorded!("sse-serverstop.raw"), 9))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let client = stand.client_with(JmapAuth::TokenFile(file.clone()));
    for token in ["one", "two"] {
        std::fs::write(&file, token).unwrap();
        let mut stream = client.events().await.unwrap();
        assert_eq!(stream.next().await, Connected);
        let asked = stand.asked().pop().unwrap();
        assert!(asked.head.contains(&format!("bearer {token}")), "{}", asked.head);
    }
}
