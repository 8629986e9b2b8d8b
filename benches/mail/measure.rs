//! What the kernel knows of a process, and what many samples come down to.

use std::fs;

use anyhow::Context;

/// The kernel's ticks in a second, for every program.
const TICKS: f64 = 100.0;

/// CPU that a process has used so far, ended threads too, in milliseconds.
pub(crate) fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before the bracket may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("no stat")?;
    let ticks =
        |field: Option<&str>| -> anyhow::Result<f64> { Ok(field.context("no CPU time")?.parse()?) };
    let mut fields = fields.split(' ').skip(11);
    Ok((ticks(fields.next())? + ticks(fields.next())?) * 1e3 / TICKS)
}

/// Resident memory of a process now, in MiB.
pub(crate) fn resident(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmRSS:")
}

/// The most that it ever was, in MiB.
pub(crate) fn highest(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmHWM:")
}

fn status(pid: u32, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes: f64 = line.context("no such line")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// The sample that `percent` of all are not above.
pub(crate) fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}
