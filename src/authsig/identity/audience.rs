//! The apps that an identity was made for.

use crate::authsig::address::Address;
use crate::authsig::error::{ConfigProblem, VerifyError};

/// The apps that a URL may have been made for.
#[derive(Clone, Debug)]
pub(super) enum Audience {
    Any,
    App { address: String, also_for: Vec<String> },
}

impl Audience {
    /// Accepts a list that has the app's address, and otherwise known ones alone.
    pub(super) fn check(&self, signed: Option<&str>) -> Result<(), VerifyError> {
        let Self::App { address, also_for } = self else { return Ok(()) };
        let signed = signed.ok_or_else(|| VerifyError::missing("audience"))?;
        let (own, others): (Vec<_>, Vec<_>) = signed.split(' ').partition(|other| other == address);
        if own.is_empty() || !others.iter().all(|other| also_for.iter().any(|known| known == other))
        {
            return Err(VerifyError::WrongAudience);
        }
        Ok(())
    }
}

/// The audience as it is configured.
#[derive(Clone, Debug, Default)]
pub(super) struct AudienceSettings {
    pub(super) address: Option<String>,
    pub(super) any: bool,
    pub(super) also_for: Vec<String>,
}

impl AudienceSettings {
    /// Reads the addresses, or adds what is wrong.
    pub(super) fn read(&self, problems: &mut Vec<ConfigProblem>) -> Option<Audience> {
        let mut read = |setting, address: &String| {
            let address = Address::parse(address).map(|address| address.audience());
            address
                .map_err(|problem| problems.push(ConfigProblem::Address { name: setting, problem }))
                .ok()
        };
        let address = self.address.as_ref().map(|address| read("audience", address));
        let also_for =
            self.also_for.iter().filter_map(|address| read("also_for", address)).collect();
        match address {
            _ if self.any && (self.address.is_some() || !self.also_for.is_empty()) => {
                problems.push(ConfigProblem::SeveralAudiences);
                None
            }
            None if self.any => Some(Audience::Any),
            None => {
                problems.push(ConfigProblem::NoAudience);
                None
            }
            Some(address) => Some(Audience::App { address: address?, also_for }),
        }
    }
}
