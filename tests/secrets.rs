//! What holds a secret or a personal value never shows it: by `Debug`, `Display`, the sources of an error, or a panic.
#![cfg(all(
    feature = "authsig-legacy",
    feature = "axum",
    feature = "blocking",
    feature = "sandbox"
))]

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use civic_sip::authsig::decide::{Authority, Consent, DefaultParams, Defaults, Person, Refusal};
use civic_sip::authsig::{
    self, IdentityVerifier, MemoryGuard, Notification, PrivateKey, Remote, State,
};
use civic_sip::sandbox::Sandbox;
use civic_sip::{
    BoxError, BoxFuture, CivicSip, Error, Reply, SendOptions, Transport, TransportError, UserData,
    UserDataItem, axum, blocking, http, labels,
};

const SIGNING_KEY: &str = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
const SIP_SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";
const LINK_SECRET: &str = "house-secret-of-links";
const SESSION: &str = "session-cookie-of-ada";
const TOKEN: &str = "code-token-from-browser";
const PASSWORD: &str = "hunter2-of-the-proxy";
const LOGIN: &str = "ada.lovelace";
const EMAIL: &str = "ada@example.com";
const USER_ID: &str = "c6d5795f8a059ef5ad29a33a60f8b402";
const STATE: &str = "AAECAwQFBgcICQoLDA0ODw";
const NOW: u64 = 1_800_000_000;

/// Everything that must not be seen, and the forms that it might be seen in.
fn secrets() -> Vec<String> {
    let texts = [
        SIGNING_KEY,
        SIP_SECRET,
        LINK_SECRET,
        SESSION,
        TOKEN,
        PASSWORD,
        LOGIN,
        EMAIL,
        USER_ID,
        STATE,
        "X-Amz-Signature",
        "1815-12-10",
        "P1234567",
        "/callback/of/ada",
        "secret-in-the-body",
        "jkHlonger",
    ];
    let mut forms: Vec<String> = texts.map(str::to_owned).into();
    for text in texts {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        // The beginning, since the rest depends on the length.
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        let numbers = format!("{:?}", text.as_bytes());
        forms.extend([
            hex,
            base64[..base64.len() / 4 * 4 - 4].to_owned(),
            numbers[1..numbers.len() - 1].to_owned(),
        ]);
        forms.push(text.to_uppercase());
        forms.push(text.replace('@', "%40").replace('/', "%2F"));
    }
    // The bytes of keys that were read.
    for hex in [SIGNING_KEY, SIP_SECRET] {
        let bytes: Vec<String> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap().to_string())
            .collect();
        forms.push(bytes.join(", "));
    }
    forms
}

/// Everything that was shown of any type.
#[derive(Default)]
struct Shown {
    text: String,
    types: BTreeSet<String>,
}

impl Shown {
    fn debug(&mut self, name: &str, value: &impl Debug) {
        self.types.insert(name.to_owned());
        writeln!(self.text, "{name}: {value:?} {value:#?}").unwrap();
    }

    fn error(&mut self, name: &str, error: &(impl StdError + 'static)) {
        self.debug(name, error);
        let mut next: Option<&dyn StdError> = Some(error);
        while let Some(error) = next {
            writeln!(self.text, "{name}: {error} {error:?}").unwrap();
            next = error.source();
        }
    }

    fn assert_clean(&self) {
        for secret in secrets() {
            let line = self.text.lines().find(|line| line.contains(&secret));
            assert!(line.is_none(), "{secret:?} is shown: {line:?}");
        }
    }
}

fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Fails with a source that knows the request: nothing of ours may add to what it says.
struct Failing;

impl Transport for Failing {
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async { Err(TransportError::Failed(io::Error::other("broken pipe").into())) })
    }
}

fn user() -> UserData {
    let items = [
        (labels::EMAIL, EMAIL),
        (labels::DOCUMENT_NUMBER, "P1234567"),
        (labels::DOCUMENT_DATE_OF_BIRTH, "1815-12-10"),
    ];
    UserData::new(
        USER_ID,
        items.map(|(label, value)| UserDataItem::new(label, value, true, true)).to_vec(),
    )
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let mut shown = Shown::default();
    exchange(&mut shown);
    links(&mut shown);
    identities(&mut shown);
    decisions(&mut shown);
    others(&mut shown);
    shown.assert_clean();
    assert_eq!(&shown.types.iter().map(String::as_str).collect::<Vec<_>>(), &public_types());
}

