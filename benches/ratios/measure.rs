//! Pairs of timings, taken in turn, so that what slows the machine slows both.

use std::time::{Duration, Instant};

/// How long each of the two runs at a time.
const SLICE: Duration = Duration::from_millis(8);
const ROUNDS: usize = 61;

/// A row of the table.
pub struct Row {
    pub name: &'static str,
    pub floor: &'static str,
    pub ours: f64,
    pub base: f64,
    pub ratio: f64,
    pub target: f64,
    /// The ratio has to be at least the target, rather than at most.
    pub at_least: bool,
    /// What `ours` and `base` are counted in.
    pub unit: &'static str,
}

impl Row {
    pub fn print_header() {
        println!(
            "{:<52} {:>12} {:>12} {:>8} {:>8}  floor",
            "row", "ours", "floor", "ratio", "target"
        );
    }

    /// Says whether the target was met.
    pub fn print(&self) -> bool {
        let met = if self.at_least { self.ratio >= self.target } else { self.ratio <= self.target };
        let verdict = if met { "" } else { "  MISSED" };
        let target = match (self.target.is_finite(), self.at_least) {
            (false, _) => "–".to_owned(),
            (true, false) => format!("≤ {}", self.target),
            (true, true) => format!("≥ {}", self.target),
        };
        println!(
            "{:<52} {:>12} {:>12} {:>8.2} {:>8}  {}{verdict}",
            self.name,
            format!("{:.2} {}", self.ours, self.unit),
            format!("{:.2} {}", self.base, self.unit),
            self.ratio,
            target,
            self.floor,
        );
        met
    }
}

/// Microseconds per call of each, and the median of the ratios of neighbouring slices.
pub fn compare(
    name: &'static str,
    floor: &'static str,
    target: f64,
    mut ours: impl FnMut(),
    base: impl FnMut(),
) -> Row {
    compare_with(name, floor, target, || (), |()| ours(), base)
}

/// The same, where each call of ours uses something up, which is made before the clock runs.
pub fn compare_with<I>(
    name: &'static str,
    floor: &'static str,
    target: f64,
    mut make: impl FnMut() -> I,
    mut ours: impl FnMut(I),
    mut base: impl FnMut(),
) -> Row {
    let calls = calls_per_slice(&mut || ours(make()));
    let base_calls = calls_per_slice(&mut base);
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| {
            let inputs: Vec<I> = (0..calls).map(|_| make()).collect();
            (
                time(calls, inputs.into_iter(), &mut ours),
                time(base_calls, 0..base_calls, |_| base()),
            )
        })
        .collect();
    let ratio = median(rounds.iter().map(|(ours, base)| ours / base).collect());
    let ours = median(rounds.iter().map(|(ours, _)| *ours).collect());
    let base = median(rounds.iter().map(|(_, base)| *base).collect());
    Row { name, floor, ours, base, ratio, target, at_least: false, unit: "µs" }
}

/// For what takes longer than a slice.
pub fn compare_slow(
    name: &'static str,
    floor: &'static str,
    target: f64,
    mut ours: impl FnMut(),
    mut base: impl FnMut(),
) -> Row {
    let rounds: Vec<(f64, f64)> =
        (0..ROUNDS).map(|_| (time(1, 0..1, |_| ours()), time(1, 0..1, |_| base()))).collect();
    let ratio = median(rounds.iter().map(|(ours, base)| ours / base).collect());
    let ours = median(rounds.iter().map(|(ours, _)| *ours).collect());
    let base = median(rounds.iter().map(|(_, base)| *base).collect());
    Row { name, floor, ours, base, ratio, target, at_least: false, unit: "µs" }
}

fn calls_per_slice(call: &mut impl FnMut()) -> u32 {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < SLICE {
        call();
        calls += 1;
    }
    calls
}

/// Microseconds per call.
fn time<I>(calls: u32, inputs: impl Iterator<Item = I>, mut call: impl FnMut(I)) -> f64 {
    let start = Instant::now();
    inputs.for_each(&mut call);
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
