//! What holds of every answer.

use axum::http::Uri;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use url::{Url, form_urlencoded};

use super::world::{APP, Answer, PEOPLE, STORED, STRANGER, URL, World};
use super::{Step, contains};

const VERIFIED: &str = "https://id.example/verify/verified?";

/// The tags of all pages.
const TAGS: [&str; 44] = [
    "a", "body", "button", "code", "dd", "details", "div", "dl", "dt", "fieldset", "form", "h1",
    "h2", "h3", "head", "header", "html", "img", "input", "label", "legend", "li", "link", "main",
    "meta", "nav", "noscript", "ol", "output", "p", "script", "section", "span", "strong",
    "summary", "table", "tbody", "td", "th", "thead", "title", "tr", "ul", "footer",
];

/// The scripts of all pages.
const SCRIPTS: [&str; 3] =
    ["/assets/home.js", "/assets/civic.js", "https://hosted-sip.civic.com/js/civic.sip.min.js"];

impl World {
    /// Checks an answer, and notes what it changed.
    pub(super) async fn check(&mut self, step: &Step, answer: &Answer) {
        let status = answer.status;
        assert!((200..500).contains(&status), "{step:?}: {answer:?}");
        let who = self.who(step);
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        self.check_secrets(step, answer, &who);
        check_page(step, answer);
        self.check_location(step, answer);
        self.note_signed(answer, &who);
        let path = path(step);
        if path == "/verify/verified" && status == 200 {
            let uri = Uri::try_from(&*step.target).expect("it was sent");
            let pairs = unsigned(uri.query().unwrap_or_default());
            assert!(self.signed.contains(&pairs), "never signed: {step:?}");
        }
        if status == 201 {
            assert!(path == "/defaults" && who.contains(&"user_1"), "{step:?}: {answer:?}");
            self.is_changed = true;
        }
        self.check_cookies(step, answer, &who).await;
        if step.method != b"GET" && status < 400 {
            self.is_logged_out |= path.starts_with("/session") || path.starts_with("/account");
            let changes = ["/users", "/account/password", "/account/delete"].contains(&&*path);
            self.is_changed |= changes && (path == "/users" || !who.is_empty());
        }
    }

    /// Whose sessions the cookies have.
    fn who(&self, step: &Step) -> Vec<String> {
        let sessions = self.sessions.iter().filter(|(secret, _)| step.has_cookie(secret));
        sessions.map(|(_, login)| login.clone()).collect()
    }

    fn check_secrets(&self, step: &Step, answer: &Answer, who: &[&str]) {
        let shows = |text: &str| {
            let mut headers = answer.headers.values();
            contains(&answer.body, text) || headers.any(|value| contains(value.as_bytes(), text))
        };
        for secret in &self.secrets {
            assert!(!shows(secret) || step.shows(secret), "a secret: {step:?}: {answer:?}");
        }
        if who.is_empty() {
            assert!(
                !shows("stored.example") || step.shows("stored.example"),
                "{STORED}: {step:?}: {answer:?}"
            );
        }
        let [(_, password, _), _] = PEOPLE;
        for text in self.sessions.keys().map(String::as_str).chain([password]) {
            assert!(
                !contains(&answer.body, text) || step.shows(text),
                "a session: {step:?}: {answer:?}"
            );
        }
    }

    /// Nobody is sent to another site, but with a signed URL to those that may have it.
    fn check_location(&self, step: &Step, answer: &Answer) {
        let Some(location) = answer.headers.get(LOCATION) else { return };
        let location = location.to_str().expect("ASCII");
        let target = Url::parse(URL).expect("a URL").join(location).expect("an address");
        if target.origin().ascii_serialization() == URL {
            assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
            return;
        }
        let at = location.rfind("authsig=").unwrap_or_else(|| panic!("{step:?}: {answer:?}"));
        let address = location[..at].trim_end_matches(['?', '&']);
        let agreed = step.method == b"POST"
            && path(step) == "/verify/consent"
            && contains(&step.body, &self.consent);
        assert!(address == APP || (address == STRANGER && agreed), "{step:?}: {answer:?}");
    }

