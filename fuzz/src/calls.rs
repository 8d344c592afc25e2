//! The calls of the library that are fuzzed. This file is compiled once for each backend.

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::civic_sip::authsig::decide::{
    Authority, Consent, DefaultParams, Defaults, Person, Refusal,
};
use super::civic_sip::authsig::{
    IdentityVerifier, MemoryGuard, Notification, PrivateKey, PublicKeys, Request, Signer, State,
    Verified, Verifier, legacy,
};
use super::civic_sip::{CivicSip, Reply, UserData};
use crate::plain::{self, Asked, Scope};
use crate::setup::*;

fn at(seconds: u64) -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

// Exchanges.

static CLIENT: LazyLock<CivicSip> = LazyLock::new(|| {
    CivicSip::builder()
        .app_id(APP_ID)
        .private_signing_key(PRIVATE_SIGNING_KEY)
        .secret(SIP_SECRET)
        .sip_public_key(hex::encode(crate::oracle::point(&SERVER_KEY)))
        .clock(at(EXCHANGE))
        .build()
        .unwrap()
});

/// The kind of an error and all that it says. No input makes it one of configuration.
fn exchange_error(error: super::civic_sip::Error) -> String {
    let kinds = [
        ("Api", error.is_api()),
        ("Verification", error.is_verification()),
        ("Decryption", error.is_decryption()),
        ("Malformed", error.is_malformed()),
    ];
    let kinds: Vec<_> = kinds.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    assert_eq!(kinds.len(), 1, "{error:?}");
    assert_eq!(error.is_retryable(), error.status() == Some(429), "{error:?}");
    assert!(error.body().is_none_or(|body| body.len() <= 4096));
    format!("{} {:?} {error}", kinds[0], error.status())
}

fn user(user: &UserData) -> plain::User {
    for item in user.items() {
        let trusted = user.trusted(item.label());
        let same = user.items().iter().filter(|other| other.label() == item.label()).count();
        let is_trusted = same == 1 && item.is_valid() && item.is_owner() && item.value() != "";
        assert_eq!(trusted, is_trusted.then_some(item.value()));
    }
    if let Some(document) = user.identity_document() {
        let owned = document.to_owned();
        assert_eq!(format!("{document:?}").len(), format!("{:?}", document.clone()).len());
        drop((document.image(), owned));
    }
    let (_, _, _) = (user.email(), user.phone_number(), user.verification_level());
    assert!(!format!("{user:?}").is_empty());
    plain::User { id: user.user_id().to_owned(), items: items(user) }
}

fn items(user: &UserData) -> Vec<plain::Item> {
    let item = |item: &super::civic_sip::UserDataItem| {
        (item.label().to_owned(), item.value().to_owned(), item.is_valid(), item.is_owner())
    };
    user.items().iter().map(item).collect()
}

pub(crate) fn response(status: u16, body: &[u8]) -> Result<plain::Reply, String> {
    match CLIENT.response(status, body.to_vec()).map_err(exchange_error)? {
        Reply::UserData(data) => Ok(plain::Reply::User(user(&data))),
        Reply::Payload(link) => Ok(plain::Reply::Link(link.url().to_owned())),
        other => panic!("{other:?}"),
    }
}

/// Opens a payload: the token by itself.
pub(crate) fn payload(envelope: &[u8], status: u16, body: &[u8]) -> Result<plain::User, String> {
    match CLIENT.response(200, envelope.to_vec()) {
        Ok(Reply::Payload(link)) => {
            link.open(status, body.to_vec()).map(|data| user(&data)).map_err(exchange_error)
        }
        other => panic!("{other:?}"),
    }
}

/// A request for this token: its body, and whether there is one.
pub(crate) fn request(token: &str) -> Result<Vec<u8>, String> {
    CLIENT.request(token).map(|request| request.into_body()).map_err(exchange_error)
}

/// User data that an app stored.
pub(crate) fn stored(json: &[u8]) -> Option<plain::User> {
    let data: UserData = serde_json::from_slice(json).ok()?;
    let written = serde_json::to_string(&data).unwrap();
    assert!(serde_json::from_str::<UserData>(&written).unwrap() == data);
    Some(user(&data))
}

// Links.

static PRIVATE_KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::from_hex(&hex::encode(SERVER_KEY)).unwrap());

fn signer(scope: Scope<'_>) -> Result<Signer, String> {
    let mut builder = Signer::builder().clock(at(NOW));
    builder = if scope.public {
        builder.private_key(PRIVATE_KEY.clone())
    } else {
        builder.secret(LINK_SECRET)
    };
    if scope.public_url {
        builder = builder.public_url(PUBLIC_URL);
    }
    if !scope.purpose.is_empty() {
        builder = builder.purpose(scope.purpose);
    }
    builder.build().map_err(debug)
}

