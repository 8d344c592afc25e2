//! Invitations: accepted once, by whom they were opened, and refused in every other case.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::StatusCode;
use civic_sip::UserData;
use civic_sip::authsig::Signer;
use civic_sip::sandbox::Person;
use tokio::task::JoinSet;

use crate::axum_app;
use crate::support::{APP, SECRET, World, path};

const USED: &str = "the URL has been used already";
const EXPIRED: &str = "the URL has expired";

#[tokio::test]
async fn an_invited_stranger_logs_in_and_joins() {
    let world = World::new().await;
    let (mut ada, invitation) = world.invitation().await;

    let mut bruno = world.browser();
    let answer = bruno.get(&invitation).await;
    // The signature is out of the address bar.
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/invitation"));
    let page = bruno.get("/invitation").await.body;
    assert!(page.contains("You are invited to blue") && page.contains("log in first"), "{page}");
    // Without a log-in nobody joins.
    assert_eq!(bruno.post("/invitation", "").await.location(), "/login");
    assert_eq!(bruno.log_in(&world.token(Person::Bruno)).await.location(), "/invitation");
    assert!(bruno.get("/invitation").await.body.contains("Join the team"));
    assert!(!bruno.is_in("blue").await);
    assert_eq!(bruno.post("/invitation", "").await.location(), "/");
    assert!(bruno.is_in("blue").await);
    assert!(ada.get("/").await.body.contains("2 members"));
    // The invitation has done its work.
    bruno.get("/invitation").await.assert_refused(StatusCode::NOT_FOUND, "no invitation here");
    assert_eq!(bruno.log_in(&world.token(Person::Bruno)).await.location(), "/");
    // And the new member can invite, too.
    assert_eq!(bruno.post("/teams/1/invitations", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invitation_works_once() {
    let world = World::new().await;
    let (_, invitation) = world.invitation().await;
    // Mail scanners open it, several times, and use nothing up.
    for method in ["GET", "HEAD", "GET"] {
        let mut scanner = world.browser();
        let request = scanner.request(method, &invitation).body(Body::empty()).unwrap();
        assert_eq!(scanner.send(request).await.location(), "/invitation");
        scanner.get("/invitation").await;
    }
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&invitation).await;
    assert_eq!(bruno.post("/invitation", "").await.location(), "/");
    let mut dagny = world.logged_in(Person::Dagny).await;
    dagny.get(&invitation).await;
    dagny.post("/invitation", "").await.assert_refused(StatusCode::FORBIDDEN, USED);
    assert!(!dagny.is_in("blue").await);
    // It does not wait any more.
    assert_eq!(dagny.log_in(&world.token(Person::Dagny)).await.location(), "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_accept_at_once_one_joins() {
    let world = World::new().await;
    let mut ada = world.logged_in(Person::Ada).await;
    ada.start_team("blue").await;
    for round in 0..5 {
        let invitation = ada.invite_to(1).await;
        let mut accepting = JoinSet::new();
        for number in 0..4 {
            let person = UserData::new(format!("{round}-{number}"), vec![]);
            let mut browser = world.browser();
            browser.log_in(&world.sandbox.issue_token(&person)).await;
            browser.get(&invitation).await;
            accepting.spawn(async move { browser.post("/invitation", "").await });
        }
        let answers = accepting.join_all().await;
        let (joined, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.location() == "/");
        assert_eq!((joined.len(), refused.len()), (1, 3));
        for answer in refused {
            answer.assert_refused(StatusCode::FORBIDDEN, USED);
        }
    }
    assert!(ada.get("/").await.body.contains("6 members"));
}

#[tokio::test]
async fn a_member_does_not_use_an_invitation_up() {
    let world = World::new().await;
    let (mut ada, invitation) = world.invitation().await;
    ada.get(&invitation).await;
    assert_eq!(ada.post("/invitation", "").await.location(), "/");
    assert!(ada.get("/").await.body.contains("only you"));
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&invitation).await;
    bruno.post("/invitation", "").await;
    assert!(bruno.is_in("blue").await);
}

#[tokio::test]
async fn an_expired_invitation_is_refused() {
    let world = World::new().await;
    world.invitation().await;
    let an_hour_ago = || SystemTime::now() - Duration::from_secs(3600);
    let expired =
        world.sign(|signer| signer.clock(an_hour_ago).expires_in(Duration::from_secs(3599)));
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&expired).await.assert_refused(StatusCode::FORBIDDEN, EXPIRED);
    // Nothing waits in the session.
    bruno.get("/invitation").await.assert_refused(StatusCode::NOT_FOUND, "no invitation here");
}

#[tokio::test]
async fn an_invitation_that_expires_after_it_was_opened_is_refused() {
    let world = World::new().await;
    let (_, invitation) = world.invitation().await;
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&invitation).await;
    world.pass(3 * 24 * 60 * 60 + 1);
    bruno.get("/invitation").await.assert_refused(StatusCode::FORBIDDEN, EXPIRED);
    bruno.post("/invitation", "").await.assert_refused(StatusCode::FORBIDDEN, EXPIRED);
    assert!(!bruno.is_in("blue").await);
    // Nobody is sent to it again.
    assert_eq!(bruno.log_in(&world.token(Person::Bruno)).await.location(), "/");
}

