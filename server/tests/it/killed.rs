//! `kill -9`: nothing is lost, and a notification comes twice only where the promise says so.

use crate::support::{Database, Program, Receiver, encoded};

async fn serve(database: &Database, receiver: &Receiver) -> Program {
    let (address, origin) = (receiver.address(), receiver.origin.clone());
    let args = ["--allow", &*address, "--notify-origin", &*origin];
    Program::serve(database, &args, &[]).await
}

/// Has the app notified.
async fn ask(program: &mut Program, receiver: &Receiver) {
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let path = format!("/verify/request?login=user_1&notify_url={}", encoded(&receiver.address()));
    let (status, body) = program.get_json(&path).await;
    assert_eq!(status, 200, "{body}");
}

/// Lets the lease end that a killed program leaves behind, which would take 30 seconds.
async fn end_lease(database: &Database) {
    database.execute("UPDATE outbox SET leased_until = 0, next_attempt_at = 0").await;
}

async fn delivered(database: &Database) {
    let sql = "SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered' AND notification IS NULL";
    database.until(sql, 1).await;
}

#[tokio::test]
async fn after_the_row_nothing_is_lost() {
    let (database, mut receiver) = (Database::create().await, Receiver::start().await);
    let mut program = serve(&database, &receiver).await;
    receiver.hold(true);
    ask(&mut program, &receiver).await;
    let first = receiver.next().await;
    program.kill();
    receiver.hold(false);
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL").await, 1);

    end_lease(&database).await;
    let _program = serve(&database, &receiver).await;
    let second = receiver.next().await;
    assert_eq!((second.id(), &second.body), (first.id(), &first.body));
    delivered(&database).await;
    assert!(receiver.is_empty());
}

/// The program is killed before it begins to deliver.
#[tokio::test]
async fn after_the_success_page_nothing_is_lost() {
    let (database, mut receiver) = (Database::create().await, Receiver::start().await);
    let mut program = serve(&database, &receiver).await;
    // As if the program had no time to deliver: all that it finds is claimed by another one.
    let other = "CREATE TRIGGER busy AFTER INSERT ON outbox BEGIN \
                 UPDATE outbox SET leased_until = 9000000000 WHERE id = NEW.id; END";
    if database.file().is_some() {
        database.execute(other).await;
    } else {
        receiver.hold(true);
    }
    ask(&mut program, &receiver).await;
    program.kill();
    receiver.hold(false);
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL").await, 1);
    end_lease(&database).await;
    let _program = serve(&database, &receiver).await;
    receiver.next().await;
    delivered(&database).await;
}

#[tokio::test]
async fn between_the_2xx_and_its_commit_the_notification_comes_again_with_the_same_id() {
    let (database, mut receiver) = (Database::create().await, Receiver::start().await);
    let mut program = serve(&database, &receiver).await;
    receiver.hold(true);
    ask(&mut program, &receiver).await;
    let first = receiver.next().await;
    let lock = database.lock().await;
    receiver.hold(false);
    // The program knows of the 2xx once it waits for the lock, or never; it can't commit either way.
    program.kill();
    drop(lock);
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL").await, 1);

    end_lease(&database).await;
    let _program = serve(&database, &receiver).await;
    let second = receiver.next().await;
    assert_eq!((second.id(), &second.body), (first.id(), &first.body));
    delivered(&database).await;
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn after_the_commit_it_does_not_come_again() {
    let (database, mut receiver) = (Database::create().await, Receiver::start().await);
    let mut program = serve(&database, &receiver).await;
    ask(&mut program, &receiver).await;
    let first = receiver.next().await;
    delivered(&database).await;
    program.kill();
    end_lease(&database).await;
    let mut program = serve(&database, &receiver).await;
    // The next one is another one.
    ask(&mut program, &receiver).await;
    assert_ne!(receiver.next().await.id(), first.id());
    database.until("SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered'", 2).await;
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn accounts_sessions_and_keys_survive() {
    let (database, receiver) = (Database::create().await, Receiver::start().await);
    let mut program = serve(&database, &receiver).await;
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let (cookie, keys) = (program.cookie().to_owned(), program.get_json("/verify/keys").await.1);
    program.kill();
    let mut program = serve(&database, &receiver).await;
    program.set_cookie(&cookie);
    assert_eq!(program.get_json("/verify/request?login=user_1").await.0, 200);
    assert_eq!(program.get_json("/verify/keys").await.1, keys);
}