    /// Notes the URLs that are signed in an answer, which say who has the session of the request.
    pub(super) fn note_signed(&mut self, answer: &Answer, who: &[&str]) {
        let mut texts = vec![String::from_utf8_lossy(&answer.body).replace("&#38;", "&")];
        if let Some(location) = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
            let (_, query) = location.split_once('?').unwrap_or_default();
            texts.extend(form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into()));
        }
        for text in &texts {
            for (at, _) in text.match_indices(VERIFIED) {
                let url = text[at..].split(['"', '<', ' ']).next().unwrap_or_default();
                let pairs = unsigned(&url[VERIFIED.len()..]);
                if self.signed.contains(&pairs) {
                    continue;
                }
                let Ok(identity) = self.verifier.verify_url(url) else { continue };
                assert!(who.contains(&identity.login()), "signed for {who:?}: {url}");
                self.signed.insert(pairs);
            }
        }
    }

    /// A session begins with the right password alone, and is that person's.
    async fn check_cookies(&mut self, step: &Step, answer: &Answer, who: &[&str]) {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII");
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let (value, attributes) = rest.split_once("; ").expect("attributes");
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(attributes.split("; ").any(|one| one == attribute), "{cookie}");
            }
            match (name, value) {
                (_, "") => assert!(attributes.contains("Max-Age=0"), "{cookie}"),
                ("__Host-authsig-civic", _) => {
                    assert_eq!(path(step), "/session/civic");
                    self.attempt = value.to_owned();
                }
                ("__Host-authsig", _) => {
                    let login = self.proven(step, who).unwrap_or_else(|| {
                        panic!("a session without a password: {step:?}: {answer:?}")
                    });
                    let url = "/verify/request?provides=login";
                    self.sessions.insert(value.to_owned(), login.clone());
                    let answer = self.get(url, value).await;
                    assert!(contains(&answer.body, &format!("login={login}&")), "{step:?}");
                    self.note_signed(&answer, &[&login]);
                    self.session = value.to_owned();
                    self.is_logged_out = true;
                }
                _ => panic!("{cookie}: {step:?}"),
            }
        }
    }

    /// Whose password a form has that begins a session.
    fn proven(&mut self, step: &Step, who: &[&str]) -> Option<String> {
        let field = |name: &str| {
            let mut values = form_urlencoded::parse(&step.body).filter(|(other, _)| other == name);
            values.next().map(|(_, value)| value).filter(|_| values.next().is_none())
        };
        if step.method != b"POST" {
            return None;
        }
        let password = field("password")?;
        let login = || Some(field("login")?.trim_matches(' ').to_ascii_lowercase());
        match &*path(step) {
            "/session" => login()
                .filter(|login| self.passwords.get(login).is_some_and(|right| *right == password)),
            "/users" => {
                let login = login()?;
                let old = self.passwords.insert(login.clone(), password.into());
                old.is_none().then_some(login)
            }
            "/account/password" => {
                let [login] = who else { return None };
                let new = field("new_password")?.into_owned();
                let old = self.passwords.insert((*login).to_owned(), new)?;
                (old == password).then(|| (*login).to_owned())
            }
            _ => None,
        }
    }
}

/// Every answer says what it may do, and no page has a tag or a script that its template has not.
fn check_page(step: &Step, answer: &Answer) {
    let policy = answer.headers.get(CONTENT_SECURITY_POLICY).map(|policy| policy.to_str());
    let Some(Ok(policy)) = policy else { panic!("no policy: {step:?}: {answer:?}") };
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let kind = answer.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    if !kind.starts_with(b"text/html") {
        return;
    }
    let directives: Vec<&str> = policy.split("; ").collect();
    assert_eq!(directives.len(), 9, "{step:?}: {policy}");
    assert!(directives[1].starts_with("script-src 'self'") && !directives[1].contains("unsafe"));
    let text = answer.text();
    for (at, _) in text.match_indices('<') {
        let tag = &text[at + 1..];
        if tag.starts_with(['/', '!']) {
            continue;
        }
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
        assert!(TAGS.contains(&name), "{step:?}: {tag}");
        let has_handler = tag.split('"').step_by(2).any(|outside| outside.contains(" on"));
        assert!(!has_handler, "{step:?}: {tag}");
        if name == "script" {
            let script = tag.strip_prefix("script src=\"").and_then(|tag| tag.strip_suffix('"'));
            assert!(script.is_some_and(|script| SCRIPTS.contains(&script)), "{step:?}: {tag}");
        }
    }
}

/// The path as the router sees it.
fn path(step: &Step) -> String {
    Uri::try_from(&*step.target).map_or_else(|_| String::new(), |uri| uri.path().to_owned())
}

/// The parameters of a query, without the signature.
fn unsigned(query: &str) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| name != "signature").map(|(a, b)| (a.into(), b.into())).collect()
}