/// Each public type of the crate, by its file: a new one has to be shown here, too, or to be listed as harmless.
fn public_types() -> Vec<&'static str> {
    static FOUND: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    // Values without text of anybody's, and types that are never made.
    const HARMLESS: [&str; 8] = [
        "client::Environment",
        "transport::SendOptions",
        "protocol::VerificationError",
        "sandbox::Fault",
        "sandbox::Person",
        "sandbox::ScopeRequest",
        "authsig::RedisGuard",
        "authsig::Claim",
    ];
    let found = FOUND.get_or_init(|| {
        let mut found = Vec::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
        found.retain(|name| !HARMLESS.contains(&name.as_str()));
        found.sort();
        found
    });
    found.iter().map(String::as_str).collect()
}

/// Finds `pub struct` and `pub enum`, below the module at the top.
fn collect(folder: &Path, module: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let top = if module.is_empty() { stem } else { module };
        // Two modules of `authsig` have types of the same names as it.
        let top =
            if module == "authsig" && ["decide", "legacy"].contains(&stem) { stem } else { top };
        if path.is_dir() {
            collect(&path, top, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| {
                let line = line.trim_start();
                let rest =
                    line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
                rest.split(|char: char| !char.is_alphanumeric()).next()
            });
            found.extend(names.map(|name| format!("{top}::{name}")));
        }
    }
}

