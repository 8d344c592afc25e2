//! The person's consent: without it, nothing is signed, nobody is redirected and nobody is notified.

use crate::support::{APP, Answer, Browser, STRANGER, Server, encoded};

const NOTIFY: &str = "https://stranger.example/notify";

/// A request that needs consent, as a path.
fn request(query: &str) -> String {
    let (redirect, notify) = (encoded(STRANGER), encoded(NOTIFY));
    format!("/verify/request?login=user_1&redirect_url={redirect}&notify_url={notify}{query}")
}

/// A question, as the page puts it.
#[derive(Clone)]
struct Question {
    action: String,
    consent: String,
}

async fn question(browser: &mut Browser, path: &str) -> Question {
    let page = browser.get(path).await;
    assert_eq!((page.status, page.header("location")), (200, None), "{page:?}");
    Question { action: page.action(), consent: page.field("consent") }
}

async fn agree(browser: &mut Browser, question: &Question) -> Answer {
    browser.post(&question.action, &[("consent", &question.consent)]).await
}

/// Asserts that the answer asks, or sends the person to log in, and that nothing happened.
async fn assert_not_granted(server: &Server, answer: &Answer) {
    match answer.status {
        200 => assert!(answer.body.contains("Do you agree?"), "{answer:?}"),
        303 => assert!(answer.location().starts_with("/session?return_to="), "{answer:?}"),
        status => assert_eq!(status, 403, "{answer:?}"),
    }
    assert!(!answer.body.contains("signature="), "{answer:?}");
    assert_eq!(server.notifications().await, 0);
}

#[tokio::test]
async fn nothing_happens_before_the_person_agrees() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let page = browser.get(&request("")).await;
    assert_not_granted(&server, &page).await;
    let answer = browser.get_json(&request("")).await;
    assert_eq!(answer.status, 409);
    assert!(!answer.body.contains("signature"));
    assert_eq!(server.notifications().await, 0);
}

#[tokio::test]
async fn each_address_by_itself_needs_consent() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let (app, stranger) = (encoded(APP), encoded(STRANGER));
    for query in [
        format!("redirect_url={stranger}"),
        format!("notify_url={stranger}"),
        format!("redirect_url={app}&notify_url={stranger}"),
        format!("redirect_url={stranger}&notify_url={app}"),
    ] {
        let page = browser.get(&format!("/verify/request?login=user_1&{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_not_granted(&server, &page).await;
    }
}

#[tokio::test]
async fn the_allow_list_holds_exact_addresses() {
    let server = Server::with(|config| config.allow("https://app.example/in?a=1")).await;
    let mut browser = server.logged_in("user_1").await;
    for (address, status) in [
        ("https://app.example/in?a=1", 200),
        ("https://app.example/in", 409),
        ("https://app.example/in?a=1&b=2", 409),
        ("https://app.example/in/?a=1", 409),
        ("https://app.example/in?a=1#part", 409),
        ("https://app.example:8443/in?a=1", 409),
        ("https://app.example.evil.example/in?a=1", 409),
    ] {
        let path = format!("/verify/request?login=user_1&redirect_url={}", encoded(address));
        assert_eq!(browser.get_json(&path).await.status, status, "{address}");
    }
}

#[tokio::test]
async fn after_consent_the_person_is_redirected_and_the_app_notified() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let question = question(&mut browser, &request("&state=abc")).await;
    let answer = agree(&mut browser, &question).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("https://stranger.example/in?authsig="), "{answer:?}");
    assert_eq!(server.notifications().await, 1);
}

#[tokio::test]
async fn consent_is_not_remembered() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let first = question(&mut browser, &request("")).await;
    assert_eq!(agree(&mut browser, &first).await.status, 303);
    let page = browser.get(&request("")).await;
    assert!(page.body.contains("Do you agree?"), "{page:?}");
    assert_eq!(browser.get_json(&request("")).await.status, 409);
}

