//! Requests to an AuthSig server, by anybody, with `user_1` logged in.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::encoded;
use crate::links::NOW;

fn query(text: impl Into<String>) -> Value {
    json!({"query": text.into()})
}

fn redirecting(url: &str) -> Value {
    query(format!("login=user_1&redirect_url={}", encoded(url)))
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = vec![
        control("oneself", query("login=user_1")),
        control("whoever is there", query("provides[]=login&provides[]=time")),
        control("redirected to an address that is allowed", redirecting("https://app.example/in")),
        control("a default that is stored", query("login=user_1&default=app")),
        control("a state, which is passed on", query("login=user_1&state=abc")),
        control("a time within its fudge", query(format!("login=user_1&time={}", NOW - 300))),
    ];
    let mut nobody = query("login=user_1");
    nobody["nobody"] = true.into();
    cases.push(attack("nobody is logged in", "NotLoggedIn", nobody));
    people(&mut cases);
    parameters(&mut cases);
    addresses(&mut cases);
    defaults(&mut cases);
    cases
}

fn people(cases: &mut Vec<Value>) {
    for (name, text, error) in [
        ("somebody else", "login=user_2", "WrongLogin"),
        ("somebody else by their case", "login=User_1", "WrongLogin"),
        ("somebody else by a space", "login=user_1%20", "WrongLogin"),
        ("somebody else by a NUL", "login=user_1%00", "WrongLogin"),
        ("nobody in particular", "a=1", "NoLogin"),
        ("no parameter at all", "", "NoLogin"),
        ("another service", "login=user_1&service=git", "WrongService"),
        ("two logins", "login=user_1&login=admin", "Query.Repeated(login)"),
        ("a login in a list", "login=user_1&login[]=admin", "Query.Lookalike"),
        ("a login in capitals", "login=user_1&LOGIN=admin", "Query.Lookalike(LOGIN)"),
        ("an empty login", "login=", "Query.Empty(login)"),
        ("a provision that is not known", "provides=password", "BadProvides"),
        ("a provision in capitals", "provides=Login", "BadProvides"),
        (
            "a provision of a time in the future, over one's own",
            "login=user_2&provides=time",
            "WrongLogin",
        ),
    ] {
        cases.push(attack(name, error, query(text)));
    }
}

fn parameters(cases: &mut Vec<Value>) {
    for name in ["nonce", "signature", "audience"] {
        cases.push(attack(
            format!("{name}, which the server sets"),
            &format!("Forbidden({name})"),
            query(format!("login=user_1&{name}=x")),
        ));
    }
    for name in ["audience", "nonce"] {
        cases.push(attack(
            format!("{name} in capitals"),
            "Query.Lookalike",
            query(format!("login=user_1&{}=x", name.to_uppercase())),
        ));
    }
    for name in ["secret", "Secret", "secret[]"] {
        cases.push(attack(
            format!("{name} of one's own"),
            "Query.Secret",
            query(format!("login=user_1&{name}=a%20secret%20of%20my%20own")),
        ));
    }
    for name in ["redirect_url", "notify_url", "hide", "default", "provides"] {
        let value = if name.ends_with("url") { "https%3A%2F%2Fapp.example%2Fin" } else { "login" };
        cases.push(attack(
            format!("{name} twice"),
            &format!("Query.Repeated({name})"),
            query(format!("login=user_1&{name}={value}&{name}={value}")),
        ));
        for other in
            [name.to_uppercase(), format!("{name}[x]"), format!(".{name}"), format!("{name}.x")]
        {
            cases.push(attack(
                format!("{other} beside {name}"),
                "Query.Lookalike",
                query(format!("login=user_1&{other}={value}")),
            ));
        }
    }
    for (name, text, error) in [
        ("a time too long ago", format!("time={}", NOW - 301), "TooOld"),
        ("a time longer ago than its fudge", format!("time={}&time_fudge=5", NOW - 6), "TooOld"),
        ("a fudge of a year", format!("time={}&time_fudge=31536000", NOW - 301), "TooOld"),
        (
            "a fudge beyond 64 bits",
            format!("time={}&time_fudge=99999999999999999999", NOW - 301),
            "TooOld",
        ),
        ("a time ahead", format!("time={}", NOW + 61), "Time.Ahead"),
        ("a time that can't be read", "time=now".to_owned(), "Time.Unreadable(time)"),
        ("a fudge that is no number", "time_fudge=5s".to_owned(), "BadTimeFudge"),
        ("a negative fudge", "time_fudge=-5".to_owned(), "BadTimeFudge"),
        ("an expiry that is past", format!("expires_at={NOW}"), "Time.Expired"),
        ("an expiry in milliseconds", format!("expires_at={NOW}000"), "Time.TooFarAhead"),
        ("a raw ;", "a=1;redirect_url=x".to_owned(), "Query.UnencodedCharacter"),
        ("a name with a control character", "a%00=1".to_owned(), "Query.ControlInName"),
    ] {
        cases.push(attack(name, error, query(format!("login=user_1&{text}"))));
    }
}

