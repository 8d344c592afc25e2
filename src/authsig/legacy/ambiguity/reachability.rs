//! Finds the readings of a text that obey a set of rules, by dynamic programming over the places of special names.
//! [`strict`](super::strict) says which names are special and why this is enough.
//!
//! # Worked example
//!
//! The secret is `s3` and the URL says `login=bob&m=1`:
//!
//! ```text
//! login:bobm:1secret:s3
//! 0     6  9  12     19
//! ```
//!
//! Each special name is a [`Row`], and each of its places a [`Node`]: `login` has a node that starts at 0, with a
//! value from 6 on, and `secret` one that starts at 12, with a value from 19 on. The other special names (`service`
//! and so on) have none. `login` may have any value, `secret` exactly `s3`; both are required.
//!
//! *Backward*, from the last row to the first: which nodes are good, since a reading can end with them?
//!
//! - `secret`: its value ends at 21, the end of the text, and nothing is required after it. It is good.
//! - `login`: its value may end where something can follow ([`completes`](Reachability::completes)). At 12 the good
//!   node of `secret` starts. At 9 a generic name `m` begins, and at 7 one `obm`: both lie between `login` and
//!   `secret`, and their colon at 10 leaves room for `secret` at 12. A name that begins anywhere else comes before
//!   `login`, as `bobm` at 6 and `bm` at 8 do. So `login` is good, and its value ends at 7, 9 or 12.
//!
//! *Forward*, from the first row to the last: which nodes are reached, since a reading can begin with what stands
//! before them?
//!
//! - `login` starts at 0, where every reading begins. It is reached.
//! - `secret` starts at 12, and a value of `login` may end anywhere from 6 on. It is reached.
//!
//! A node that is both good and reached is in a reading. So `login` is `b`, `bob` or `bobm:1`, and the URL proves nobody's login.

/// The allowed values of a special name.
#[derive(Clone, Copy)]
pub(super) enum Rule<'t> {
    /// Any value.
    Any,
    /// This value only.
    Exactly(&'t [u8]),
    /// None: the name must not be in the reading at all.
    Absent,
}

/// A name that matters, and what a reading may do with it.
pub(super) struct Special<'t> {
    pub(super) name: &'t [u8],
    pub(super) rule: Rule<'t>,
    /// Set if every reading must have it.
    pub(super) is_required: bool,
}

/// A place where a special name stands.
struct Node {
    /// The position of the name.
    start: usize,
    /// The position of the value.
    value: usize,
    /// Set if a reading can begin with the text before it.
    is_reached: bool,
    /// Set if a reading can end with it and the text after it.
    is_good: bool,
}

/// A special name with its places.
struct Row<'t> {
    special: Special<'t>,
    nodes: Vec<Node>,
    /// The next row that a reading can't do without; `None` if it may end here.
    required_next: Option<usize>,
    last_good_start: Option<usize>,
    /// The positions at which values of reached nodes may end.
    ends: Ends,
}

#[derive(Default)]
struct Ends {
    /// Anywhere from here on, where any value will do.
    from: Option<usize>,
    /// At these bytes, ascending, each with the colon of the generic name that may begin there.
    at: Vec<(usize, Option<usize>)>,
}

/// The readings that obey a set of rules.
pub(super) struct Reachability<'t, 'c> {
    text: &'t [u8],
    next_colon: &'c [Option<usize>],
    rows: Vec<Row<'t>>,
    first_required: Option<usize>,
}

impl<'t, 'c> Reachability<'t, 'c> {
    pub(super) fn new(
        text: &'t [u8],
        next_colon: &'c [Option<usize>],
        specials: Vec<Special<'t>>,
    ) -> Self {
        let mut this = Self { text, next_colon, rows: Vec::new(), first_required: None };
        for special in specials {
            let nodes = this.places(&special);
            let (required_next, last_good_start, ends) = (None, None, Ends::default());
            this.rows.push(Row { special, nodes, required_next, last_good_start, ends });
        }
        let mut required_next = None;
        for (index, row) in this.rows.iter_mut().enumerate().rev() {
            row.required_next = required_next;
            if row.special.is_required {
                required_next = Some(index);
            }
        }
        this.first_required = required_next;
        this.go_backward();
        this.go_forward();
        this
    }

    fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    fn places(&self, special: &Special<'t>) -> Vec<Node> {
        if matches!(special.rule, Rule::Absent) {
            return Vec::new();
        }
        let mut nodes = Vec::new();
        let mut from = 0;
        while let Some(colon) = self.next_colon.get(from).copied().flatten() {
            if self.slice(0, colon).ends_with(special.name) {
                let start = colon - special.name.len();
                nodes.push(Node { start, value: colon + 1, is_reached: false, is_good: false });
            }
            from = colon + 1;
        }
        nodes
    }