fn exchange(shown: &mut Shown) {
    let builder = CivicSip::builder()
        .app_id("app42")
        .private_signing_key(SIGNING_KEY)
        .secret(SIP_SECRET)
        .proxy(format!("http://user:{PASSWORD}@127.0.0.1:1"));
    shown.debug("client::CivicSipBuilder", &builder);
    let civic = builder.build().unwrap();
    shown.debug("client::CivicSip", &civic);
    shown.debug("blocking::CivicSip", &blocking::CivicSip::from(civic.clone()));
    let blocking =
        blocking::CivicSip::builder().private_signing_key(SIGNING_KEY).secret(SIP_SECRET);
    shown.debug("blocking::CivicSipBuilder", &blocking);
    let mut config = None;
    // Wrong, so that nothing of the process changes.
    let result = civic_sip::configure(|settings| {
        (settings.private_signing_key, settings.secret) =
            (SIGNING_KEY.to_owned() + "jkHlonger", SIP_SECRET.to_owned());
        config = Some(settings.clone());
    });
    shown.debug("client::Config", &config.unwrap());
    shown.error("error::Error", &result.unwrap_err());

    let request = civic.request(TOKEN).unwrap();
    // The body has the token: that is what a request is for. The header says nothing by itself.
    writeln!(shown.text, "{:?}", request.headers()).unwrap();
    let user = user();
    shown.debug("user_data::UserData", &user);
    shown.debug("user_data::UserDataItem", &user.items()[0]);
    let document = user.identity_document().unwrap();
    shown.debug("user_data::IdentityDocument", &document);
    shown.debug("user_data::OwnedIdentityDocument", &document.to_owned());
    shown.debug("client::Reply", &Reply::UserData(user.clone()));
    let link = format!(
        r#"{{"data":"https://b.s3.amazonaws.com/x?X-Amz-Signature=abc","userId":"{USER_ID}","processed":true}}"#
    );
    let Reply::Payload(link) = civic.response(200, link.into_bytes()).unwrap() else { panic!() };
    shown.debug("client::PayloadLink", &link);

    let error = civic.response(401, b"secret-in-the-body".to_vec()).unwrap_err();
    let Error::Api(api) = &error else { panic!("{error:?}") };
    shown.error("protocol::ApiError", api);
    let elsewhere = format!(
        r#"{{"data":"https://evil.example/?X-Amz-Signature","userId":"{USER_ID}","processed":true}}"#
    );
    for body in
        [EMAIL.to_owned(), elsewhere, format!(r#"{{"userId":"{USER_ID}","data":"{TOKEN}"}}"#)]
    {
        shown.error("error::Error", &civic.response(200, body.into_bytes()).unwrap_err());
    }
    let Error::Malformed(malformed) = civic.request(format!("{TOKEN}\n")).unwrap_err() else {
        panic!()
    };
    shown.error("error::MalformedError", &malformed);

    let wrong = |key: &str, secret: &str| CivicSip::new("app42", key, secret).unwrap_err();
    shown.error("error::Error", &wrong(&SIGNING_KEY[..59], SIP_SECRET));
    shown.error("error::Error", &wrong(SIGNING_KEY, &SIP_SECRET.repeat(2)));
    let proxy = CivicSip::builder().proxy(format!("http://user:{PASSWORD}@")).build();
    shown.error("error::Error", &proxy.unwrap_err());
    let transport: BoxError = "no connection".into();
    shown.error("transport::TransportError", &TransportError::NotSent(transport));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Nobody listens at the proxy, and a transport of one's own fails.
    shown.error("error::Error", &runtime.block_on(civic.exchange_code(TOKEN)).unwrap_err());
    let failing = CivicSip::builder()
        .app_id("app42")
        .private_signing_key(SIGNING_KEY)
        .secret(SIP_SECRET)
        .transport(Failing);
    shown.error(
        "error::Error",
        &runtime.block_on(failing.build().unwrap().exchange_code(TOKEN)).unwrap_err(),
    );
}

fn links(shown: &mut Shown) {
    let signing = authsig::Signer::builder().secret(LINK_SECRET).purpose("x").clock(at(NOW));
    shown.debug("authsig::SignerBuilder", &signing);
    let signer = signing.expires_in(Duration::from_secs(60)).single_use().build().unwrap();
    shown.debug("authsig::Signer", &signer);
    let link = signer.link("/callback/of/ada").param("email", EMAIL).fragment(TOKEN);
    shown.debug("authsig::Link", &link);
    let url = link.sign().unwrap();
    let verifying =
        authsig::Verifier::builder().secret(LINK_SECRET).purpose("x").login(LOGIN).clock(at(NOW));
    shown.debug("authsig::VerifierBuilder", &verifying);
    let strict = verifying.build().unwrap();
    shown.debug("authsig::Verifier", &strict);
    let verifier = authsig::Verifier::builder()
        .secret(LINK_SECRET)
        .purpose("x")
        .clock(at(NOW))
        .build()
        .unwrap();
    let verified = verifier.verify_url(&url).unwrap();
    shown.debug("authsig::Verified", &verified);
    shown.debug("axum::LinkVerifier", &axum::LinkVerifier::new(verifier.clone()).unwrap());

    // Each way to be refused, with personal values in the URL.
    for url in [
        url.clone(),
        url.replace("email", "mail"),
        format!("/?email={EMAIL}"),
        format!("/?{url}"),
        format!("/?login={LOGIN}&login={LOGIN}"),
        format!("/?a={EMAIL};"),
        format!("/?time={EMAIL}"),
        format!("/?expires_at={EMAIL}&signature=v2.{TOKEN}"),
        format!("x{TOKEN}"),
        format!("/{EMAIL}/../"),
        format!("/?a=%zz{EMAIL}"),
        format!("/?signature={TOKEN}"),
        format!("/?a]={EMAIL}]="),
    ] {
        let error = strict.verify_url(&url).unwrap_err();
        shown.error("authsig::VerifyError", &error);
        shown.error("axum::AuthSigRejection", &axum::AuthSigRejection::from(error.clone()));
        match error {
            authsig::VerifyError::Query(error) => shown.error("authsig::QueryError", &error),
            authsig::VerifyError::Url(error) => shown.error("authsig::UrlError", &error),
            authsig::VerifyError::Time(error) => shown.error("authsig::TimeError", &error),
            _ => {}
        }
        if let Err(error) = signer.sign_url(&url) {
            shown.error("authsig::SignError", &error);
        }
    }
    let expired = format!("/?expires_at={NOW}");
    let plain = authsig::Signer::builder().secret(LINK_SECRET).clock(at(NOW - 1)).build().unwrap();
    let expired = authsig::Verifier::builder()
        .secret(LINK_SECRET)
        .clock(at(NOW))
        .build()
        .unwrap()
        .verify_url(&plain.sign_url(&expired).unwrap());
    let authsig::VerifyError::Time(error) = expired.unwrap_err() else { panic!() };
    shown.error("authsig::TimeError", &error);

    let guard = MemoryGuard::new(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(verified.consume(&guard)).unwrap();
    shown.debug("authsig::MemoryGuard", &guard);
    shown.error("authsig::ReplayError", &runtime.block_on(verified.consume(&guard)).unwrap_err());

    shown.debug("authsig::Secret", &authsig::Secret::generate().unwrap());
    let key = PrivateKey::from_hex(SIGNING_KEY).unwrap();
    shown.debug("authsig::PrivateKey", &key);
    shown.debug("authsig::PublicKeys", &key.public_key());
    let wrong = [
        PrivateKey::from_hex(&SIGNING_KEY[1..]).unwrap_err(),
        PrivateKey::from_pem(SIGNING_KEY).unwrap_err(),
        authsig::PublicKeys::from_jwks(&format!(
            r#"{{"keys":[{{"kty":"oct","k":"{LINK_SECRET}"}}]}}"#
        ))
        .unwrap_err(),
        authsig::Signer::builder()
            .secrets([("a", LINK_SECRET), ("b", LINK_SECRET)])
            .build()
            .unwrap_err(),
        authsig::Signer::builder().secret(&LINK_SECRET[..15]).build().unwrap_err(),
        authsig::Verifier::builder()
            .secret(LINK_SECRET)
            .public_url(format!("https://u:{PASSWORD}@h/"))
            .build()
            .unwrap_err(),
    ];
    for error in wrong {
        shown.error("authsig::ConfigError", &error);
        shown.error("authsig::ConfigProblem", &error.problems()[0]);
    }
}

fn identities(shown: &mut Shown) {
    let (base, app) = ("https://id.example/verify", "https://app.example/in");
    let state: State = STATE.parse().unwrap();
    shown.debug("authsig::State", &state);
    let request = authsig::Request::new(base)
        .login(LOGIN)
        .redirect_url(app)
        .state(&state)
        .param("email", EMAIL);
    shown.debug("authsig::Request", &request);
    let query = request.url().unwrap().split_once('?').unwrap().1.to_owned();

    let building =
        Authority::builder(base).private_key(PrivateKey::from_hex(SIGNING_KEY).unwrap()).allow(app);
    shown.debug("decide::AuthorityBuilder", &building);
    let authority = building.build().unwrap();
    shown.debug("decide::Authority", &authority);
    let person = Person::new(LOGIN, SESSION);
    shown.debug("decide::Person", &person);
    let now = at(NOW)();
    let signed = authority.decide(&query, Some(&person), &Defaults::new(), None, now).unwrap();
    shown.debug("decide::Signed", &signed);

    let building = IdentityVerifier::builder(base)
        .public_keys(PrivateKey::from_hex(SIGNING_KEY).unwrap().public_key())
        .audience(app)
        .clock(at(NOW));
    shown.debug("authsig::IdentityVerifierBuilder", &building.clone().login(LOGIN));
    let by_secret = IdentityVerifier::builder(base).secret(LINK_SECRET).audience(app);
    shown.debug("authsig::IdentityVerifierBuilder", &by_secret);
    shown.debug("authsig::IdentityVerifier", &by_secret.build().unwrap());
    let verifier = building.build().unwrap();
    shown.debug("authsig::IdentityVerifier", &verifier);
    shown.debug("authsig::Identity", &verifier.log_in(signed.url(), &state).unwrap());
    let body =
        format!(r#"{{"verified":true,"url":"{}","data":{{"email":"{EMAIL}"}}}}"#, signed.url());
    shown.debug("authsig::Notification", &Notification::parse(&body).unwrap());
    shown.error("authsig::VerifyError", &Notification::parse(&body[..body.len() - 1]).unwrap_err());
    shown.error("authsig::VerifyError", &"AAECAwQFBgcICQoLDA0ODwAA".parse::<State>().unwrap_err());

    let building = Remote::builder(base).audience(app).login(LOGIN).transport(Failing);
    shown.debug("authsig::RemoteBuilder", &building);
    let remote = building.build().unwrap();
    shown.debug("authsig::Remote", &remote);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    shown.error(
        "authsig::RemoteError",
        &runtime.block_on(remote.verify_url(signed.url())).unwrap_err(),
    );
    legacy(shown);
}

fn legacy(shown: &mut Shown) {
    use civic_sip::authsig::legacy::{Signer, Verifier};

    let signing = Signer::builder().secret(LINK_SECRET).cost(4);
    shown.debug("legacy::SignerBuilder", &signing);
    shown.debug("legacy::Signer", &signing.build().unwrap());
    let verifying = Verifier::builder().secret(LINK_SECRET);
    shown.debug("legacy::VerifierBuilder", &verifying);
    let verifier = verifying.build().unwrap();
    shown.debug("legacy::Verifier", &verifier);
    let signature = "signature=$2a$31$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    for query in [
        format!("email={EMAIL}"),
        format!("login={LOGIN}&a[b]={EMAIL}"),
        format!("login={LOGIN}&default={EMAIL}"),
        format!("login={LOGIN}&{signature}"),
        format!("login={LOGIN}&a={}{EMAIL}&{signature}", ":".repeat(300)),
    ] {
        let error = verifier.verify_query(&query).unwrap_err();
        shown.error("authsig::VerifyError", &error);
        let authsig::VerifyError::Legacy(error) = error else { panic!("{error:?}") };
        shown.error("legacy::LegacyError", &error);
    }
}

fn decisions(shown: &mut Shown) {
    let authority = Authority::builder("https://id.example/verify")
        .private_key(PrivateKey::from_hex(SIGNING_KEY).unwrap())
        .build()
        .unwrap();
    let person = Person::new(LOGIN, SESSION);
    let json = format!(
        r#"{{"secret":"{LINK_SECRET}","notify_url":"https://app.example/callback/of/ada","email":"{EMAIL}"}}"#
    );
    let params = DefaultParams::from_json(json).unwrap();
    shown.debug("decide::DefaultParams", &params);
    let defaults = Defaults::from([("app".to_owned(), params)]);
    let decide = |query: &str, consent: Option<&Consent>| {
        authority.decide(query, Some(&person), &defaults, consent, at(NOW)())
    };
    let query = format!("login={LOGIN}&email={EMAIL}&default=app");
    let refusal = decide(&query, None).unwrap_err();
    shown.error("decide::Refusal", &refusal);
    let Refusal::NeedsConsent(question) = refusal else { panic!() };
    shown.debug("decide::ConsentRequest", &question);
    shown.debug("decide::Consent", question.consent());
    writeln!(shown.text, "{:?}", Consent::new(SESSION)).unwrap();
    let signed = decide(&query, Some(question.consent())).unwrap();
    shown.debug("decide::Signed", &signed);
    let delivery = signed.notification().unwrap();
    shown.debug("decide::Delivery", delivery);
    for query in [
        format!("login={EMAIL}"),
        format!("login={LOGIN}&service={EMAIL}"),
        format!("login={LOGIN}&redirect_url=http://{EMAIL}/"),
        format!("login={LOGIN}&time={EMAIL}"),
        format!("login={LOGIN}&provides={EMAIL}"),
        format!("login={LOGIN}&time_fudge={EMAIL}"),
        format!("login={LOGIN}&secret={LINK_SECRET}"),
    ] {
        shown.error("decide::Refusal", &decide(&query, None).unwrap_err());
    }
    for json in [
        format!(r#"{{"secret":"{}"}}"#, &LINK_SECRET[..9]),
        format!(r#"{{"login":["{LOGIN}","{EMAIL}"]}}"#),
        format!(r#"{{"audience":"{EMAIL}"}}"#),
    ] {
        shown.error("decide::DefaultError", &DefaultParams::from_json(json).unwrap_err());
    }

    let building = authsig::Notifier::builder().allow_origin("http://127.0.0.1:9");
    shown.debug("decide::NotifierBuilder", &building);
    let notifier = building.build().unwrap();
    shown.debug("decide::Notifier", &notifier);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(async {
        let local =
            authsig::decide::Delivery::new("https://127.0.0.1/callback/of/ada", delivery.body());
        notifier.send(&local).await.unwrap_err()
    });
    shown.error("decide::NotifyError", &refused);
}

fn others(shown: &mut Shown) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let building = Sandbox::builder().seed(LINK_SECRET);
        shown.debug("sandbox::SandboxBuilder", &building);
        let sandbox = building.start().await.unwrap();
        shown.debug("sandbox::Sandbox", &sandbox);
        let debug = format!("{sandbox:?} {sandbox:#?}");
        assert!(
            !debug.contains(sandbox.secret()) && !debug.contains(sandbox.private_signing_key())
        );

        // A notifier that is answered.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = ::axum::Router::new().fallback(async || [("x-login", LOGIN)]);
        let server = tokio::spawn(::axum::serve(listener, app).into_future());
        let notifier = authsig::Notifier::builder().allow_origin(&origin).build().unwrap();
        let delivery = authsig::decide::Delivery::new(format!("{origin}/callback/of/ada"), EMAIL);
        shown.debug("decide::NotifyResponse", &notifier.send(&delivery).await.unwrap());
        server.abort();
    });
    extractors(shown);
}

/// A kind of link, for the extractors.
enum Invitation {}

impl axum::LinkKind<axum::LinkVerifier> for Invitation {
    type Guard = MemoryGuard;

    fn verifier(state: &axum::LinkVerifier) -> &axum::LinkVerifier {
        state
    }

    fn guard(_: &axum::LinkVerifier) -> &MemoryGuard {
        static GUARD: std::sync::LazyLock<MemoryGuard> =
            std::sync::LazyLock::new(|| MemoryGuard::new(8));
        &GUARD
    }
}

fn extractors(shown: &mut Shown) {
    use ::axum::extract::FromRequestParts as _;

    let signing = authsig::Signer::builder().secret(LINK_SECRET).purpose("x");
    let signer = signing.expires_in(Duration::from_secs(60)).single_use().build().unwrap();
    let url = signer.link("/callback/of/ada").param("email", EMAIL).sign().unwrap();
    let verifier = authsig::Verifier::builder().secret(LINK_SECRET).purpose("x").build().unwrap();
    let state = axum::LinkVerifier::new(verifier).unwrap();
    let request = http::Request::post(url).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let link =
            axum::AuthSig::<Invitation>::from_request_parts(&mut parts, &state).await.unwrap();
        shown.debug("axum::AuthSig", &link);
        let link =
            axum::SingleUse::<Invitation>::from_request_parts(&mut parts, &state).await.unwrap();
        shown.debug("axum::SingleUse", &link);
        let used = axum::SingleUse::<Invitation>::from_request_parts(&mut parts, &state)
            .await
            .unwrap_err();
        shown.error("axum::AuthSigRejection", &used);
    });
}

/// What a program prints that unwraps what it must not.
#[test]
fn a_panic_shows_no_more_than_debug() {
    let user = user();
    let civic = CivicSip::new("app42", SIGNING_KEY, SIP_SECRET).unwrap();
    let panics: [Box<dyn FnOnce() + std::panic::UnwindSafe>; 3] = [
        Box::new(move || panic!("{user:?}")),
        Box::new(|| drop(CivicSip::new("app42", &SIGNING_KEY[1..9], SIP_SECRET).unwrap())),
        Box::new(std::panic::AssertUnwindSafe(move || {
            drop(civic.response(200, EMAIL.into()).unwrap())
        })),
    ];
    let mut shown = Shown::default();
    for panic in panics {
        let payload = std::panic::catch_unwind(panic).unwrap_err();
        writeln!(shown.text, "{}", payload.downcast_ref::<String>().unwrap()).unwrap();
    }
    assert!(
        shown.text.contains("UserData") && shown.text.contains("private_signing_key"),
        "{}",
        shown.text
    );
    shown.assert_clean();
}
