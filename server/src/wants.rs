//! The kind of response that a client asks for.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// HTML for people, JSON for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Html,
    Json,
}

impl Wants {
    /// Reads `Accept` (RFC 9110, section 12.5.1): JSON if it is preferred to HTML, else HTML.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let (mut html, mut json) = (None, None);
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            match &*kind {
                "application/json" => json = Some(quality),
                "text/html" => html = Some(quality),
                _ => {}
            }
        }
        match (json, html) {
            (Some(json), html) if json > html.unwrap_or(0.0) => Self::Json,
            _ => Self::Html,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_prefer_it() {
        for (accept, wants) in [
            ("application/json", Wants::Json),
            ("Application/JSON; charset=utf-8", Wants::Json),
            ("text/html;q=0.5, application/json", Wants::Json),
            ("application/json, */*", Wants::Json),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Wants::Html),
            ("application/json;q=0.5, text/html", Wants::Html),
            ("application/json, text/html", Wants::Html),
            ("application/json;q=0", Wants::Html),
            ("*/*", Wants::Html),
            ("", Wants::Html),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(Wants::of(&headers), wants, "{accept}");
        }
        assert_eq!(Wants::of(&HeaderMap::new()), Wants::Html);
    }
}
