//! The span of an exchange, and events for its retries and its failure.
//!
//! Names follow OpenTelemetry's semantic conventions for HTTP clients. No token, no header, no path, no personal value.

#[cfg(feature = "tracing")]
pub(super) use on::Trace;

#[cfg(not(feature = "tracing"))]
pub(super) use off::Trace;

#[cfg(feature = "tracing")]
mod on {
    use std::future::Future;
    use std::time::Instant;

    use http::StatusCode;
    use tracing::field::{Empty, display};
    use tracing::{Instrument, Span};

    use super::super::CivicSip;
    use crate::{Error, UserData};

    pub(in super::super) struct Trace {
        span: Span,
        started: Instant,
    }

    impl Trace {
        pub(in super::super) fn new(client: &CivicSip) -> Self {
            let uri = &client.0.app.uri;
            let span = tracing::info_span!(
                target: "civic_sip",
                "civic_sip.exchange",
                otel.kind = "client",
                civic_sip.app_id = %client.0.app.id,
                http.request.method = "POST",
                server.address = uri.host(),
                server.port = server_port(uri),
                url.scheme = uri.scheme_str(),
                http.request.resend_count = Empty,
                http.response.status_code = Empty,
                civic_sip.payload_link = Empty,
                error.type = Empty,
                http.client.request.duration = Empty,
            );
            Self { span, started: Instant::now() }
        }

        /// Runs the exchange within the span, and records its end.
        pub(in super::super) async fn run<'a>(
            &self,
            exchange: impl Future<Output = Result<UserData, Error>> + Send + 'a,
        ) -> Result<UserData, Error> {
            let result = exchange.instrument(self.span.clone()).await;
            self.span.record("http.client.request.duration", self.started.elapsed().as_secs_f64());
            if let Err(error) = &result {
                let error_type = error_type(error);
                self.span.record("error.type", display(&error_type));
                let _entered = self.span.enter();
                tracing::warn!(target: "civic_sip", { "error.type" = %error_type, %error }, "exchange failed");
            }
            result
        }

        pub(in super::super) fn record_status(&self, status: StatusCode) {
            self.span.record("http.response.status_code", status.as_u16());
        }

        pub(in super::super) fn follows_link(&self) {
            self.span.record("civic_sip.payload_link", true);
        }

        pub(in super::super) fn record_retry(
            &self,
            retries: u32,
            waited: std::time::Duration,
            outcome: &Result<http::Response<Vec<u8>>, crate::transport::TransportError>,
        ) {
            self.span.record("http.request.resend_count", retries);
            let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
            tracing::warn!(
                target: "civic_sip",
                {
                    "http.request.resend_count" = retries,
                    "http.response.status_code" = status,
                    "civic_sip.waited" = waited.as_secs_f64(),
                },
                "retrying"
            );
        }
    }

    fn server_port(uri: &http::Uri) -> Option<u16> {
        uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        })
    }

    /// Returns the status where there is one, else the class: the conventions ask for few different values.
    fn error_type(error: &Error) -> String {
        match error {
            Error::Api(_) => error.status().unwrap_or_default().to_string(),
            Error::Config(_) => "config".to_owned(),
            Error::NotSent(_) => "not_sent".to_owned(),
            Error::ConnectTimeout(_) => "connect_timeout".to_owned(),
            Error::Transport(_) => "transport".to_owned(),
            Error::Timeout(_) => "timeout".to_owned(),
            Error::Verification(_) => "verification".to_owned(),
            Error::Decryption => "decryption".to_owned(),
            Error::Malformed(_) => "malformed".to_owned(),
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::future::Future;

    use http::StatusCode;

    use super::super::CivicSip;
    use crate::{Error, UserData};

    pub(in super::super) struct Trace;

    impl Trace {
        pub(in super::super) fn new(_: &CivicSip) -> Self {
            Self
        }

        pub(in super::super) async fn run<'a>(
            &self,
            exchange: impl Future<Output = Result<UserData, Error>> + Send + 'a,
        ) -> Result<UserData, Error> {
            exchange.await
        }

        pub(in super::super) fn record_status(&self, _: StatusCode) {}

        pub(in super::super) fn follows_link(&self) {}

        pub(in super::super) fn record_retry(
            &self,
            _: u32,
            _: std::time::Duration,
            _: &Result<http::Response<Vec<u8>>, crate::transport::TransportError>,
        ) {
        }
    }
}
