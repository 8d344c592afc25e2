//! `authsig doctor`: checks what can be wrong, and says what to do.

use std::time::{Duration, SystemTime};

use authsig_server::{Admin, AuthSig, KeyState};
use chrono::{DateTime, Utc};

use crate::args::{BaseArgs, DoctorArgs};
use crate::{Failure, admin, serve};

/// Clocks that differ by less sign and verify all the same.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// A key that signs for longer should be rotated.
const OLD_KEY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Prints the outcome of each check.
#[derive(Default)]
struct Report {
    problems: u32,
}

impl Report {
    fn good(&self, what: &str) {
        println!("ok       {what}");
    }

    fn bad(&mut self, what: &str) {
        self.problems += 1;
        println!("problem  {what}");
    }
}

pub(crate) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let mut report = Report::default();
    if let Some(admin) = open(&mut report, &args.base).await {
        check_clock(&mut report, &admin).await;
        let ids = check_keys(&mut report, &admin).await;
        check_outbox(&mut report, &admin).await;
        admin.close().await;
        check_public_url(&mut report, &args.base.public_url, &ids).await;
    }
    match report.problems {
        0 => Ok(()),
        1 => Err("1 problem".into()),
        problems => Err(format!("{problems} problems").into()),
    }
}

async fn open(report: &mut Report, base: &BaseArgs) -> Option<Admin> {
    let config = match serve::config(base) {
        Ok(config) => config,
        Err(error) => {
            report.bad(&format!("configuration: {error}"));
            return None;
        }
    };
    if let Err(error) = AuthSig::check(&config) {
        report.bad(&format!("configuration: {error}"));
        return None;
    }
    report.good("configuration");
    match admin::open(base).await {
        Ok(admin) => {
            report.good(
                "database: it answers, its schema is up to date, and the house secret matches",
            );
            Some(admin)
        }
        Err(error) => {
            report.bad(&format!("database: {error}"));
            None
        }
    }
}

async fn check_clock(report: &mut Report, admin: &Admin) {
    match admin.database_time().await {
        Ok(None) => {}
        Ok(Some(time)) => compare_clock(report, "the database", time),
        Err(error) => report.bad(&format!("clock: {error}")),
    }
}

fn compare_clock(report: &mut Report, whose: &str, time: SystemTime) {
    let now = SystemTime::now();
    let apart = now.duration_since(time).unwrap_or_else(|error| error.duration());
    if apart <= CLOCK_TOLERANCE {
        report.good(&format!("clock: the same as that of {whose}"));
    } else {
        report.bad(&format!(
            "clock: it differs by {} seconds from that of {whose}; set both by a time server",
            apart.as_secs()
        ));
    }
}

/// Returns the ids of the keys that are published.
async fn check_keys(report: &mut Report, admin: &Admin) -> Vec<String> {
    if let Err(error) = admin.check_keys().await {
        report.bad(&format!("keys: {error}"));
    }
    let keys = match admin.keys().await {
        Ok(keys) => keys,
        Err(error) => {
            report.bad(&format!("keys: {error}"));
            return Vec::new();
        }
    };
    match keys.iter().find(|key| key.state == KeyState::Signing) {
        None if keys.is_empty() => {
            report.good("keys: none yet; the server makes one when it starts")
        }
        None => report.bad("keys: there is no signing key; `authsig key rotate` adds one"),
        Some(key) if key.signs_from.elapsed().is_ok_and(|age| age > OLD_KEY) => {
            report
                .bad("keys: the signing key is over a year old; `authsig key rotate` adds another");
        }
        Some(key) => report.good(&format!("keys: the signing key is {}", key.id)),
    }
    let published = keys.into_iter().filter(|key| key.state != KeyState::Revoked);
    published.map(|key| key.id).collect()
}

async fn check_outbox(report: &mut Report, admin: &Admin) {
    match admin.waiting_notifications().await {
        Ok(waiting) => {
            report.good(&format!("outbox: {waiting} notifications are waiting for delivery"))
        }
        Err(error) => report.bad(&format!("outbox: {error}")),
    }
}

/// Fetches the keys from the server at the public URL, as verifiers do.
async fn check_public_url(report: &mut Report, public_url: &str, ids: &[String]) {
    let url = format!("{}/verify/keys", public_url.trim_end_matches('/'));
    let fetched = async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let response = client.get(&url).send().await?.error_for_status()?;
        let date = response.headers().get("date").and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let date = date.map(|date| SystemTime::from(date.with_timezone(&Utc)));
        Ok::<_, reqwest::Error>((date, response.text().await?))
    };
    match fetched.await {
        Err(error) => report.bad(&format!(
            "public URL: {url} does not answer ({error}); start the server, or check the proxy"
        )),
        Ok((_, keys)) if !ids.iter().all(|id| keys.contains(id)) => report.bad(&format!(
            "public URL: {url} publishes other keys than this database has; another server answers there"
        )),
        Ok((date, _)) => {
            report.good(match ids {
                [] => "public URL: a server answers there; this database has no key to recognise it by",
                _ => "public URL: this server answers there",
            });
            if let Some(date) = date {
                compare_clock(report, "the server at the public URL", date);
            }
        }
    }
}