#[tokio::test]
async fn consent_counts_for_its_query_alone() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let Question { action, consent } = question(&mut browser, &request("&a=1")).await;
    for other in [
        action.replace("a=1", "a=2"),
        action.replace("&a=1", ""),
        action.replace("stranger", "evil"),
        format!("{action}&hide=1"),
        action.replace("login=user_1", "login=user%5F1"),
    ] {
        assert_ne!(other, action);
        let question = Question { action: other, consent: consent.clone() };
        let answer = agree(&mut browser, &question).await;
        assert_not_granted(&server, &answer).await;
    }
}

#[tokio::test]
async fn consent_counts_for_its_session_alone() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let asked = question(&mut browser, &request("")).await;
    let mut elsewhere = server.logged_in("user_1").await;
    let answer = agree(&mut elsewhere, &asked).await;
    assert_not_granted(&server, &answer).await;
    // The same browser, logged in anew.
    browser.log_in("user_1").await;
    let answer = agree(&mut browser, &asked).await;
    assert_not_granted(&server, &answer).await;
}

#[tokio::test]
async fn consent_counts_for_its_person_alone() {
    let server = Server::start().await;
    let path = request("").replace("login=user_1", "provides=login");
    let asked = question(&mut server.logged_in("user_1").await, &path).await;
    let answer = agree(&mut server.logged_in("user_2").await, &asked).await;
    assert_not_granted(&server, &answer).await;
}

#[tokio::test]
async fn a_form_from_before_the_log_out_is_worth_nothing() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let asked = question(&mut browser, &request("")).await;
    let cookies = browser.cookies.clone();
    browser.post("/session/end", &[]).await;
    let answer = agree(&mut browser, &asked).await;
    assert_not_granted(&server, &answer).await;
    // Not with the old cookie, either.
    browser.cookies = cookies;
    let answer = agree(&mut browser, &asked).await;
    assert_not_granted(&server, &answer).await;
}

#[tokio::test]
async fn consent_ends_with_the_defaults_that_it_was_given_for() {
    let server = Server::with(|config| config.anybody_creates_defaults()).await;
    let mut owner = server.logged_in("user_2").await;
    let body = format!(r#"{{"slug": "app", "params": {{"redirect_url": "{STRANGER}"}}}}"#);
    assert_eq!(owner.post_json("/defaults", &body).await.status, 201);
    let mut browser = server.logged_in("user_1").await;
    let asked = question(&mut browser, "/verify/request?login=user_1&default=app").await;
    owner.post("/account/delete", &[("password", "password_2")]).await;
    let answer = agree(&mut browser, &asked).await;
    assert_eq!(answer.status, 403);
    assert_not_granted(&server, &answer).await;
}

#[tokio::test]
async fn no_made_up_consent_counts() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let Question { action, consent } = question(&mut browser, &request("")).await;
    let changed =
        consent.replacen(&consent[..1], if consent.starts_with('A') { "B" } else { "A" }, 1);
    let cookie = browser.cookies["__Host-authsig"].clone();
    for made_up in ["", "1", "on", &changed, &consent[1..], &format!("{consent}A"), &cookie] {
        let question = Question { action: action.clone(), consent: made_up.to_owned() };
        let answer = agree(&mut browser, &question).await;
        assert_not_granted(&server, &answer).await;
    }
    assert_eq!(browser.post(&action, &[]).await.status, 422);
    assert_eq!(browser.post(&action, &[("consent", &consent), ("consent", "")]).await.status, 422);
    // A GET is no consent, whatever it has.
    let answer = browser.get(&format!("{action}&consent={consent}")).await;
    assert_not_granted(&server, &answer).await;
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_in_words_that_name_both() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let Question { action, consent } = question(&mut browser, &request("")).await;
    for origin in ["https://evil.example", "http://id.example", "https://id.example:8443", "null"] {
        let answer = browser.post_from(origin, &action, &[("consent", &consent)]).await;
        assert_eq!(answer.status, 403);
        let names_both = answer.body.contains(origin) && answer.body.contains("https://id.example");
        assert!(names_both, "{}", answer.body);
        assert_not_granted(&server, &answer).await;
    }
}

