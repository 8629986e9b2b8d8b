//! Durable means durable: the store's acknowledgements held against its system calls.
//!
//! A copy of this test binary runs a workload of logins under `strace` and says `acked` on its
//! output after each barrier. The trace shows when each row reached the disk, and the disk can be
//! rebuilt from it as a power cut at any moment might have left it. Without `strace`, or where
//! tracing is forbidden, the tests say so and prove nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first fault and says what it measured"
)]

mod disk;
mod trace;
mod workload;

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use ticketd::store::Store;

use disk::{Disk, Syncs};
use trace::{Call, Trace};
use workload::{Op, user};

/// How many power cuts are tried, if they fit into the time.
const CUTS: usize = 220;
const TIME: Duration = Duration::from_mins(2);

/// The one trace that all tests read; `None` where it cannot be made.
fn traced() -> Option<&'static Trace> {
    static TRACE: OnceLock<Option<Trace>> = OnceLock::new();
    TRACE.get_or_init(trace::record).as_ref()
}

/// Not a test but the traced process: the tests start it again with a directory to work in.
#[test]
fn workload() {
    if let Some(path) = std::env::var_os(workload::ENV) {
        workload::run(Path::new(&path));
    }
}

#[test]
fn each_acknowledgement_comes_after_a_sync_that_began_after_its_write() {
    let Some(trace) = traced() else { return };
    let db = trace.inode("db");
    let syncs: Vec<_> = trace
        .calls
        .iter()
        .filter(|call| matches!(call.what, Call::Sync { inode, data: true } if inode == db))
        .collect();
    let (mut acks, mut rows) = (0, 0);
    for ack in trace.says("acked ") {
        let begun = trace.says("begin ").find(|begin| begin.op == ack.op).expect("it began");
        let written = match ack.op.expected() {
            // The first row of its user: the first write that holds the id is the row's.
            Some(_) if ack.op.is_first_of_its_user() => {
                let id = user(ack.op).to_string();
                let tail = &id.as_bytes()[id.len() - 10..];
                rows += 1;
                trace
                    .calls
                    .iter()
                    .filter(|call| call.start > begun.at)
                    .find(|call| match &call.what {
                        Call::Write { inode, data, .. } if *inode == db => {
                            data.windows(tail.len()).any(|part| part == tail)
                        }
                        _ => false,
                    })
                    .expect("the row was written")
                    .end
            }
            _ => begun.at,
        };
        let proven = syncs.iter().any(|sync| sync.start > written && sync.end < ack.at);
        assert!(proven, "{:?} was acknowledged before it was on disk", ack.op);
        acks += 1;
    }
    assert_eq!(acks, workload::OPS);
    println!("{acks} acknowledgements, {rows} rows found, {} syncs of the log", syncs.len());
    assert!(rows > acks / 3);
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let Some(trace) = traced() else { return };
    let seed: u64 = std::env::var("SEED").map_or(7, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let (cuts, losses) = cut(trace, Syncs::All, seed, CUTS, TIME);
    for loss in losses.iter().take(5) {
        println!("{loss}");
    }
    println!("{cuts} power cuts, {} with losses", losses.len());
    assert!(losses.is_empty(), "{} of {cuts} power cuts lost something", losses.len());
    assert!(cuts >= 150, "only {cuts} cuts in the time");
}

#[test]
fn the_same_cuts_find_the_losses_of_an_engine_that_only_flushes() {
    let Some(trace) = traced() else { return };
    // The engine's own `fsync`s count, the barrier's `fdatasync` does not.
    let (cuts, losses) = cut(trace, Syncs::WithoutBarrier, 7, 40, TIME);
    println!("without the barrier: {cuts} power cuts, {} with losses", losses.len());
    assert!(losses.len() * 3 > cuts, "the test has no teeth: {} of {cuts}", losses.len());
}

/// Cuts the power at up to `wanted` moments; returns how many were tried and what was lost.
fn cut(
    trace: &Trace,
    syncs: Syncs,
    seed: u64,
    wanted: usize,
    time: Duration,
) -> (usize, Vec<String>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let first = trace.says("begin ").next().expect("there is work").at;
    let last = trace.calls.last().expect("there are calls").end;
    let openings: Vec<_> = trace.openings().filter(|at| (first..last).contains(at)).collect();
    let disk = Disk::new(trace, syncs);
    let until = Instant::now() + time;
    let mut losses = Vec::new();
    for round in 0..wanted {
        if Instant::now() > until {
            return (round, losses);
        }
        let below = |random: &mut TestRng, n| usize::try_from(random.next_u64()).unwrap() % n;
        // A fourth of them while the store is being opened: short moments with much to lose.
        let at = match openings.as_slice() {
            openings @ [_, ..] if round % 4 == 0 => {
                openings[below(&mut random, openings.len())] + below(&mut random, 40)
            }
            _ => first + below(&mut random, last - first),
        };
        let dir = tempfile::tempdir().unwrap();
        let image = dir.path().join("store");
        disk.image(at, &mut random, &image);
        if let Err(loss) = check(trace, at, &image) {
            losses.push(format!("cut {round} at {at}: {loss}"));
        }
    }
    (wanted, losses)
}

/// Opens an image and holds it against what was acknowledged before the cut.
fn check(trace: &Trace, at: usize, image: &Path) -> Result<(), String> {
    let store = Store::open(image, workload::new_keys()).map_err(|fault| fault.to_string())?;
    for task in 0..workload::TASKS {
        let of_task = |what: &'static str| {
            trace.says(what).filter(move |said| said.at < at && said.op.task == task)
        };
        let acked: Vec<Op> = of_task("acked ").map(|said| said.op).collect();
        let begun: Vec<Op> = of_task("begin ").map(|said| said.op).collect();
        assert!(begun.len() - acked.len() <= 1, "each task works in order");
        let in_flight = begun.get(acked.len());
        for op in begun.iter().filter(|op| op.transacts()) {
            let rows =
                workload::transacted(store.desk(), *op).map_err(|fault| fault.to_string())?;
            let acked = acked.contains(op);
            if rows != 3 && (acked || rows != 0) {
                return Err(format!("{op:?}: {rows} of 3 rows of a transaction, acked: {acked}"));
            }
        }
        for first in workload::ops_of(task).filter(|op| op.is_first_of_its_user()) {
            let id = user(first);
            let of_user = |op: &&Op| user(**op) == id;
            let mut allowed = vec![acked.iter().rev().find(of_user).and_then(Op::expected)];
            allowed.extend(in_flight.filter(of_user).map(Op::expected));
            let found = store.logins().of(&id).map_err(|fault| fault.to_string())?;
            let found = found.as_ref().map(workload::seen);
            if !allowed.contains(&found) {
                return Err(format!("{id}: {found:?} in place of {allowed:?}"));
            }
        }
    }
    Ok(())
}
