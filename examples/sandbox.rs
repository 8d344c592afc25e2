//! Runs the sandbox by itself, for programs in any language, until Ctrl-C.
//!
//! ```sh
//! cargo run --example sandbox -- --port 4000 --app-id app42 --seed 7
//! ```

use std::net::IpAddr;
use std::process::ExitCode;

use civic_sip::sandbox::{Sandbox, SandboxBuilder};
use civic_sip::{Error, UserData, UserDataItem};

const USAGE: &str = "\
Runs a sandbox of the Civic service until Ctrl-C.

  --port N              the port, 4000 unless given; 0 takes one that is free
  --listen ADDRESS      the address to listen on, 127.0.0.1 unless given
  --public-url URL      where a phone reaches the sandbox; QR codes point there
  --app-id ID           the id of the app
  --seed TEXT           derives the keys from this text: the same at every start
  --domain HOST         a host whose pages may ask; can be given several times
                        (localhost, 127.0.0.1 and [::1] unless given)
  --payload-size BYTES  a longer answer goes behind a link, for clients that take links
  --no-proof-of-identity  the app is not approved for PROOF_OF_IDENTITY
  --help                this text";

/// What the command line says, or the text that answers it.
pub(crate) fn from_arguments(
    mut arguments: impl Iterator<Item = String>,
) -> Result<SandboxBuilder, (ExitCode, String)> {
    let wrong = |problem: String| (ExitCode::from(2), format!("{problem}\n\n{USAGE}"));
    let mut builder = Sandbox::builder().port(4000);
    let mut domains = Vec::new();
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || {
            let value = inline.clone().or_else(|| arguments.next());
            value.ok_or_else(|| wrong(format!("{name} needs a value")))
        };
        let number = |value: String| {
            value.parse::<usize>().map_err(|_| wrong(format!("`{value}` is no number")))
        };
        builder = match &*name {
            "--port" => {
                let value = value()?;
                let port = value.parse().map_err(|_| wrong(format!("`{value}` is no port")))?;
                builder.port(port)
            }
            "--listen" => {
                let value = value()?;
                let ip: IpAddr =
                    value.parse().map_err(|_| wrong(format!("`{value}` is no IP address")))?;
                builder.listen(ip)
            }
            "--public-url" => builder.public_url(value()?),
            "--app-id" => builder.app_id(value()?),
            "--seed" => builder.seed(value()?),
            "--domain" => {
                domains.push(value()?);
                builder
            }
            "--payload-size" => builder.payload_size(number(value()?)?),
            "--no-proof-of-identity" => builder.proof_of_identity(false),
            "--help" | "-h" => return Err((ExitCode::SUCCESS, USAGE.to_owned())),
            other => return Err(wrong(format!("`{other}` is unknown"))),
        };
    }
    Ok(if domains.is_empty() { builder } else { builder.domains(domains) })
}

/// Addresses, credentials, and what to do with them.
pub(crate) fn summary(sandbox: &Sandbox) -> String {
    let base = sandbox.base_url();
    let token = sandbox.issue_token(&invented_person());
    let script_url = sandbox.script_url();
    let facts = [
        ("base URL", base),
        ("browser library", &script_url),
        ("app id", sandbox.app_id()),
        ("private signing key", sandbox.private_signing_key()),
        ("secret", sandbox.secret()),
        ("public key of the service", sandbox.sip_public_key()),
    ];
    let variables = [
        ("CIVIC_APP_ID", sandbox.app_id()),
        ("CIVIC_PRIVATE_SIGNING_KEY", sandbox.private_signing_key()),
        ("CIVIC_SECRET", sandbox.secret()),
        ("CIVIC_ENV", "dev"),
        ("CIVIC_BASE_URL", base),
        ("CIVIC_SIP_PUBLIC_KEY", sandbox.sip_public_key()),
    ];
    let facts: String =
        facts.iter().map(|(name, value)| format!("{name:>26}  {value}\n")).collect();
    let export = |(name, value): &(&str, &str)| {
        format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
    };
    let exports: String = variables.iter().map(export).collect();
    format!(
        "The sandbox runs. Ctrl-C ends it.\n\n{facts}\n\
         For a client of this crate, in another shell:\n\n{exports}\n\
         A code token of an invented person, good for one exchange within 30 minutes:\n\n{token}\n\n\
         More of them, and what else there is:\n\ncurl -X POST {base}/tokens\n{base}/"
    )
}

fn invented_person() -> UserData {
    let item = |label: &str, value: &str| UserDataItem::new(label, value, true, true);
    UserData::new(
        "6f3b1f6ef0d54f3c9d0b3a0a8f0f2c1d6f3b1f6ef0d54f3c9d0b3a0a8f0f2c1d",
        vec![
            item("contact.personal.email", "ada.winterbourne@example.com"),
            item("contact.personal.phoneNumber", "+44 7700 900142"),
        ],
    )
}

async fn run(builder: SandboxBuilder) -> Result<(), Error> {
    let sandbox = builder.start().await?;
    println!("{}", summary(&sandbox));
    if tokio::signal::ctrl_c().await.is_err() {
        // Without the signal there is nothing to wait for; the process is ended from outside.
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> ExitCode {
    let builder = match from_arguments(std::env::args().skip(1)) {
        Ok(builder) => builder,
        Err((ExitCode::SUCCESS, text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err((code, text)) => {
            eprintln!("{text}");
            return code;
        }
    };
    match run(builder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
