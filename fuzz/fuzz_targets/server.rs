//! Requests at an AuthSig server, in the form of HTTP: `server/tests/it/strangers` says what holds of them.
#![no_main]

use std::cell::RefCell;
use std::{env, fs, process};

use tokio::runtime::{Builder, Runtime};

#[allow(dead_code, unused_imports, reason = "the program `seeds` writes the first requests")]
#[path = "../../server/tests/it/strangers/mod.rs"]
mod strangers;
use strangers::World;

/// The server that all inputs visit, until one changed its accounts.
struct Server {
    runtime: Runtime,
    world: Option<World>,
}

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server {
        runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
        world: None,
    });
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| SERVER.with_borrow_mut(|server| server.visit(data)));

impl Server {
    fn visit(&mut self, input: &[u8]) {
        let Self { runtime, world } = self;
        runtime.block_on(async {
            if let Some(spent) = world.take_if(|world| world.is_spent()) {
                spent.end().await;
            }
            let current = match world {
                Some(current) => current,
                None => world.insert(start().await),
            };
            current.visit(input).await;
        });
    }
}

/// Starts a server on an empty database.
async fn start() -> World {
    let folder = env::temp_dir().join(format!("authsig-fuzz-{}", process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a folder");
    World::start(&format!("sqlite:{}", folder.join("authsig.db").display())).await
}