    /// Returns the end of the value that begins at `from`, if it is `value`.
    fn end_of(&self, from: usize, value: &[u8]) -> Option<usize> {
        self.text.get(from..)?.starts_with(value).then_some(from + value.len())
    }

    /// The colon of the generic name that begins at a byte, follows a row and leaves most room.
    fn generic(&self, after: Option<&Row<'_>>, begin: usize) -> Option<usize> {
        let rest = self.text.get(begin..)?;
        let shortest = match after {
            None => 0,
            Some(row) => {
                let name = row.special.name;
                let same = rest.iter().zip(name).take_while(|(a, b)| a == b).count();
                match (rest.get(same), name.get(same)) {
                    (Some(own), Some(other)) if own < other => return None,
                    _ => same + 1,
                }
            }
        };
        let mut from = begin + shortest;
        loop {
            let colon = self.next_colon.get(from).copied().flatten()?;
            let name = self.slice(begin, colon);
            if self.rows.binary_search_by_key(&name, |row| row.special.name).is_err() {
                return Some(colon);
            }
            from = colon + 1;
        }
    }

    /// The rows that may follow a row (or the beginning) with no required one left out, and whether the end may.
    fn following(&self, after: Option<usize>) -> (&[Row<'t>], bool) {
        let first = after.map_or(0, |after| after + 1);
        let required = match after.and_then(|after| self.rows.get(after)) {
            Some(row) => row.required_next,
            None => self.first_required,
        };
        let last = required.map_or(self.rows.len(), |required| required + 1);
        (self.rows.get(first..last).unwrap_or_default(), required.is_none())
    }

    /// Returns whether a reading can continue at a byte after the pair of a row (or at the beginning).
    fn completes(&self, after: Option<usize>, at: usize) -> bool {
        let (rows, may_end) = self.following(after);
        if at == self.text.len() {
            return may_end && after.is_some();
        }
        let begins = |row: &Row<'_>| {
            let found = row.nodes.binary_search_by_key(&at, |node| node.start).ok();
            found.and_then(|node| row.nodes.get(node)).is_some_and(|node| node.is_good)
        };
        if rows.iter().any(begins) {
            return true;
        }
        let row = after.and_then(|after| self.rows.get(after));
        let Some(colon) = self.generic(row, at) else { return false };
        let name = self.slice(at, colon);
        may_end
            || rows.iter().any(|row| {
                name < row.special.name && row.last_good_start.is_some_and(|start| start > colon)
            })
    }

    /// For each byte whether a reading can go on there after the pair of a row.
    fn completions(&self, row: usize) -> Vec<bool> {
        (0..=self.text.len()).map(|at| self.completes(Some(row), at)).collect()
    }

    fn go_backward(&mut self) {
        for index in (0..self.rows.len()).rev() {
            let Some(row) = self.rows.get(index) else { continue };
            let is_good: Vec<bool> = match row.special.rule {
                Rule::Absent => Vec::new(),
                Rule::Any => {
                    let (rows, may_end) = self.following(Some(index));
                    let last = rows.iter().filter_map(|row| row.last_good_start).max();
                    let is_good =
                        |node: &Node| may_end || last.is_some_and(|last| last >= node.value);
                    row.nodes.iter().map(is_good).collect()
                }
                Rule::Exactly(value) => {
                    let completes = |end| self.completes(Some(index), end);
                    let is_good =
                        |node: &Node| self.end_of(node.value, value).is_some_and(completes);
                    row.nodes.iter().map(is_good).collect()
                }
            };
            let Some(row) = self.rows.get_mut(index) else { continue };
            for (node, is_good) in row.nodes.iter_mut().zip(is_good) {
                node.is_good = is_good;
            }
            row.last_good_start =
                row.nodes.iter().filter(|node| node.is_good).map(|node| node.start).max();
        }
    }

