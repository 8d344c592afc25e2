//! The state that all handlers share.

use std::sync::Arc;

use ipnet::IpNet;

use crate::clock::Clock;
use crate::config::{CivicLogin, DefaultCreators, Limits};
use crate::house::House;
use crate::keys::KeyRing;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::pages::Layout;
use crate::passwords::Passwords;
use crate::people::DynPeople;
use crate::random::RequestIds;
use crate::site::Site;
use crate::store::Store;

/// The parts of a running server.
pub(crate) struct App {
    pub(crate) site: Site,
    pub(crate) store: Store,
    pub(crate) house: Arc<House>,
    pub(crate) keys: KeyRing,
    pub(crate) outbox: Outbox,
    pub(crate) people: Arc<dyn DynPeople>,
    /// `None` where an app brings its own people.
    pub(crate) passwords: Option<Passwords>,
    pub(crate) civic: Option<CivicLogin>,
    pub(crate) sign_up: bool,
    pub(crate) default_creators: DefaultCreators,
    pub(crate) test_notifier: bool,
    pub(crate) limits: Limits,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) request_ids: RequestIds,
    pub(crate) clock: Clock,
}

impl App {
    /// Returns whether people have accounts here.
    pub(crate) fn has_accounts(&self) -> bool {
        self.passwords.is_some()
    }

    /// Starts a page.
    pub(crate) fn layout(&self, title: &'static str) -> Layout {
        Layout {
            title,
            prefix: self.site.prefix().to_owned(),
            root: self.site.root().to_owned(),
            has_accounts: self.has_accounts(),
            sign_up: self.sign_up,
            is_known: false,
            person: None,
        }
    }
}
