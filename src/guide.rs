#![doc = include_str!("docs/guide/index.md")]

#[doc = include_str!("docs/guide/credentials.md")]
pub mod credentials {}
#[doc = include_str!("docs/guide/browser.md")]
pub mod browser {}
#[doc = include_str!("docs/guide/exchanging.md")]
pub mod exchanging {}
#[doc = include_str!("docs/guide/trusting.md")]
pub mod trusting {}
#[doc = include_str!("docs/guide/sessions.md")]
pub mod sessions {}
#[doc = include_str!("docs/guide/publishing.md")]
pub mod publishing {}
#[doc = include_str!("docs/guide/server.md")]
pub mod server {}
#[doc = include_str!("docs/guide/errors.md")]
pub mod errors {}
#[doc = include_str!("docs/guide/moving.md")]
pub mod moving {}
