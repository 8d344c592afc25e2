//! A whole exchange inside of another program.

use civic_sip::sandbox::Sandbox;
use civic_sip::{UserData, UserDataItem};
// It is linked, whatever it was built with.
use jsonwebtoken as _;

#[tokio::main]
async fn main() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let civic = sandbox.client_builder().build().expect("a client");
    let email = UserDataItem::new("contact.personal.email", "ada@example.com", true, true);
    let token = sandbox.issue_token(&UserData::new("ada", vec![email]));
    let user = civic.exchange_code(&token).await.expect("an exchange");
    assert_eq!(user.email(), Some("ada@example.com"));
    let error = civic.exchange_code(&token).await.expect_err("once only");
    assert_eq!(error.status(), Some(400));
    println!("exchanged");
}
