//! The settings that signer and verifier share beside the key, and the text that is signed.

use super::error::{ConfigProblem, shown};
use super::keys::Secrets;
use super::query::{self, Pair};
use super::reserved::Ignored;
use super::url::PublicUrl;
use crate::clock::Clock;

/// The purpose of identities, which no link has.
pub(super) const IDENTITY_PURPOSE: &str = "authsig";

/// The settings that both builders have.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) secrets: Secrets,
    pub(super) purpose: Option<String>,
    /// Set for identities alone.
    pub(super) is_identity: bool,
    pub(super) public_url: Option<String>,
    pub(super) ignored: Ignored,
    pub(super) clock: Clock,
}

impl Settings {
    /// The scope, and what is wrong with it.
    pub(super) fn scope(&self, problems: &mut Vec<ConfigProblem>) -> Scope {
        let purpose = match self.purpose.as_deref() {
            Some("") => {
                problems.push(ConfigProblem::EmptyPurpose);
                ""
            }
            Some(IDENTITY_PURPOSE) => {
                problems.push(ConfigProblem::ReservedPurpose);
                ""
            }
            _ if self.is_identity => IDENTITY_PURPOSE,
            purpose => purpose.unwrap_or_default(),
        };
        let public_url = self.public_url.as_deref().map(PublicUrl::parse).transpose();
        let public_url = public_url.unwrap_or_else(|problem| {
            problems.push(ConfigProblem::PublicUrl(problem));
            None
        });
        let unusable = self.ignored.unusable().map(|name| ConfigProblem::IgnoredName(shown(name)));
        problems.extend(unusable);
        Scope {
            purpose: query::encoded(purpose),
            public_url,
            ignored: self.ignored.clone(),
            clock: self.clock.clone(),
        }
    }
}

/// The settings that a signature depends on.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Percent-encoded.
    purpose: String,
    pub(super) public_url: Option<PublicUrl>,
    ignored: Ignored,
    pub(super) clock: Clock,
}

impl Scope {
    /// Returns the scope with another clock.
    pub(super) fn with_clock(&self, clock: Clock) -> Self {
        Self { clock, ..self.clone() }
    }

    /// Returns whether a signature covers the parameter.
    pub(super) fn covers(&self, pair: &Pair<'_>) -> bool {
        pair.name != "signature" && !self.ignored.contains(&pair.name)
    }

    #[cfg(feature = "axum")]
    pub(super) fn has_purpose(&self) -> bool {
        !self.purpose.is_empty()
    }

    /// Writes the text that is signed for these parameters, in their order.
    pub(super) fn text(&self, domain: &str, address: [&str; 2], pairs: &[Pair<'_>]) -> String {
        let [base, path] = address;
        let pairs_len: usize =
            pairs.iter().map(|pair| pair.name.len() + pair.value().len() + 2).sum();
        let head_len = domain.len() + self.purpose.len() + base.len() + path.len() + 3;
        let mut text = String::with_capacity(head_len + pairs_len + pairs_len / 4);
        for part in [domain, "\n", &self.purpose, "\n", base, path, "\n"] {
            text.push_str(part);
        }
        let mut is_first = true;
        for pair in pairs.iter().filter(|pair| self.covers(pair)) {
            if !is_first {
                text.push('&');
            }
            is_first = false;
            pair.write_into(&mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::authsig::{Signer, UrlError, Verifier, VerifyError};

    const SECRET: &str = "at least sixteen bytes";
    const BASE: &str = "https://id.example/verify";

    #[test]
    fn no_link_is_an_identity_nor_the_other_way_round() {
        let signing = Signer::builder().secret(SECRET).public_url(BASE);
        let verifying = Verifier::builder().secret(SECRET).public_url(BASE);
        let link = signing.clone().build().unwrap().sign_url("/verified?login=a").unwrap();
        let identity = signing.identities().build().unwrap().sign_url("/verified?login=a").unwrap();
        let links = verifying.clone().build().unwrap();
        let identities = verifying.identities().build().unwrap();
        assert!(links.verify_url(&link).is_ok());
        assert!(identities.verify_at(&identity, "/verified").is_ok());
        assert_eq!(links.verify_url(&identity).unwrap_err(), VerifyError::Mismatch);
        assert_eq!(identities.verify_at(&link, "/verified").unwrap_err(), VerifyError::Mismatch);
    }

    #[test]
    fn an_identity_is_at_one_address() {
        let signer =
            Signer::builder().secret(SECRET).public_url(BASE).identities().build().unwrap();
        let verifier = Verifier::builder().secret(SECRET).public_url(BASE).identities();
        let verifier = verifier.build().unwrap();
        for path in ["/", "/verified/", "/Verified", "/other"] {
            let elsewhere = signer.sign_url(&format!("{path}?login=a")).unwrap();
            assert_eq!(
                verifier.verify_at(&elsewhere, "/verified").unwrap_err(),
                VerifyError::Url(UrlError::Mismatch)
            );
        }
        let url = signer.sign_url("/verified?login=a").unwrap();
        let path = url.strip_prefix(BASE).unwrap();
        assert!(verifier.verify_at(path, "/verified").is_ok());
    }
}
