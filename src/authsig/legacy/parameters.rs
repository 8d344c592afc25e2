//! The parameters of a URL as the original server saw them, and the text that it signed for them.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::ambiguity::{self, Names, Text};
use super::rack;
use crate::authsig::error::LegacyError;
use crate::authsig::query::Pair;
use crate::authsig::reserved;
use crate::authsig::verified::DEFAULT_SERVICE;

/// The parameters, apart from the login, on which all readings of the text have to agree.
const AGREE: [&str; 3] = ["service", "time", "expires_at"];

/// The parameters of a URL, without `signature`.
#[derive(Clone)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads the pairs of a query that version 2 accepts, too.
    pub(super) fn read(
        pairs: &[Pair<'_>],
        only_names: Option<&Names>,
    ) -> Result<Self, LegacyError> {
        if pairs.iter().any(|pair| reserved::base(&pair.name) == "default") {
            return Err(LegacyError::Default);
        }
        let unsigned: Vec<_> =
            pairs.iter().filter(|pair| pair.name != "signature").cloned().collect();
        let parameters = Self(rack::read(&unsigned)?);
        if parameters.get("login").is_none() {
            return Err(LegacyError::MissingLogin);
        }
        if let Some(names) = only_names {
            parameters.0.iter().try_for_each(|(name, value)| names.check(name, value))?;
        }
        // Without the secret: before a signature is verified, nothing may depend on it.
        ambiguity::check_colons(&parameters.text(b""))?;
        Ok(parameters)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(super) fn login(&self) -> &str {
        self.get("login").unwrap_or_default()
    }

    pub(super) fn service(&self) -> &str {
        self.get("service").unwrap_or(DEFAULT_SERVICE)
    }

    /// Returns the text that is signed: `name:value` of each parameter, the secret among them, sorted by name.
    pub(super) fn text(&self, secret: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut values: BTreeMap<&str, &[u8]> =
            self.0.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
        values.insert("secret", secret);
        // At once in its full length, so that no copy of the secret is left behind.
        let len = values.iter().map(|(name, value)| name.len() + 1 + value.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(len));
        for (name, value) in values {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value);
        }
        text
    }

    /// Returns the signed text together with what the URL says, on which all readings have to agree.
    pub(super) fn claims<'t>(
        &'t self,
        bytes: &'t [u8],
        secret: &'t [u8],
        with_fudge: bool,
    ) -> Text<'t> {
        let fudge = with_fudge.then_some("time_fudge");
        let others = AGREE.into_iter().chain(fudge);
        Text {
            bytes,
            secret,
            login: self.login().as_bytes(),
            others: others.map(|name| (name, self.get(name).map(str::as_bytes))).collect(),
        }
    }
}
