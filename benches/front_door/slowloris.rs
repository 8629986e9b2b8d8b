//! Whether 500 connections that send a byte a second are felt by the one that asks.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::ensure;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    client::{self, Connection},
    figure,
    measure::{median, percentile},
    stand::Stand,
};

const SLOW: usize = 500;
const ROUNDS: usize = 15;
const REQUESTS: usize = 3_000;
/// For the daemon to take up, or to bury, the slow ones.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn figures(daemon: &Stand) -> anyhow::Result<()> {
    let health = client::get("/health")?;
    let (mut ratios, mut with_slow) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut connection = Connection::open(daemon.address).await?;
        let without = percentile(&connection.latencies(&health, REQUESTS).await?, 99);
        let slow = Slow::begin(daemon.address).await?;
        let with = percentile(&connection.latencies(&health, REQUESTS).await?, 99);
        slow.end().await?;
        ratios.push(with / without);
        with_slow.push(with);
    }
    figure("slowloris_p99_ratio", median(&ratios));
    figure("slowloris_p99_ms", median(&with_slow));
    Ok(())
}

/// The slow ones. They end within the 10 s that a head may take.
struct Slow {
    streams: Arc<[TcpStream]>,
    _dripping: AbortOnDropHandle<()>,
}

impl Slow {
    async fn begin(address: SocketAddr) -> anyhow::Result<Self> {
        let mut streams = Vec::with_capacity(SLOW);
        for _ in 0..SLOW {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            stream.write_all(b"GET /health HTTP/1.1\r\nx: ").await?;
            streams.push(stream);
        }
        let streams: Arc<[TcpStream]> = streams.into();
        let dripping = AbortOnDropHandle::new(tokio::spawn(drip(streams.clone())));
        tokio::time::sleep(PAUSE).await;
        Ok(Self { streams, _dripping: dripping })
    }

    async fn end(self) -> anyhow::Result<()> {
        for stream in &*self.streams {
            let read = stream.try_read(&mut [0]);
            let open = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            ensure!(open, "a slow connection was cut off early: {read:?}");
        }
        drop(self);
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

async fn drip(streams: Arc<[TcpStream]>) {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / 10);
    for part in streams.chunks(SLOW / 10).cycle() {
        beat.tick().await;
        for stream in part {
            // One that was cut off shows at the end.
            let _ = stream.try_write(b"a");
        }
    }
}
