//! What another library takes for the same, for comparison: no target.

use std::hint::black_box;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::json;

use crate::floor::hex;
use crate::measure::{Row, compare};
use crate::sip::Fixture;

pub fn rows(fixture: &Fixture) -> Vec<Row> {
    let scalar = fixture.private_signing_key();
    let der =
        format!("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420{scalar}");
    let key = EncodingKey::from_ec_der(&hex(&der));
    let claims = json!({"iss": "app42", "sub": "app42", "aud": "https://api.civic.com/sip/", "exp": 4_000_000_000_u64});
    let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap();
    let public = DecodingKey::from_ec_der(&fixture.app_public_key());
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://api.civic.com/sip/"]);
    vec![
        compare(
            "request(token), next to jsonwebtoken's encode",
            "jsonwebtoken encode",
            f64::INFINITY,
            || drop(black_box(fixture.civic.request(&fixture.token).unwrap())),
            || {
                drop(black_box(
                    jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap(),
                ))
            },
        ),
        crate::measure::compare_with(
            "response(..), next to jsonwebtoken's decode",
            "jsonwebtoken decode",
            f64::INFINITY,
            || fixture.small.clone(),
            |body| fixture.open(body),
            || {
                drop(black_box(
                    jsonwebtoken::decode::<serde_json::Value>(&token, &public, &validation)
                        .unwrap(),
                ))
            },
        ),
    ]
}
