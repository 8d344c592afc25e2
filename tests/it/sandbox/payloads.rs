//! Large answers behind links.

use civic_sip::{CivicSip, Error, PayloadLink, Reply};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Service, ada, send};

impl Service {
    /// An exchange whose body says about links what `allow` says.
    async fn exchange(&self, allow: &str) -> Result<Reply, Error> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        let request = self.civic.request(self.token())?;
        let header = request.headers()["authorization"].to_str().unwrap().to_owned();
        let token = serde_json::from_slice::<serde_json::Value>(request.body()).unwrap();
        let body = format!(r#"{{{allow}"authToken":{}}}"#, token["authToken"]);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.sandbox.secret().as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let (jwt, _) = header.rsplit_once('.').unwrap();
        let header = format!("{jwt}.{}", STANDARD.encode(mac.finalize().into_bytes()));
        let request = self.http.post(request.uri().to_string()).header("Authorization", header);
        let answer = send(request.body(body)).await;
        self.civic.response(answer.status, answer.body.into_bytes())
    }

    async fn link(&self) -> PayloadLink {
        match self.exchange(r#""allowS3UploadedPayload":true,"#).await.unwrap() {
            Reply::Payload(link) => link,
            other => panic!("not a link: {other:?}"),
        }
    }

    async fn open(&self, link: &PayloadLink) -> Result<civic_sip::UserData, Error> {
        let answer = send(self.http.get(link.url())).await;
        link.open(answer.status, answer.body.into_bytes())
    }
}

#[tokio::test]
async fn a_large_answer_comes_by_a_link_that_lives_for_a_minute() {
    let service = Service::with(|builder| builder.payload_size(100)).await;
    let link = service.link().await;
    assert!(link.url().starts_with(&format!("{}/payloads/", service.sandbox.base_url())));
    assert_eq!(service.open(&link).await.unwrap(), ada());
    service.pass(59);
    assert_eq!(service.open(&link).await.unwrap(), ada());
    service.pass(1);
    assert_eq!(service.open(&link).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn only_for_those_who_can_follow_it_and_only_if_it_is_large() {
    let direct = |reply| matches!(reply, Ok(Reply::UserData(_)));
    let service = Service::with(|builder| builder.payload_size(0)).await;
    assert!(direct(service.exchange("").await));
    assert!(direct(service.exchange(r#""allowS3UploadedPayload":false,"#).await));
    let service = Service::start().await;
    assert!(direct(service.exchange(r#""allowS3UploadedPayload":true,"#).await));
}

#[tokio::test]
async fn links_can_t_be_guessed_and_the_oldest_make_way() {
    let service = Service::with(|builder| builder.payload_size(0)).await;
    let first = service.link().await;
    let name = |link: &PayloadLink| link.url().rsplit_once('/').unwrap().1.to_owned();
    let mut names = vec![name(&first)];
    for _ in 0..64 {
        names.push(name(&service.link().await));
    }
    assert!(names.iter().all(|name| name.len() == 32));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 65);
    assert_eq!(service.open(&first).await.unwrap_err().status(), Some(404));
    assert_eq!(service.get("/payloads/00000000000000000000000000000000").await.status, 404);
}

#[tokio::test]
async fn faults_reach_through_the_link() {
    use civic_sip::sandbox::Fault;

    let service = Service::with(|builder| builder.payload_size(0)).await;
    service.sandbox.inject(Fault::WrongKey);
    let link = service.link().await;
    assert!(service.open(&link).await.unwrap_err().is_verification());
    // A link is no token, and what it leads to opens with no other app's keys.
    let other: CivicSip = Service::start().await.civic;
    let link = service.link().await;
    let answer = send(service.http.get(link.url())).await;
    let envelope =
        serde_json::json!({"data": answer.body, "userId": "x", "encrypted": true, "alg": "aes"});
    let error = other.response(200, envelope.to_string().into_bytes()).unwrap_err();
    assert!(error.is_verification());
}
