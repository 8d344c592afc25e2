//! Requests and responses of the exchange.

use std::hint::black_box;
use std::net::SocketAddr;

use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, CivicSipBuilder, Reply, UserData, UserDataItem};
use p256::elliptic_curve::sec1::ToSec1Point as _;

use crate::floor::{CbcDecrypt, Operations, Signing, Verifying, sha256};
use crate::measure::{Row, compare, compare_with};

/// A sandbox makes the answers; it is asked before anything is measured.
pub struct Fixture {
    pub civic: CivicSip,
    pub token: String,
    app_id: String,
    private_signing_key: String,
    secret: String,
    sip_public_key: String,
    pub small: Vec<u8>,
    large: Vec<u8>,
}

fn item(label: &str, value: &str) -> UserDataItem {
    UserDataItem::new(label, value, true, true)
}

pub fn two_items() -> UserData {
    UserData::new(
        "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42",
        vec![
            item("contact.personal.email", "ada@example.com"),
            item("contact.personal.phoneNumber", "+1 555 0100"),
        ],
    )
}

/// A picture that makes a token of 15 MB: base64 of base64 of base64.
pub fn with_picture() -> UserData {
    let picture = "/9j/4AAQSkZJRgAB".repeat(8_400_000 / 16);
    UserData::new("ada", vec![item("documents.genericId.image", &picture)])
}

impl Fixture {
    pub async fn new() -> Self {
        let sandbox = Sandbox::builder().payload_size(usize::MAX).start().await.unwrap();
        let civic = sandbox.client_builder().build().unwrap();
        Self {
            small: answer(&sandbox, &civic, &two_items()).await,
            large: answer(&sandbox, &civic, &with_picture()).await,
            token: sandbox.issue_token(&two_items()),
            app_id: sandbox.app_id().to_owned(),
            private_signing_key: sandbox.private_signing_key().to_owned(),
            secret: sandbox.secret().to_owned(),
            sip_public_key: sandbox.sip_public_key().to_owned(),
            civic,
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![self.request(), self.response()];
        if cfg!(feature = "aws-lc-rs") {
            rows.push(self.large_response());
        }
        rows
    }

    fn request(&self) -> Row {
        let operations = self.bare_operations();
        compare(
            "request(token)",
            "P-256 sign of the same bytes",
            if cfg!(feature = "aws-lc-rs") { 1.25 } else { 1.20 },
            || drop(black_box(self.civic.request(black_box(&self.token)).unwrap())),
            || operations.sign(),
        )
    }

    fn response(&self) -> Row {
        let operations = self.bare_operations();
        let decrypt = CbcDecrypt::new(&self.secret, &operations.response);
        compare_with(
            "response(..), two items",
            "P-256 verify + AES-CBC of the same bytes",
            1.20,
            || self.small.clone(),
            |body| self.open(body),
            || {
                assert!(operations.verifying.verify(black_box(operations.response.as_bytes())));
                decrypt.run();
            },
        )
    }

    /// What is signed and verified in one exchange.
    pub fn bare_operations(&self) -> Operations {
        let request = self.civic.request(&self.token).unwrap();
        let header = request.headers()["authorization"].to_str().unwrap();
        let jwt = header.strip_prefix("Civic ").unwrap().rsplit_once('.').unwrap().0;
        let token = token_of(&self.small);
        let (response, signature) = token.rsplit_once('.').unwrap();
        Operations {
            signing: Signing::new(&self.private_signing_key),
            verifying: Verifying::new(&self.sip_public_key, signature),
            request: jwt.rsplit_once('.').unwrap().0.to_owned(),
            response: response.to_owned(),
        }
    }

    pub fn builder(&self) -> CivicSipBuilder {
        CivicSip::builder()
            .app_id(&self.app_id)
            .private_signing_key(&self.private_signing_key)
            .secret(&self.secret)
            .sip_public_key(&self.sip_public_key)
    }

    pub fn client_at(&self, address: SocketAddr) -> CivicSip {
        self.builder().base_url(format!("http://{address}")).build().unwrap()
    }

    pub fn private_signing_key(&self) -> &str {
        &self.private_signing_key
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub fn app_public_key(&self) -> Vec<u8> {
        let key =
            p256::SecretKey::from_slice(&crate::floor::hex(&self.private_signing_key)).unwrap();
        key.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    fn large_response(&self) -> Row {
        let token = token_of(&self.large);
        compare_with(
            "response(..), token of 15 MB",
            "SHA-256 over the token",
            2.5,
            || self.large.clone(),
            |body| self.open(body),
            || drop(black_box(sha256(black_box(token.as_bytes())))),
        )
    }

    pub fn open(&self, body: Vec<u8>) {
        match self.civic.response(200, body).unwrap() {
            Reply::UserData(user) => drop(black_box(user)),
            other => panic!("{other:?}"),
        }
    }
}

fn token_of(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    body["data"].as_str().unwrap().to_owned()
}

/// The body that the sandbox answers with.
pub async fn answer(sandbox: &Sandbox, civic: &CivicSip, user: &UserData) -> Vec<u8> {
    let (parts, body) = civic.request(sandbox.issue_token(user)).unwrap().into_parts();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        client.post(parts.uri.to_string()).headers(parts.headers).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}