    fn go_forward(&mut self) {
        let first_generic = self.generic(None, 0);
        for index in 0..self.rows.len() {
            let Some(row) = self.rows.get(index) else { continue };
            let name = row.special.name;
            // From where on the row can begin after a generic pair, and after which rows it may come at all.
            let is_first = self.first_required.is_none_or(|required| required >= index);
            let after_first = first_generic
                .filter(|colon| is_first && self.slice(0, *colon) < name)
                .map(|colon| colon + 1);
            let before: Vec<(&Ends, Option<usize>)> = self
                .rows
                .iter()
                .take(index)
                .filter(|before| before.required_next.is_none_or(|required| required >= index))
                .map(|before| (&before.ends, self.reach(&before.ends, name)))
                .collect();
            let is_reached = |node: &Node| {
                let from = |begin: Option<usize>| begin.is_some_and(|begin| begin <= node.start);
                (is_first && node.start == 0)
                    || from(after_first)
                    || before.iter().any(|(ends, reach)| {
                        from(ends.from)
                            || from(*reach)
                            || ends.at.binary_search_by_key(&node.start, |end| end.0).is_ok()
                    })
            };
            let is_reached: Vec<bool> = row.nodes.iter().map(is_reached).collect();
            let Some(row) = self.rows.get_mut(index) else { continue };
            for (node, is_reached) in row.nodes.iter_mut().zip(is_reached) {
                node.is_reached = is_reached;
            }
            let ends = self.rows.get(index).map(|row| self.ends(row)).unwrap_or_default();
            if let Some(row) = self.rows.get_mut(index) {
                row.ends = ends;
            }
        }
    }

    /// From where on a special name can begin after a generic pair that follows these ends.
    fn reach(&self, ends: &Ends, name: &[u8]) -> Option<usize> {
        ends.at
            .iter()
            .filter_map(|&(begin, colon)| {
                let colon = colon?;
                (self.slice(begin, colon) < name).then_some(colon + 1)
            })
            .min()
    }

    /// Returns the positions at which the values of reached nodes may end.
    fn ends(&self, row: &Row<'_>) -> Ends {
        let reached = || row.nodes.iter().filter(|node| node.is_reached);
        let mut ends: Vec<usize> = match row.special.rule {
            Rule::Absent => Vec::new(),
            Rule::Any => {
                return Ends { from: reached().map(|node| node.value).min(), at: Vec::new() };
            }
            Rule::Exactly(value) => {
                reached().filter_map(|node| self.end_of(node.value, value)).collect()
            }
        };
        ends.sort_unstable();
        ends.dedup();
        Ends {
            from: None,
            at: ends.into_iter().map(|end| (end, self.generic(Some(row), end))).collect(),
        }
    }

    /// Returns whether there is any reading.
    pub(super) fn exists(&self) -> bool {
        self.completes(None, 0)
    }

    fn row(&self, name: &[u8]) -> Option<(usize, &Row<'t>)> {
        self.rows.iter().enumerate().find(|(_, row)| row.special.name == name)
    }

    /// Returns whether a reading contains the name.
    pub(super) fn is_reached(&self, name: &[u8]) -> bool {
        self.row(name)
            .is_some_and(|(_, row)| row.nodes.iter().any(|node| node.is_reached && node.is_good))
    }

    /// Returns whether a reading contains the name with another value.
    pub(super) fn has_other_value(&self, name: &[u8], own: &[u8]) -> bool {
        let Some((index, row)) = self.row(name) else { return false };
        let mut reached =
            row.nodes.iter().filter(|node| node.is_reached && node.is_good).peekable();
        if reached.peek().is_none() {
            return false;
        }
        let completions = Completions::new(&self.completions(index));
        reached.any(|node| completions.any(node.value, self.end_of(node.value, own)))
    }

    /// The values that the name has in readings; only whether there is another than `own` if that is enough.
    pub(super) fn values<'s>(
        &'s self,
        name: &[u8],
        own: &'s [u8],
        any_other: bool,
    ) -> Box<dyn Iterator<Item = &'t [u8]> + 's> {
        let Some((index, row)) = self.row(name) else { return Box::new(std::iter::empty()) };
        let completions = self.completions(index);
        let values = row
            .nodes
            .iter()
            .filter(|node| node.is_reached)
            .flat_map(move |node| {
                let ends: Vec<usize> = (node.value..=self.text.len())
                    .filter(|end| completions.get(*end) == Some(&true))
                    .collect();
                ends.into_iter().map(|end| self.slice(node.value, end))
            })
            .filter(move |value| *value != own);
        if any_other { Box::new(values.take(1)) } else { Box::new(values) }
    }
}

/// For each byte, the number of bytes up to it at which a reading can continue.
struct Completions(Vec<usize>);

impl Completions {
    fn new(completions: &[bool]) -> Self {
        let mut count = 0;
        let counts = completions.iter().map(|completes| {
            count += usize::from(*completes);
            count
        });
        Self(counts.collect())
    }

    fn up_to(&self, at: usize) -> usize {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// Returns whether a value that begins at `from` can end at any byte but `except`.
    fn any(&self, from: usize, except: Option<usize>) -> bool {
        let before = from.checked_sub(1).map_or(0, |before| self.up_to(before));
        let all = self.0.last().copied().unwrap_or_default() - before;
        let excepted = except.map_or(0, |at| {
            self.up_to(at) - at.checked_sub(1).map_or(0, |before| self.up_to(before))
        });
        all > excepted
    }
}
