//! The app's side of the protocol.

use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use uuid::Uuid;

use super::claims::Claims;
use super::error::{ErrorSource, ProtocolError};
use super::response::{Envelope, check_status};
use super::{ciphertext, jws, request};
use crate::crypto::{self, CbcKey, HmacKey, SigningKey, VerifyingKey};
use crate::encoding::base64;
use crate::user_data::{UserData, read_items};

/// An app and the keys that it exchanges tokens with.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) audience: String,
    /// The URL of the exchange.
    pub(crate) uri: Uri,
    pub(crate) signing_key: SigningKey,
    pub(crate) digest_key: HmacKey,
    pub(crate) cbc_key: CbcKey,
    /// The service signs with one of them.
    pub(crate) service_keys: Vec<VerifyingKey>,
    pub(crate) leeway: Duration,
}

/// The contents of a response.
pub(crate) enum Response {
    UserData(UserData),
    Payload(Payload),
}

/// A payload that is too large for the response.
#[derive(Clone)]
pub(crate) struct Payload {
    pub(crate) url: String,
    user_id: String,
    encrypted: bool,
}

impl App {
    /// Returns the request that exchanges `token`.
    pub(crate) fn request(
        &self,
        token: &str,
        now: SystemTime,
    ) -> Result<Request<Vec<u8>>, ProtocolError> {
        let body = request::body(token)?;
        let jti = crypto::random::<16>()
            .ok_or(ProtocolError::Internal("the system has no random numbers"))?;
        let jti = uuid::Builder::from_random_bytes(jti).into_uuid();
        let mut request = Request::new(body);
        let authorization = self.authorization(request.body(), now, jti)?;
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, authorization);
        Ok(request)
    }

    /// Returns `Civic <JWT>.<digest of the body>`.
    fn authorization(
        &self,
        body: &[u8],
        now: SystemTime,
        jti: Uuid,
    ) -> Result<HeaderValue, ProtocolError> {
        let claims = request::claims(&self.id, &self.audience, now, jti)?;
        let token = jws::sign(&claims, &self.signing_key)
            .ok_or(ProtocolError::Internal("the private signing key can't sign"))?;
        let digest = base64::encode(self.digest_key.sign(body));
        let mut header = HeaderValue::try_from(["Civic ", &token, ".", &digest].concat())
            .map_err(|_| ProtocolError::Internal("the Authorization header can't be written"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Verifies a response of the service and returns its contents.
    pub(crate) fn response(
        &self,
        status: u16,
        mut body: Vec<u8>,
        now: SystemTime,
    ) -> Result<Response, ProtocolError> {
        check_status(ErrorSource::Service, status, &body)?;
        let Envelope { mut data, user_id, encrypted, processed } = Envelope::parse(&body)?;
        let data = data.bytes(&mut body);
        if processed {
            let url = String::from_utf8_lossy(data).into_owned();
            return Ok(Response::Payload(Payload { url, user_id, encrypted }));
        }
        let items = self.open(data, encrypted, now)?;
        Ok(Response::UserData(UserData::new(user_id, items)))
    }

    /// Verifies the response to a GET of a payload, and returns its contents.
    pub(crate) fn payload(
        &self,
        payload: &Payload,
        status: u16,
        mut body: Vec<u8>,
        now: SystemTime,
    ) -> Result<UserData, ProtocolError> {
        check_status(ErrorSource::PayloadStore, status, &body)?;
        body.truncate(body.trim_ascii_end().len());
        let items = self.open(&mut body, payload.encrypted, now)?;
        Ok(UserData::new(payload.user_id.clone(), items))
    }

    /// Verifies a token, checks its claims, decrypts its data and reads the items, in this order. Each step decodes in
    /// the buffer of the one before.
    fn open(
        &self,
        token: &mut [u8],
        encrypted: bool,
        now: SystemTime,
    ) -> Result<Vec<crate::user_data::UserDataItem>, ProtocolError> {
        let text = jws::verify(token, &self.service_keys)?;
        let claims = Claims::parse(text)?;
        claims.check_parties(&self.id, &self.audience)?;
        claims.check_times(now, self.leeway)?;
        let mut data = claims.into_data(text)?;
        let data = data.bytes(text);
        let items = if encrypted { ciphertext::decrypt(data, &self.cbc_key)? } else { data };
        Ok(read_items(items)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use uuid::uuid;

    use super::*;
    use crate::protocol::AUDIENCE;

    fn app() -> App {
        let scalar = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
        let secret = "50c0c3273d5a7ca8a04287f82c6d0111";
        let signing_key =
            SigningKey::from_scalar(&hex::decode(scalar).unwrap().try_into().unwrap()).unwrap();
        let service_key = VerifyingKey::from_point(&signing_key.public_key().unwrap()).unwrap();
        App {
            id: "app42".to_owned(),
            audience: AUDIENCE.to_owned(),
            uri: Uri::from_static("https://api.civic.com/sip/prod/scopeRequest/authCode"),
            digest_key: HmacKey::new(secret.as_bytes()),
            cbc_key: CbcKey::new(&hex::decode(secret).unwrap().try_into().unwrap()).unwrap(),
            service_keys: vec![service_key],
            signing_key,
            leeway: Duration::ZERO,
        }
    }

    #[test]
    fn every_byte_of_a_request() {
        let app = app();
        let body = request::body("token42").unwrap();
        assert_eq!(body, br#"{"allowS3UploadedPayload":true,"authToken":"token42"}"#);

        let now = UNIX_EPOCH + Duration::from_millis(1_795_216_563_998);
        let jti = uuid!("c2e0cff6-d506-48a9-9a5f-d8bd1e1d8b7a");
        let header = app.authorization(&body, now, jti).unwrap();
        assert!(header.is_sensitive());

        let claims = concat!(
            r#"{"jti":"c2e0cff6-d506-48a9-9a5f-d8bd1e1d8b7a","iat":1795216563,"exp":1795216743,"#,
            r#""iss":"app42","aud":"https://api.civic.com/sip/","sub":"app42","#,
            r#""data":{"method":"POST","path":"scopeRequest/authCode"}}"#,
        );
        let signed = format!("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.{}", base64::encode_url(claims));
        let digest = "mQxXZAW0IahiojjjmP8syMTDl/ohBn3GDAdhdgviEbg=";
        let header = header.to_str().unwrap();
        let rest = header.strip_prefix("Civic ").unwrap().strip_prefix(&signed).unwrap();
        let signature =
            rest.strip_prefix('.').unwrap().strip_suffix(&format!(".{digest}")).unwrap();
        let signature = base64::decode_url_array(signature.as_bytes()).unwrap();
        assert!(app.service_keys[0].verify(signed.as_bytes(), &signature));
    }

    #[test]
    fn the_request_of_the_official_client_verifies() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/sip_requests.json")).unwrap();
        let point = hex::decode(all["app_public_key"].as_str().unwrap()).unwrap();
        let key = VerifyingKey::from_point(&point.try_into().unwrap()).unwrap();
        let mut token = all["request_jwt"].as_str().unwrap().as_bytes().to_vec();
        let claims = jws::verify(&mut token, &[key]).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(claims).unwrap();
        assert_eq!(claims, all["request_jwt_claims"]);
    }
}