#[tokio::test]
async fn the_page_says_who_asks_for_what() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let long = format!("https://{}.example:8443/in?a=1&b=2#c", "app.example".repeat(5));
    let query = format!(
        "login=user_1&redirect_url={}&notify_url={}&state=s&note={}",
        encoded(&long),
        encoded("https://xn--bcher-kva.example/notify"),
        encoded("Jürgen\u{202e}<b>\"&=%"),
    );
    let page = browser.get(&format!("/verify/request?{query}")).await;
    let text = crate::support::unescaped(&page.body);
    for part in [
        &*format!("<span class=\"host\">{}.example:8443</span>", "app.example".repeat(5)),
        "<span class=\"host\">xn--bcher-kva.example</span>",
        // The whole addresses, as they are.
        &format!("<code>{long}</code>"),
        "<code>https://xn--bcher-kva.example/notify</code>",
        "<strong>user_1</strong>",
        "<th scope=\"row\">state</th><td>s</td>",
        "J%C3%BCrgen%E2%80%AE<b>\"%26%3D%25",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(page.body.is_ascii() && !page.body.contains("<b>"));
    assert!(!page.body.contains("autofocus"));
}

#[tokio::test]
async fn the_pages_before_a_redirect_list_its_origin() {
    let server =
        Server::with(|config| config.anybody_creates_defaults().sign_up(true).allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let form_action = |page: &Answer| {
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
        let directive = policy.split("; ").find_map(|part| part.strip_prefix("form-action "));
        directive.unwrap().trim().to_owned()
    };
    let page = browser.get(&request("")).await;
    assert_eq!(form_action(&page), "'self' https://stranger.example");
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
    // Nothing is posted to the address that is notified.
    let notify = format!("/verify/request?login=user_1&notify_url={}", encoded(NOTIFY));
    assert_eq!(form_action(&browser.get(&notify).await), "'self'");

    for (slug, address) in [("stranger", STRANGER), ("app", APP)] {
        let body = format!(r#"{{"slug": "{slug}", "params": {{"redirect_url": "{address}"}}}}"#);
        browser.post_json("/defaults", &body).await;
    }
    for form in ["/session", "/users"] {
        for (path, expected) in [
            (request(""), "'self' https://stranger.example"),
            ("/verify/request?login=user_1&default=app".to_owned(), "'self' https://app.example"),
            // It asks before it redirects, and a stranger must not learn what is stored.
            ("/verify/request?login=user_1&default=stranger".to_owned(), "'self'"),
            // Nor whether a guess is right.
            (
                format!("/verify/request?login=user_1&default=stranger&a={}", encoded(STRANGER)),
                "'self'",
            ),
        ] {
            let page = format!("{form}?return_to={}", encoded(&path));
            let page = server.browser().get(&page).await;
            assert_eq!(form_action(&page), expected, "{path}");
        }
        assert_eq!(form_action(&server.browser().get(form).await), "'self'");
    }
    // Also after a wrong password.
    let path = request("");
    let fields = [("login", "user_1"), ("password", "wrong"), ("return_to", &*path)];
    let page = server.browser().post("/session", &fields).await;
    assert_eq!((page.status, &*form_action(&page)), (401, "'self' https://stranger.example"));
}

#[tokio::test]
async fn no_address_adds_to_the_policy_of_a_page() {
    let server = Server::start().await;
    for address in
        ["https://a.example; script-src *", "https://*", "javascript:alert(1)", "*", "'none'"]
    {
        let path = format!("/verify/request?login=user_1&redirect_url={}", encoded(address));
        let page = server.browser().get(&format!("/session?return_to={}", encoded(&path))).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains('*') && !policy.contains("a.example;"), "{address}: {policy}");
        assert_eq!(policy.matches("script-src").count(), 1, "{policy}");
    }
}