fn verifier(scope: Scope<'_>) -> Result<Verifier, String> {
    let mut builder = Verifier::builder().clock(at(NOW));
    builder = if scope.public {
        builder.public_keys(PRIVATE_KEY.public_key())
    } else {
        builder.secret(LINK_SECRET)
    };
    if scope.public_url {
        builder = builder.public_url(PUBLIC_URL);
    }
    if !scope.purpose.is_empty() {
        builder = builder.purpose(scope.purpose);
    }
    builder.build().map_err(debug)
}

fn link(verified: &Verified) -> plain::Link {
    assert!(!format!("{verified:?}").is_empty());
    plain::Link {
        pairs: pairs(verified.iter()),
        login: verified.login().map(str::to_owned),
        service: verified.service().to_owned(),
        time: verified.time().map(|time| time.timestamp()),
        expires_at: verified.expires_at().map(|time| time.timestamp()),
        key_id: verified.key_id().map(str::to_owned),
    }
}

fn pairs<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> plain::Pairs {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(crate) fn sign_query(scope: Scope<'_>, query: &str) -> Result<String, String> {
    signer(scope)?.sign_query(query).map_err(debug)
}

pub(crate) fn sign_url(scope: Scope<'_>, url: &str) -> Result<String, String> {
    signer(scope)?.sign_url(url).map_err(debug)
}

pub(crate) fn verify_query(scope: Scope<'_>, query: &str) -> Result<plain::Link, String> {
    verifier(scope)?.verify_query(query).map(|verified| link(&verified)).map_err(debug)
}

pub(crate) fn verify_url(scope: Scope<'_>, url: &str) -> Result<plain::Link, String> {
    verifier(scope)?.verify_url(url).map(|verified| link(&verified)).map_err(debug)
}

/// A verifier with every kind of key, which ignores a parameter.
pub(crate) fn verify_query_by_all(purpose: &str, query: &str) -> Result<plain::Link, String> {
    let mut builder = Verifier::builder()
        .clock(at(NOW))
        .secrets([("new", OTHER_SECRET), ("old", LINK_SECRET)])
        .public_keys(PRIVATE_KEY.public_key())
        .ignore(["utm_source"]);
    if !purpose.is_empty() {
        builder = builder.purpose(purpose);
    }
    let verifier = builder.build().map_err(debug)?;
    verifier.verify_query(query).map(|verified| link(&verified)).map_err(debug)
}

static DEMANDING: LazyLock<Verifier> = LazyLock::new(|| {
    let verifier = Verifier::builder().clock(at(NOW)).secret(LINK_SECRET);
    let verifier = verifier.login("user_1").require("a").require_expiry();
    verifier.max_age(Duration::from_secs(60)).build().unwrap()
});

/// Verifies what `user_1` may do, that has an `a`, an expiry and a `time` within a minute.
pub(crate) fn verify_demanding(query: &str) -> Result<plain::Link, String> {
    DEMANDING.verify_query(query).map(|verified| link(&verified)).map_err(debug)
}

static SINGLE_USE: LazyLock<Signer> = LazyLock::new(|| {
    let signer = Signer::builder().clock(at(NOW)).secret(LINK_SECRET);
    signer.expires_in(Duration::from_secs(600)).single_use().build().unwrap()
});

/// Signs a link for a single use, and uses it up. Returns its expiry.
pub(crate) fn sign_once(query: &str) -> Result<Option<i64>, String> {
    let signed = SINGLE_USE.sign_query(query).map_err(debug)?;
    let scope = Scope { public: false, public_url: false, purpose: "" };
    let verified = verifier(scope)?.verify_query(&signed).unwrap();
    let guard = MemoryGuard::new(8);
    assert_eq!(at_once(verified.consume(&guard)).map_err(debug), Ok(()));
    assert!(at_once(verified.consume(&guard)).is_err());
    Ok(link(&verified).expires_at)
}

/// Uses up a link that somebody signed: neither without a nonce and an expiry, nor twice.
pub(crate) fn consume(query: &str) -> Result<(), String> {
    let scope = Scope { public: false, public_url: false, purpose: "" };
    let verified = verifier(scope)?.verify_query(query).map_err(debug)?;
    let guard = MemoryGuard::new(8);
    at_once(verified.consume(&guard)).map_err(debug)?;
    assert!(at_once(verified.consume(&guard)).is_err());
    assert!(verified.expires_at().is_some() && verified.get("nonce").is_some());
    Ok(())
}

/// The result of work that waits for nothing.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

/// Builds a link with a text in each of its parts.
pub(crate) fn build_link(text: &str) -> Result<String, String> {
    let scope = Scope { public: false, public_url: true, purpose: "" };
    let signer = signer(scope)?;
    let link = signer.link("/x").segment(text).param("p", text).fragment(text);
    assert!(!format!("{link:?}").is_empty());
    link.sign().map_err(debug)
}

/// Signs and verifies under any secret of any id, for any purpose; what a verifier without these says, too.
pub(crate) fn sign_with(
    (id, secret, purpose): (&str, &str, &str),
    query: &str,
) -> Result<(String, plain::Link), String> {
    let signer = Signer::builder()
        .clock(at(NOW))
        .secrets([(id, secret)])
        .purpose(purpose)
        .build()
        .map_err(debug)?;
    let signed = signer.sign_query(query).map_err(debug)?;
    let verifying = || Verifier::builder().clock(at(NOW));
    let verifier = verifying().secrets([(id, secret)]).purpose(purpose).build().unwrap();
    for other in [
        verifying().secrets([(id, secret)]).build().unwrap(),
        verifying().secrets([(id, secret)]).purpose(format!("{purpose}x")).build().unwrap(),
        verifying().secrets([(id, format!("{secret}x"))]).purpose(purpose).build().unwrap(),
        verifying().secrets([("another", secret)]).purpose(purpose).build().unwrap(),
    ] {
        assert!(id == "another" || other.verify_query(&signed).is_err());
    }
    let verified = verifier.verify_query(&signed).unwrap();
    Ok((signed, link(&verified)))
}

/// The ids of a key set.
pub(crate) fn jwk_set(text: &str) -> Result<Vec<String>, String> {
    let keys = PublicKeys::from_jwks(text).map_err(debug)?;
    let ids = |keys: &PublicKeys| keys.ids().map(str::to_owned).collect::<Vec<_>>();
    let again = PublicKeys::from_jwks(&keys.to_jwks()).unwrap();
    assert_eq!(ids(&again), ids(&keys));
    assert_eq!(again.to_jwks(), keys.to_jwks());
    Ok(ids(&keys))
}

/// The public part of a private key, in PEM or hex.
pub(crate) fn private_key(text: &str) -> [Result<String, String>; 2] {
    [PrivateKey::from_pem(text), PrivateKey::from_hex(text)].map(|key| {
        let key = key.map_err(debug)?;
        assert_eq!(PrivateKey::from_pem(&key.to_pem()).unwrap().to_pem(), key.to_pem());
        Ok(key.public_key().to_jwks())
    })
}

// Identities.

fn identity(identity: &super::civic_sip::authsig::Identity) -> plain::Identity {
    plain::Identity {
        login: identity.login().to_owned(),
        service: identity.service().to_owned(),
        time: identity.time().map(|time| time.timestamp()),
        expires_at: identity.expires_at().map(|time| time.timestamp()),
        audience: identity.audience().map(str::to_owned).collect(),
        params: pairs(identity.params()),
    }
}

static IDENTITIES: LazyLock<IdentityVerifier> = LazyLock::new(|| {
    IdentityVerifier::builder(BASE)
        .public_keys(PRIVATE_KEY.public_key())
        .audience("https://app.example/in")
        .clock(at(NOW))
        .build()
        .unwrap()
});

pub(crate) fn notification(body: &[u8]) -> Result<plain::Notification, String> {
    let notification = Notification::parse(body).map_err(debug)?;
    let outcome = notification.verify(&IDENTITIES);
    Ok(plain::Notification {
        url: notification.url().to_owned(),
        data: notification.data().map(str::to_owned),
        identity: outcome.map(|outcome| identity(&outcome)).map_err(debug),
    })
}

/// Verifies an identity for everything but a login, and for a login.
pub(crate) fn verify_identity(url: &str, state: &str) -> [Result<plain::Identity, String>; 2] {
    let logged_in = match state.parse::<State>() {
        Ok(state) => IDENTITIES.log_in(url, &state).map_err(debug),
        Err(error) => Err(debug(error)),
    };
    [IDENTITIES.verify_url(url).map_err(debug), logged_in]
        .map(|outcome| outcome.map(|outcome| identity(&outcome)))
}

/// A request of an app to log somebody in.
pub(crate) fn request_url(login: &str, redirect: &str, value: &str) -> Result<String, String> {
    let request = Request::new(BASE).login(login).redirect_url(redirect).param("note", value);
    request.url().map_err(debug)
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    Authority::builder(BASE)
        .private_key(PRIVATE_KEY.clone())
        .allow("https://app.example/in")
        .build()
        .unwrap()
});

