//! What holds of any requests.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::strangers::{SEEDS, SEPARATOR, World};
use crate::support::Database;

/// Texts that mean something somewhere.
const PIECES: [&str; 60] = [
    "{session}",
    "{password}",
    "{consent}",
    "{attempt}",
    "{signed}",
    "login=user_1",
    "login=user_2",
    "login=USER_1 ",
    "&login=user_1",
    "service=civic",
    "provides[]=login",
    "&provides=time",
    "&default[]=app",
    "&default=stored",
    "&redirect_url=https://stranger.example/in",
    "&redirect_url=https://app.example/in",
    "&redirect_url=https://app.example/in#",
    "&redirect_url=//evil.example",
    "&redirect_url=https://app.example%40evil.example/in",
    "&notify_url=https://192.0.2.1/",
    "&notify_url=http://[::1]/",
    "&hide",
    "&state=x",
    "&time=1800000000",
    "&time=2027-01-15T08:00:00Z",
    "&expires_at=1800000060",
    "&signature=v3.a.b",
    "&audience=https://app.example/in",
    "&secret=at least sixteen bytes",
    "&nonce=x",
    "&consent={consent}",
    "&password={password}",
    "&new_password={password}x",
    "&return_to=//evil.example/",
    "&return_to=/%09/evil.example",
    "&return_to=/verify/request?login=user_1",
    "&attempt={attempt}",
    "/verify/verified?{signed}",
    "/verify/request?login=user_1",
    "/verify/../session",
    "POST ",
    "GET ",
    "HEAD ",
    "PUT ",
    "\ncookie: __Host-authsig={session}",
    "\ncookie: __Host-authsig=x; __Host-authsig={session}",
    "\norigin: https://evil.example",
    "\norigin: null",
    "\nsec-fetch-site: cross-site",
    "\nx-forwarded-for: 10.0.0.1, 203.0.113.9",
    "\naccept: application/json",
    "\naccept: text/html",
    "\ncontent-type: application/json",
    "\n\n",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "%00",
    "%ff",
    "\u{e9}",
    ";",
];

/// Requests of a seed or two, in which something is replaced.
fn input() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0_usize..8, 0..PIECES.len());
    let seeds = prop::collection::vec(0..SEEDS.len(), 1..3);
    (seeds, prop::collection::vec(edit, 0..4)).prop_map(|(seeds, edits)| {
        let texts: Vec<&[u8]> = seeds.into_iter().map(|seed| SEEDS[seed].as_bytes()).collect();
        let mut input = texts.join(&SEPARATOR);
        for (at, len, piece) in edits {
            let at = at.index(input.len() + 1);
            let end = (at + len).min(input.len());
            input.splice(at..end, PIECES[piece].bytes());
        }
        String::from_utf8_lossy(&input).into_owned()
    })
}

/// A world, and another one when its people and defaults are not as they were.
struct Worlds {
    database: Database,
    world: World,
}

impl Worlds {
    async fn start() -> Self {
        let database = Database::create().await;
        Self { world: World::start(&database.url()).await, database }
    }

    async fn visit(&mut self, input: &[u8]) -> Vec<u16> {
        if self.world.is_spent() {
            let Self { world, database } = std::mem::replace(self, Self::start().await);
            world.end().await;
            drop(database);
        }
        self.world.visit(input).await
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn the_requests_that_others_are_made_of_get_far() {
    block_on(async {
        let mut worlds = Worlds::start().await;
        let mut seen = BTreeSet::new();
        for seed in SEEDS {
            seen.extend(worlds.visit(seed.as_bytes()).await);
        }
        for status in [200, 201, 204, 303, 400, 401, 403, 409] {
            assert!(seen.contains(&status), "{status} was never seen: {seen:?}");
        }
    });
}

#[test]
fn no_request_gets_what_it_must_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let worlds = std::cell::RefCell::new(runtime.block_on(Worlds::start()));
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() };
    let rng = TestRunner::deterministic().new_rng();
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&input(), |input| {
        runtime.block_on(worlds.borrow_mut().visit(input.as_bytes()));
        Ok(())
    });
    result.unwrap();
}
