//! Metrics, in the text format of Prometheus.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];
type Counters = Family<Label, Counter>;

/// Counts what happens in this instance.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    responses: Counters,
    log_ins: Counters,
    requests: Counters,
    verifications: Counters,
    notifications: Counters,
    outbox: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("authsig");
        let mut counters = |name: &str, help: &str| {
            let counters = Counters::default();
            registry.register(name, help, counters.clone());
            counters
        };
        let responses = counters("responses", "Responses by the class of their status");
        let log_ins = counters("log_ins", "Log-ins");
        let requests = counters("requests", "Requests for a signed URL");
        let verifications = counters("verifications", "Signed URLs that were checked");
        let notifications = counters("notifications", "Attempts to deliver a notification");
        let outbox = Gauge::default();
        registry.register("outbox_waiting", "Notifications that wait for delivery", outbox.clone());
        Self { registry, responses, log_ins, requests, verifications, notifications, outbox }
    }

    pub(crate) fn response(&self, status: u16) {
        let class = match status {
            ..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.responses.get_or_create(&[("status", class)]).inc();
    }

    pub(crate) fn log_in(&self, succeeded: bool) {
        self.log_ins
            .get_or_create(&[("outcome", if succeeded { "succeeded" } else { "failed" })])
            .inc();
    }

    pub(crate) fn request(&self, outcome: &'static str) {
        self.requests.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn verification(&self, is_verified: bool) {
        let outcome = if is_verified { "verified" } else { "refused" };
        self.verifications.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn notification(&self, outcome: &'static str) {
        self.notifications.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn outbox(&self, waiting: i64) {
        self.outbox.set(waiting);
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
