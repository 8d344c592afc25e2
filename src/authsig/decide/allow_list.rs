//! The addresses that need no consent.

use crate::authsig::address::Address;

/// The addresses that need no consent.
#[derive(Clone, Debug, Default)]
pub(super) struct AllowList {
    pub(super) addresses: Vec<Address>,
    pub(super) origins: Vec<Address>,
}

impl AllowList {
    pub(super) fn contains(&self, address: &Address) -> bool {
        self.addresses.contains(address)
            || self.origins.iter().any(|origin| address.has_origin_of(origin))
    }
}
