//! One exchange, from a code token to verified data.
//!
//! ```text
//! cargo run --example exchange_code                      # against a sandbox in this process
//! cargo run --example exchange_code -- --json            # the same, as the gem's JSON alone
//! CIVIC_APP_ID=… CIVIC_PRIVATE_SIGNING_KEY=… CIVIC_SECRET=… \
//!     cargo run --example exchange_code -- <code token>  # at the configured service
//! ```

use std::process::ExitCode;

use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, Error, UserData, UserDataItem};

const USAGE: &str = "usage: exchange_code [--json] [code token]";

#[tokio::main]
async fn main() -> ExitCode {
    let (mut json, mut token) = (false, None);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            other if !other.starts_with('-') && token.is_none() => token = Some(argument),
            _ => {
                eprintln!("error: {USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    let outcome = match token {
        Some(token) => at_the_service(&token, json).await,
        None => at_a_sandbox(json).await,
    };
    match outcome {
        Ok(user) if json => print_json(&user),
        Ok(user) => print_table(&user),
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn at_the_service(token: &str, quiet: bool) -> Result<UserData, Error> {
    let civic = CivicSip::from_env()?;
    if !quiet {
        println!("exchanging the token at {}", civic.request(token)?.uri());
    }
    civic.exchange_code(token).await
}

async fn at_a_sandbox(quiet: bool) -> Result<UserData, Error> {
    let say = |step: &str| {
        if !quiet {
            println!("{step}");
        }
    };
    let sandbox = Sandbox::start().await?;
    say(&format!("1. a sandbox plays the hosted service at {}", sandbox.base_url()));

    let civic = sandbox.client_builder().build()?;
    say(&format!("2. a client for the app {}", sandbox.app_id()));

    // In production the browser hands this to the backend, once the person has approved in the wallet app.
    let token = sandbox.issue_token(&ada());
    say(&format!("3. an invented person approved: the code token has {} bytes", token.len()));

    let user = civic.exchange_code(&token).await?;
    say("4. exchanged: signature and claims verified, data decrypted");

    let error = civic.exchange_code(&token).await.expect_err("a token is good once");
    say(&format!("5. the same token again: {}\n", one_line(&error)));
    Ok(user)
}

fn ada() -> UserData {
    let item = |label, value| UserDataItem::new(label, value, true, true);
    UserData::new(
        "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42",
        vec![
            item("contact.personal.email", "ada@example.com"),
            item("contact.personal.phoneNumber", "+1 555 0100"),
            item("documents.genericId.name", "Ada Example"),
            UserDataItem::new("documents.genericId.number", "X1234567", false, true),
        ],
    )
}

fn print_json(user: &UserData) {
    match serde_json::to_string(user) {
        Ok(json) => println!("{json}"),
        Err(error) => eprintln!("error: {error}"),
    }
}

fn print_table(user: &UserData) {
    let rows: Vec<[&str; 4]> =
        std::iter::once(["label", "value", "valid", "owner"])
            .chain(user.items().iter().map(|item| {
                [item.label(), item.value(), yes(item.is_valid()), yes(item.is_owner())]
            }))
            .collect();
    let width = |column: usize| rows.iter().map(|row| shown(row[column]).chars().count()).max();
    let (label, value) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    println!("user id {}", user.user_id());
    for row in rows {
        println!("{:label$}  {:value$}  {:5}  {}", row[0], shown(row[1]), row[2], row[3]);
    }
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// A picture would fill the screen, and control characters would move the cursor.
fn shown(value: &str) -> String {
    let start: String = value.chars().take(48).filter(|c| !c.is_control()).collect();
    if value.chars().count() > 48 { start + "…" } else { start }
}

/// The error and its causes; what the service said about it is for the operator, who reads this.
fn one_line(error: &Error) -> String {
    let mut line = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        line.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    if let Some(body) = error.body().filter(|body| !body.is_empty()) {
        line.push_str(&format!(" — {body}"));
    }
    line.chars().filter(|c| !c.is_control()).collect()
}
