//! CPU per request, of the daemon to that of bare hyper: `/ticket` that opens a form, and a filled
//! form that becomes a ticket with its post.

use serde_json::json;
use ticketd::sandbox::Mattermost;

use crate::{
    call, figure, load,
    measure::{Cpu, median},
    stand::Stand,
};

const ROUNDS: usize = 9;
/// In each round.
const OPENS: usize = 1_000;
const SUBMITS: usize = 400;
/// Forms that are sent in at the same time: each waits for its post.
const SENDERS: usize = 32;
/// Connections of those who only ask.
const CONNECTIONS: usize = 8;
/// Of bare hyper in each round, which is far quicker than a tick.
const BARE: usize = 8_000;

pub(crate) async fn figures(daemon: &Stand, mattermost: &Mattermost) -> anyhow::Result<()> {
    let answer = r#"{"response_type":"ephemeral","text":"","skip_slack_parsing":true}"#.len();
    let bare = Stand::spawn(&["bare", &answer.to_string()])?;
    let ask = load::slash(mattermost, "alice")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let before = Cpu::of(daemon.pid())?;
        load::open(daemon.address, mattermost, OPENS).await?;
        ours.push(Cpu::of(daemon.pid())?.since(&before) / OPENS as f64);
        theirs.push(bare_us(&bare, &ask).await?);
    }
    let form = mattermost.dialogs().pop().map(|form| form.dialog);
    let call = call::figures(mattermost, &json!({"url": "http://x/", "dialog": form})).await?;
    // The first round is for warming up.
    let (open, without) =
        (ratio(&ours[1..], &theirs[1..], 0.0), ratio(&ours[1..], &theirs[1..], call));
    figure("ticket_open_cpu_ratio", open);
    figure("ticket_open_cpu_ratio_without_call", without);
    figure("ticket_open_us_cpu", median(&ours[1..]));
    figure("bare_us_cpu", median(&theirs[1..]));
    figure("bare_call_us_cpu", call);

    let bare = Stand::spawn(&["bare", "2"])?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        load::open(daemon.address, mattermost, SUBMITS).await?;
        let forms = mattermost.dialogs();
        let asks = forms[forms.len() - SUBMITS..].iter().map(load::filled);
        let asks: Vec<_> = asks.collect::<Result<_, _>>()?;
        let ask = asks[0].clone();
        let before = Cpu::of(daemon.pid())?;
        load::send(daemon.address, asks, SENDERS, Some("{}")).await?;
        ours.push(Cpu::of(daemon.pid())?.since(&before) / SUBMITS as f64);
        theirs.push(bare_us(&bare, &ask).await?);
    }
    figure("ticket_submit_cpu_ratio", ratio(&ours[1..], &theirs[1..], 0.0));
    figure("ticket_submit_us_cpu", median(&ours[1..]));
    Ok(())
}

async fn bare_us(bare: &Stand, ask: &load::Ask) -> anyhow::Result<f64> {
    let before = Cpu::of(bare.pid())?;
    load::send(bare.address, vec![ask.clone(); BARE], CONNECTIONS, None).await?;
    Ok(Cpu::of(bare.pid())?.since(&before) / BARE as f64)
}

/// The median of the rounds' own ratios: neighbours in time share the machine's mood.
fn ratio(ours: &[f64], theirs: &[f64], less: f64) -> f64 {
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| (ours - less) / theirs);
    median(&ratios.collect::<Vec<_>>())
}
