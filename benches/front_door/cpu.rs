//! CPU per request, of the daemon to that of bare hyper: `/redmine help` goes the whole way
//! through the door (token, user, language, pace, command, sentence), `/health` the shortest.

use std::slice;

use ticketd::sandbox::Mattermost;

use crate::{
    client::{self, Ask, Connection},
    figure,
    measure::{Cpu, median},
    stand::Stand,
};

const CONNECTIONS: usize = 8;
const ROUNDS: usize = 15;
/// By each connection in each round.
const REQUESTS: usize = 2_000;

/// What one server did in each round.
#[derive(Default)]
struct Samples {
    cpu_us: Vec<f64>,
    rps: Vec<f64>,
}

pub(crate) async fn figures(daemon: &Stand, mattermost: &Mattermost) -> anyhow::Result<()> {
    let mut first = Connection::open(daemon.address).await?;
    // Four, because the pace of one is limited.
    let help: Vec<Ask> = ["alice", "bob", "carol", "ticketd"]
        .iter()
        .map(|user| client::slash(mattermost, user, "help"))
        .collect::<Result<_, _>>()?;
    let size = first.ask(&help[0]).await?.len();
    let bare = Stand::spawn(&["bare", &size.to_string()])?;

    let (ours, theirs) = compare(daemon, &bare, &help, size).await?;
    figure("slash_help_cpu_ratio", ratio(&ours.cpu_us, &theirs.cpu_us));
    figure("slash_help_us_cpu", median(&ours.cpu_us));
    figure("bare_help_us_cpu", median(&theirs.cpu_us));
    figure("slash_help_rps", median(&ours.rps));
    figure("bare_rps", median(&theirs.rps));

    let health = client::get("/health")?;
    // The first has been silent for longer than the door allows.
    let size = Connection::open(daemon.address).await?.ask(&health).await?.len();
    let (ours, theirs) = compare(daemon, &bare, slice::from_ref(&health), size).await?;
    figure("health_cpu_ratio", ratio(&ours.cpu_us, &theirs.cpu_us));
    figure("health_us_cpu", median(&ours.cpu_us));
    figure("bare_health_us_cpu", median(&theirs.cpu_us));
    Ok(())
}

/// Turn and turn about, after a round for warming up.
async fn compare(
    daemon: &Stand,
    bare: &Stand,
    asks: &[Ask],
    size: usize,
) -> anyhow::Result<(Samples, Samples)> {
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for server in [daemon, bare] {
        round(server, asks, size, &mut Samples::default()).await?;
    }
    for _ in 0..ROUNDS {
        round(daemon, asks, size, &mut ours).await?;
        round(bare, asks, size, &mut theirs).await?;
    }
    Ok((ours, theirs))
}

#[allow(clippy::cast_precision_loss, reason = "some thousands")]
async fn round(
    server: &Stand,
    asks: &[Ask],
    size: usize,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let before = Cpu::of(server.pid())?;
    let lists = vec![asks.to_vec(); CONNECTIONS];
    let took = client::load(server.address, lists, REQUESTS, Some(size)).await?;
    let requests = (CONNECTIONS * REQUESTS) as f64;
    samples.cpu_us.push(Cpu::of(server.pid())?.since(&before) / requests);
    samples.rps.push(requests / took.as_secs_f64());
    Ok(())
}

/// The median of the rounds' own ratios: neighbours in time share the machine's mood.
fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
}
