//! Memory of the daemon while 200 callers send it 2 GB of files at the same time.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::bail;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use ticketd::sandbox::JiraWrite;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    child::Daemon,
    figure,
    load::{Caller, to},
    measure,
    stand::Stand,
};

const UPLOADS: usize = 200;
/// Bytes of the file in each: 2 GB in all.
const FILE: usize = 10_000_000;
/// Bytes that a caller sends at once.
const PIECE: usize = 50_000;
const BOUNDARY: &str = "a-line-between-parts";

pub(crate) async fn figures(stand: &Stand, daemon: &Daemon) -> anyhow::Result<()> {
    // What is made once is made.
    send(stand, daemon, 8, 1_000_000).await?;
    arrived(daemon, 8).await?;
    let before = measure::resident(stand.pid())?;
    let (pid, over) = (stand.pid(), Arc::new(AtomicBool::new(false)));
    let watch = tokio::spawn({
        let over = over.clone();
        async move {
            let mut highest = 0.0_f64;
            while !over.load(Relaxed) {
                highest = highest.max(measure::resident(pid)?);
                sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(highest)
        }
    });
    let begun = tokio::time::Instant::now();
    send(stand, daemon, UPLOADS, FILE).await?;
    let took = begun.elapsed();
    arrived(daemon, 8 + UPLOADS).await?;
    over.store(true, Relaxed);
    figure("upload_rss_growth_mib", watch.await?? - before);
    figure("upload_mb_per_second", (UPLOADS * FILE) as f64 / 1e6 / took.as_secs_f64());
    Ok(())
}

/// Waits until Jira has so many files.
async fn arrived(daemon: &Daemon, files: usize) -> anyhow::Result<()> {
    for _ in 0..600 {
        if daemon.jira.writes_of(JiraWrite::Attachment) == files as u64 {
            return Ok(());
        }
        sleep(Duration::from_millis(200)).await;
    }
    bail!("not every file is there after two minutes")
}

/// So many callers at the same time, each with a ticket that has a file of so many bytes.
async fn send(stand: &Stand, daemon: &Daemon, callers: usize, bytes: usize) -> anyhow::Result<()> {
    let mut all = JoinSet::new();
    for number in 0..callers {
        let (address, token) = (stand.address, daemon.token.clone());
        all.spawn(async move {
            let mut caller = Caller::connect(address).await?;
            let request = to("POST", "", &token)
                .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
            let request = request.body(form(number, bytes))?;
            // The tracker may still be busy with the others' files.
            caller.ask(request, &[StatusCode::CREATED, StatusCode::ACCEPTED]).await
        });
    }
    all.join_all().await.into_iter().try_for_each(|answer| answer.map(drop))
}

fn form(number: usize, bytes: usize) -> crate::load::Body {
    let field = |name: &str, value: &str| {
        format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let head = [
        field("title", &format!("Logs of machine {number}")),
        field("body", "What it wrote while it died."),
        field("reporter", "ann@customer.example"),
        field("board", "support"),
        field("category", "bug"),
        format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"attachments\"; \
             filename=\"log.bin\"\r\ncontent-type: application/octet-stream\r\n\r\n"
        ),
    ];
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = std::iter::repeat_n(piece, bytes / PIECE);
    let tail = Bytes::from(format!("\r\n--{BOUNDARY}--\r\n"));
    let all = [Bytes::from(head.concat())].into_iter().chain(pieces).chain([tail]);
    let frames = stream::iter(all.map(|piece| Ok::<_, io::Error>(Frame::data(piece))));
    StreamBody::new(frames).boxed_unsync()
}
