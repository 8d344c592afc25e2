//! What a signer and a verifier have to agree on, and the text that is signed.

use super::error::Error;
use super::keys::Keys;
use super::location::{Parts, Target};
use super::names::{self, Ignored};
use super::query::{self, Pair};
use super::time::Clock;

/// Domain of the text, so that no other use of the secret shares it.
const DOMAIN: &str = "authsig-v2";

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) keys: Keys,
    /// Percent-encoded.
    purpose: String,
    target: Option<Result<Target, Error>>,
    pub(super) ignored: Ignored,
    pub(super) clock: Clock,
}

impl Settings {
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            keys,
            purpose: String::new(),
            target: None,
            ignored: Ignored::default(),
            clock: Clock::default(),
        }
    }

    pub(super) fn set_purpose(&mut self, purpose: &str) {
        self.purpose.clear();
        query::encode_into(&mut self.purpose, purpose);
    }

    pub(super) fn bind_to(&mut self, url: &str) {
        self.target = Some(Target::new(url));
    }

    /// Refuses everything if anything was set up wrongly.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.keys.check()?;
        self.target()?;
        self.ignored.check()
    }

    fn target(&self) -> Result<Option<&Target>, Error> {
        self.target.as_ref().map(|target| target.as_ref().map_err(Clone::clone)).transpose()
    }

    /// The path of the URL bound to.
    #[cfg(feature = "axum")]
    pub(super) fn bound_path(&self) -> Option<&str> {
        self.target().ok().flatten().map(Target::path)
    }

    /// Refuses a URL that is not where signatures are bound to.
    pub(super) fn check_location(&self, parts: &Parts<'_>) -> Result<(), Error> {
        self.target()?.map_or(Ok(()), |target| target.check(parts))
    }

    /// Reads a query and refuses what neither a signer nor a verifier takes.
    pub(super) fn read<'q>(&self, query: &'q str) -> Result<Vec<Pair<'q>>, Error> {
        self.check()?;
        let pairs = query::parse(query)?;
        names::check(&pairs)?;
        Ok(pairs)
    }

    /// Leaves only the pairs that a signature covers, in the order of the query.
    pub(super) fn retain_signed(&self, pairs: &mut Vec<Pair<'_>>) {
        pairs.retain(|pair| pair.name != "signature");
        if !self.ignored.is_empty() {
            pairs.retain(|pair| !self.ignored.contains(&pair.name));
        }
    }

    /// The text that is signed for these pairs.
    pub(super) fn text(&self, signed: &[Pair<'_>]) -> Result<String, Error> {
        let mut sorted: Vec<_> = signed.iter().map(|pair| (beginning(&pair.name), pair)).collect();
        // Stable, and by bytes: equal names keep the order of the query.
        sorted.sort_by(|(a_begins, a), (b_begins, b)| {
            a_begins.cmp(b_begins).then_with(|| a.name.as_bytes().cmp(b.name.as_bytes()))
        });
        let target = self.target()?.map(Target::as_str).unwrap_or_default();
        let pairs_len: usize =
            sorted.iter().map(|(_, pair)| pair.name.len() + pair.value().len() + 2).sum();
        let mut text = String::with_capacity(
            DOMAIN.len() + self.purpose.len() + target.len() + pairs_len + pairs_len / 4 + 3,
        );
        for part in [DOMAIN, "\n", &self.purpose, "\n", target, "\n"] {
            text.push_str(part);
        }
        for (index, (_, pair)) in sorted.into_iter().enumerate() {
            if index > 0 {
                text.push('&');
            }
            pair.write_into(&mut text);
        }
        Ok(text)
    }
}

/// The first bytes of a name as a number, in the same order as the names: most comparisons end with it.
fn beginning(name: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(bytes)
}

/// The setters that `Signer` and `Verifier` share, documented once.
macro_rules! shared_setters {
    () => {
        /// Signs and verifies for one purpose only: a URL signed for one never verifies for another, nor without.
        ///
        /// A link for one's own use needs a purpose, or a secret that no AuthSig server signs with: such a server
        /// signs whatever parameters it is asked to.
        pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
            self.settings.set_purpose(&purpose.into());
            self
        }

        /// Binds signatures to one URL, up to its path: `https://host/path`.
        ///
        /// The URL comes from the configuration, never from the request, so that it holds behind any proxy. An
        /// absolute URL that is elsewhere is refused; scheme, case of the host and the default port aside nothing
        /// is normalised. User information, query, fragment, characters outside ASCII, `\` and dot segments in it
        /// make every signing and verifying fail.
        pub fn bind_to(mut self, url: impl Into<String>) -> Self {
            self.settings.bind_to(&url.into());
            self
        }

        /// Leaves parameters out, such as those that mailers append: they are neither signed nor returned.
        ///
        /// A name with a meaning of its own (`login`, `service`, `time`, `time_fudge`, `expires_at`, `nonce`,
        /// `signature`, `secret`) can't be ignored: every signing and verifying then fails.
        pub fn ignore(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
            self.settings.ignored.add(names);
            self
        }

        /// Takes the time from elsewhere than the system's clock.
        pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
            self.settings.clock = Clock::new(clock);
            self
        }
    };
}
pub(super) use shared_setters;
