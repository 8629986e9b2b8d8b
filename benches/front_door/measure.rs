//! What the kernel knows of a process, and what many samples come down to.

use std::{collections::HashMap, fs};

use anyhow::Context;

/// CPU that each thread of a process has used so far, in nanoseconds.
pub(crate) struct Cpu(HashMap<String, u64>);

impl Cpu {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let path = entry?.path();
            // A thread that ends in this very moment has done its work before.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            let used = text.split(' ').next().context("no CPU time")?.parse()?;
            threads.insert(path.to_string_lossy().into_owned(), used);
        }
        Ok(Self(threads))
    }

    /// CPU used from then to now, in microseconds.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52 nanoseconds")]
    pub(crate) fn since(&self, then: &Self) -> f64 {
        let nanoseconds: u64 = self
            .0
            .iter()
            .map(|(thread, used)| used - then.0.get(thread).copied().unwrap_or_default())
            .sum();
        nanoseconds as f64 / 1e3
    }
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line.context("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// The sample that `percent` of all are not above.
pub(crate) fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// The middle sample.
pub(crate) fn median(samples: &[f64]) -> f64 {
    percentile(samples, 50)
}
