//! CPU of the shortest answer, to a caller with a token, beside that of bare hyper.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Empty};
use tokio::task::JoinSet;

use crate::{
    figure,
    load::{Caller, to},
    measure::{Cpu, median},
    stand::Stand,
};

const ROUNDS: usize = 9;
/// In each round.
const REQUESTS: usize = 8_000;
const CONNECTIONS: usize = 8;

pub(crate) async fn figures(daemon: &Stand, token: &str) -> anyhow::Result<()> {
    let bare = Stand::spawn(&["bare", "2"])?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        ours.push(cpu_us(daemon, token).await?);
        theirs.push(cpu_us(&bare, token).await?);
    }
    // The first round is for warming up; neighbours in time share the machine's mood.
    let ratios = ours.iter().zip(&theirs).skip(1).map(|(ours, theirs)| ours / theirs);
    figure("categories_cpu_ratio", median(&ratios.collect::<Vec<_>>()));
    figure("categories_us_cpu", median(&ours[1..]));
    figure("bare_us_cpu", median(&theirs[1..]));
    Ok(())
}

async fn cpu_us(stand: &Stand, token: &str) -> anyhow::Result<f64> {
    let before = Cpu::of(stand.pid())?;
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (address, token) = (stand.address, token.to_owned());
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await?;
            for _ in 0..REQUESTS / CONNECTIONS {
                let nothing = Empty::<Bytes>::new().map_err(|never| match never {});
                let request = to("GET", "supported-categories", &token);
                let request = request.body(nothing.boxed_unsync())?;
                caller.ask(request, &[StatusCode::OK]).await?;
            }
            anyhow::Ok(())
        });
    }
    callers.join_all().await.into_iter().collect::<anyhow::Result<()>>()?;
    Ok(Cpu::of(stand.pid())?.since(&before) / REQUESTS as f64)
}