#[tokio::test]
async fn a_link_that_is_not_this_invitation_is_refused() {
    let world = World::new().await;
    let (mut ada, good) = world.invitation().await;
    ada.start_team("red").await;
    let (unsigned, _) = good.split_once("&signature=").unwrap();
    let for_ever = Signer::builder().secret(SECRET).purpose("invitation").public_url(APP);
    let for_ever = for_ever.build().unwrap().link("/join").param("team", 1).sign().unwrap();
    let guessed = axum_app::signer("a secret that somebody guessed", APP).build().unwrap();
    let guessed = guessed.link("/join").param("team", 1).sign().unwrap();
    let mismatch = "the signature does not match";
    for (link, cause) in [
        // Another team, a later expiry, one more parameter.
        (good.replace("team=1", "team=2"), mismatch),
        (good.replacen("expires_at=1", "expires_at=2", 1), mismatch),
        (good.replace("team=1", "team=1&role=admin"), mismatch),
        (world.sign(|signer| signer.purpose("download")), mismatch),
        (world.sign(|signer| signer.public_url("https://other.example.com")), mismatch),
        (path(&guessed), mismatch),
        (good[..good.len() - 1].to_owned(), "the signature is malformed"),
        (unsigned.to_owned(), "the signature is missing"),
        ("/join".to_owned(), "the signature is missing"),
        (path(&for_ever), "is missing"),
    ] {
        let mut bruno = world.logged_in(Person::Bruno).await;
        bruno.get(&link).await.assert_refused(StatusCode::FORBIDDEN, cause);
        bruno.post("/invitation", "").await.assert_refused(StatusCode::NOT_FOUND, "no invitation");
        assert!(!bruno.is_in("blue").await && !bruno.is_in("red").await);
    }
}

#[tokio::test]
async fn an_invitation_that_can_be_used_again_is_not_accepted() {
    let world = World::new().await;
    world.invitation().await;
    let signer = Signer::builder()
        .secret(SECRET)
        .purpose("invitation")
        .public_url(APP)
        .expires_in(Duration::from_secs(60));
    let link = signer.build().unwrap().link("/join").param("team", 1).sign().unwrap();
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&path(&link)).await;
    bruno.post("/invitation", "").await.assert_refused(StatusCode::FORBIDDEN, "it has no nonce");
    assert!(!bruno.is_in("blue").await);
}

#[tokio::test]
async fn an_invitation_to_a_team_that_is_gone_is_refused() {
    let world = World::new().await;
    let (_, invitation) = world.invitation().await;
    let delete = "DELETE FROM members; DELETE FROM teams";
    sqlx::raw_sql(delete).execute(&world.database).await.unwrap();
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&invitation).await;
    // The next team gets another number.
    bruno.start_team("red").await;
    bruno.post("/invitation", "").await.assert_refused(StatusCode::NOT_FOUND, "no invitation here");
}

#[tokio::test]
async fn only_members_invite() {
    let world = World::new().await;
    world.invitation().await;
    let mut bruno = world.logged_in(Person::Bruno).await;
    for team in ["1", "2", "-1", "9223372036854775807"] {
        let answer = bruno.post(&format!("/teams/{team}/invitations"), "").await;
        answer.assert_refused(StatusCode::NOT_FOUND, "There is nothing at this address.");
    }
    let mut stranger = world.browser();
    assert_eq!(stranger.post("/teams/1/invitations", "").await.location(), "/login");
}

#[tokio::test]
async fn nobody_sees_or_accepts_the_invitation_of_another_session() {
    let world = World::new().await;
    let (_, invitation) = world.invitation().await;
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.get(&invitation).await;
    let mut dagny = world.logged_in(Person::Dagny).await;
    for answer in [dagny.get("/invitation").await, dagny.post("/invitation", "").await] {
        answer.assert_refused(StatusCode::NOT_FOUND, "There is no invitation here.");
    }
    // Nor in the same browser, once somebody else has logged in or the first one has logged out.
    assert_eq!(bruno.log_in(&world.token(Person::Dagny)).await.location(), "/");
    bruno.get("/invitation").await.assert_refused(StatusCode::NOT_FOUND, "no invitation here");
    bruno.get(&invitation).await;
    bruno.post("/logout", "").await;
    assert_eq!(bruno.log_in(&world.token(Person::Dagny)).await.location(), "/");
    bruno.post("/invitation", "").await.assert_refused(StatusCode::NOT_FOUND, "no invitation here");
}

#[tokio::test]
async fn used_invitations_are_remembered_until_they_have_expired() {
    let world = World::new().await;
    let (_, invitation) = world.invitation().await;
    let accept = async |person: Person, invitation: &str| {
        let mut browser = world.logged_in(person).await;
        browser.get(invitation).await;
        assert_eq!(browser.post("/invitation", "").await.location(), "/");
        let count = sqlx::query_scalar("SELECT count(*) FROM used_links");
        count.fetch_one(&world.database).await.unwrap()
    };
    let month = Duration::from_secs(30 * 24 * 3600);
    let longer = [(); 2].map(|()| world.sign(|signer| signer.expires_in(month)));
    let count: i64 = accept(Person::Bruno, &invitation).await;
    assert_eq!(count, 1);
    // The app keeps them for 10 minutes more, since clocks differ.
    world.pass(3 * 24 * 60 * 60 + 590);
    assert_eq!(accept(Person::Chioma, &longer[0]).await, 2);
    world.pass(20);
    assert_eq!(accept(Person::Dagny, &longer[1]).await, 2);
}
