//! The memory, the tasks and the open files of this process, and whether they level off.

use std::cell::Cell;
use std::fmt;
use std::fs;

/// The most of everything, in the first half and in the second.
#[derive(Default)]
pub(crate) struct Gauges {
    kilobytes: [Cell<usize>; 2],
    tasks: [Cell<usize>; 2],
    files: [Cell<usize>; 2],
}

impl Gauges {
    pub(crate) fn read(&self, half: usize, tasks: usize) {
        let half = half.min(1);
        // Of Linux alone. Elsewhere tasks have to do.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.map_or(0, |line| {
            line.trim().trim_end_matches(" kB").parse().expect("a number of kilobytes")
        });
        let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        for (cell, value) in
            [(&self.kilobytes, kilobytes), (&self.tasks, tasks), (&self.files, files)]
        {
            cell[half].set(cell[half].get().max(value));
        }
    }

    /// The second half takes little more than the first.
    pub(crate) fn check(&self, name: &str) {
        let check = |[first, second]: &[Cell<usize>; 2], slack: usize| {
            let (first, second) = (first.get(), second.get());
            assert!(second <= first + first / 4 + slack, "{name}: {first}, then {second}");
        };
        check(&self.kilobytes, 8 * 1024);
        check(&self.tasks, 64);
        check(&self.files, 128);
    }
}

impl fmt::Display for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [[m, n], [t, u], [a, b]] = [&self.kilobytes, &self.tasks, &self.files]
            .map(|cells| [cells[0].get(), cells[1].get()]);
        write!(f, "{m}, then {n} kB; {t}, then {u} tasks; {a}, then {b} files")
    }
}