pub(crate) fn decide(asked: Asked<'_>) -> plain::Decision {
    let slugs = super::civic_sip::authsig::decide::slugs(asked.query);
    let mut defaults = Vec::new();
    for (slug, json) in ["app", "more"].into_iter().zip(asked.defaults) {
        if let Ok(params) = DefaultParams::from_json(json) {
            defaults.push((slug.to_owned(), params));
        }
    }
    let defaults: Defaults = defaults.into_iter().collect();
    let person = Person::new(asked.login, asked.session).with_service(asked.service);
    let person = (!asked.login.is_empty()).then_some(&person);
    let consent = (!asked.consent.is_empty()).then(|| Consent::new(asked.consent));
    let leads_to = super::civic_sip::authsig::decide::redirect_url(asked.query, &defaults);
    match AUTHORITY.decide(asked.query, person, &defaults, consent.as_ref(), at(NOW)()) {
        Ok(signed) => {
            assert!(slugs.is_ok());
            assert_eq!(leads_to.unwrap().is_some(), signed.redirect().is_some());
            if consent.is_none() {
                let mut addresses = signed.audience();
                assert!(addresses.all(|address| AUTHORITY.allows(address)));
            }
            let (_, query) = signed.url().split_once('?').unwrap();
            let mut params = pairs(signed.params());
            params.retain(|(name, _)| name != "signature");
            let target = |text: &str| {
                let url = url::Url::parse(text).unwrap();
                let (name, value) = url.query_pairs().last().unwrap();
                assert_eq!((&*name, &*value), ("authsig", signed.url()));
                let (before, _) = text.rsplit_once("authsig=").unwrap();
                before.trim_end_matches(['?', '&']).to_owned()
            };
            plain::Decision::Signed {
                params,
                redirects_to: signed.redirect().map(target),
                notifies: signed.notification().map(|delivery| {
                    let notification = Notification::parse(delivery.body()).unwrap();
                    assert_eq!(notification.url(), signed.url());
                    delivery.address().to_owned()
                }),
                audience: signed.audience().map(str::to_owned).collect(),
                identity: AUTHORITY
                    .verify(query, at(NOW)())
                    .map(|outcome| identity(&outcome))
                    .map_err(debug),
            }
        }
        Err(Refusal::NeedsConsent(request)) => {
            assert_eq!(leads_to.unwrap().is_some(), request.redirect_url().is_some());
            plain::Decision::Consent {
                redirect: request.redirect_url().map(str::to_owned),
                notify: request.notify_url().map(str::to_owned),
                params: pairs(request.params()),
                consent: request.consent().as_str().to_owned(),
            }
        }
        Err(refusal) => plain::Decision::Refused(debug(refusal)),
    }
}

