//! Memory and allocations, counted: `cargo bench --bench memory`.
#![allow(missing_docs, reason = "a program")]

use allocation_counter::{AllocationInfo, measure};
use civic_sip::authsig::{Signer, Verifier};
use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, UserData, UserDataItem};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::builder().payload_size(usize::MAX).start()).unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    let answer = |user: &UserData| runtime.block_on(answer(&sandbox, &civic, user));
    let item = |label: &str, value: &str| UserDataItem::new(label, value, true, true);
    let email = item("contact.personal.email", "ada@example.com");
    let phone = item("contact.personal.phoneNumber", "+1 555 0100");
    let picture = item("documents.genericId.image", &"/9j/4AAQSkZJRgAB".repeat(8_400_000 / 16));
    let small = answer(&UserData::new("ada", vec![email, phone]));
    let large = answer(&UserData::new("ada", vec![picture]));

    let token = sandbox.issue_token(&UserData::new("ada", vec![]));
    print("request(token)", &counted(|| drop(civic.request(&token).unwrap())));
    let mut bodies = vec![small.clone(), small];
    print("response(..), two items", &counted(|| open(&civic, bodies.pop())));
    let size = large.len() as u64;
    let mut large = Some(large);
    let info = measure(|| open(&civic, large.take()));
    print("response(..), token of 15 MB", &info);
    println!(
        "peak memory of that over the body's size, the body counted: {:.2} (target ≤ 1.8)",
        (info.bytes_max + size) as f64 / size as f64
    );

    let secret = "at least sixteen bytes";
    let (signer, verifier) = (Signer::new(secret).unwrap(), Verifier::new(secret).unwrap());
    let query =
        "login=user_1&service=password&team=blue&redirect_url=https%3A%2F%2Fapp.example%2Fa&x=1";
    print("AuthSig v2 sign, 5 parameters", &counted(|| drop(signer.sign_query(query).unwrap())));
    let signed = signer.sign_query(query).unwrap();
    print(
        "AuthSig v2 verify, 5 parameters",
        &counted(|| drop(verifier.verify_query(&signed).unwrap())),
    );
}

fn counted(mut work: impl FnMut()) -> AllocationInfo {
    work();
    measure(work)
}

fn print(name: &str, info: &AllocationInfo) {
    println!("{name:<36} {:>4} allocations, {:>9} bytes at most", info.count_total, info.bytes_max);
}

fn open(civic: &CivicSip, body: Option<Vec<u8>>) {
    drop(civic.response(200, body.unwrap()).unwrap());
}

async fn answer(sandbox: &Sandbox, civic: &CivicSip, user: &UserData) -> Vec<u8> {
    let (parts, body) = civic.request(sandbox.issue_token(user)).unwrap().into_parts();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(parts.uri.to_string()).headers(parts.headers);
    request.body(body).send().await.unwrap().bytes().await.unwrap().to_vec()
}