fn addresses(cases: &mut Vec<Value>) {
    for url in [
        "https://evil.example/",
        "https://app.example/in?a=1",
        "https://app.example/in/",
        "https://app.example/",
        "https://app.example:8443/in",
        "https://app.example.evil.example/in",
        "https://xn--app-8cd.example/in",
        "https://app.example/IN",
        "https://app.example/in#x",
    ] {
        cases.push(attack(format!("redirected to {url}"), "NeedsConsent", redirecting(url)));
        cases.push(attack(
            format!("notified at {url}"),
            "NeedsConsent",
            query(format!("login=user_1&notify_url={}", encoded(url))),
        ));
    }
    for url in [
        "http://app.example/in",
        "http://127.0.0.1/",
        "ftp://app.example/in",
        "javascript:alert(1)",
        "data:text/html,x",
        "//app.example/in",
        "/in",
        "x",
        "",
        "https://user@app.example/in",
        "https://user:password@app.example/in",
        "https://@app.example/in",
        "HTTPS://app.example/in",
        "https://APP.example/in",
        "https://app.example:443/in",
        "https://app.example/a/../in",
        "https://app.example\\in",
        "https:app.example/in",
        "https:///app.example/in",
        " https://app.example/in",
        "https://app.example/in ",
        "https://app.example/\tin",
        "https://аpp.example/in",
        "https://app.example/é",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1%25eth0]/",
        "https://app..example/in",
        "https://app.example/in?authsig=x",
        "https://app.example/in?AUTHSIG=x",
        "https://app.example/in?a=1;authsig=x",
        "https://app.example/in?%61uthsig=x",
    ] {
        cases.push(attack(format!("redirected to {url:?}"), "BadAddress", redirecting(url)));
    }
    let both = "login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin&notify_url=https%3A%2F%2Fevil.example%2F";
    cases.push(attack(
        "notified elsewhere beside a redirect that is allowed",
        "NeedsConsent",
        query(both),
    ));
    let mut forged = redirecting("https://evil.example/");
    for consent in ["", "x", &"A".repeat(43), "true"] {
        forged["consent"] = consent.into();
        cases.push(attack(
            format!("a consent {consent:?} that nobody gave"),
            "NeedsConsent",
            forged.clone(),
        ));
    }
}

fn defaults(cases: &mut Vec<Value>) {
    // `app` and `evil` are stored; `evil` notifies elsewhere, `them` says another login.
    for (name, text, error) in [
        ("a default that is not stored", "default=none", "UnknownDefault(none)"),
        ("a default in a hash", "default[slug]=app", "Query.Lookalike"),
        ("an empty slug", "default=", "BadSlug"),
        ("a slug with a slash", "default=a%2Fb", "BadSlug"),
        ("a slug of 65 characters", &format!("default={}", "a".repeat(65)), "BadSlug"),
        ("17 defaults", &vec!["default[]=app"; 17].join("&"), "TooManyDefaults"),
        ("a default that notifies elsewhere", "default=evil", "NeedsConsent"),
        (
            "a default that notifies elsewhere, before another",
            "default[]=evil&default[]=app",
            "NeedsConsent",
        ),
        ("a default by which a login is given", "default=them&login[]=x", "Query.Lookalike"),
    ] {
        cases.push(attack(name, error, query(format!("login=user_1&{text}"))));
    }
    cases.push(attack("a default that says another login", "WrongLogin", query("default=them")));
}