// The original's signature.

const NAMES: [&str; 5] = ["login", "service", "time", "time_fudge", "redirect_url"];

static LEGACY: LazyLock<[legacy::Verifier; 2]> = LazyLock::new(|| {
    let builder = || legacy::Verifier::builder().secret(LINK_SECRET).max_cost(4).clock(at(NOW));
    [builder().build().unwrap(), builder().only_names(NAMES).build().unwrap()]
});

pub(crate) fn verify_legacy(query: &str, only_names: bool) -> Result<plain::Identity, String> {
    let outcome = LEGACY[usize::from(only_names)].verify_query(query).map_err(debug)?;
    Ok(identity(&outcome))
}

static LEGACY_DEMANDING: LazyLock<legacy::Verifier> = LazyLock::new(|| {
    let builder = legacy::Verifier::builder().secret(LINK_SECRET).max_cost(4).clock(at(NOW));
    let builder = builder.logins(|login| login.starts_with("user_"));
    builder.max_age(Duration::from_secs(60)).build().unwrap()
});

/// Verifies for logins that begin with `user_`, and a `time` within a minute.
pub(crate) fn verify_legacy_demanding(query: &str) -> Result<plain::Identity, String> {
    LEGACY_DEMANDING.verify_query(query).map(|outcome| identity(&outcome)).map_err(debug)
}

static LEGACY_SIGNER: LazyLock<[legacy::Signer; 2]> = LazyLock::new(|| {
    let builder = || legacy::Signer::builder().secret(LINK_SECRET).cost(4);
    [builder().build().unwrap(), builder().only_names(NAMES).build().unwrap()]
});

/// The signed query, without the signature's salt and hash.
pub(crate) fn sign_legacy(query: &str, only_names: bool) -> Result<(), String> {
    LEGACY_SIGNER[usize::from(only_names)].sign_query(query).map(|_| ()).map_err(debug)
}

/// The same, to be verified by both backends.
pub(crate) fn signed_legacy(query: &str, only_names: bool) -> String {
    LEGACY_SIGNER[usize::from(only_names)].sign_query(query).unwrap()
}
