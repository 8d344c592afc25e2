//! Errors as pages.

use std::error::Error as _;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic_sip::authsig::{ReplayError, SignError, VerifyError};

use super::app::page;

/// The reason that a request failed. Its text is for the person; its source is for the log, and no source has personal data.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("The log-in did not work. Please start again.")]
    Exchange(#[from] civic_sip::Error),
    #[error("You can't join with this link: {0}. Please ask for a new one.")]
    Invitation(#[from] VerifyError),
    #[error("You can't join with this link: {0}. Please ask for a new one.")]
    UsedInvitation(#[from] ReplayError),
    #[error("There is no invitation here. Please open its link again.")]
    NoInvitation,
    #[error("A team needs a name, of up to 60 characters. Please choose another one.")]
    TeamName,
    #[error("Please log in first.")]
    NotLoggedIn,
    #[error("This form came from another address. Please go to the first page and start there.")]
    OtherSite,
    #[error("There is nothing at this address.")]
    NotFound,
    #[error("The invitation could not be made. Please try again later.")]
    Sign(#[from] SignError),
    #[error("The page could not be made. Please try again later.")]
    Page(#[from] askama::Error),
    #[error("The database failed. Please try again later.")]
    Store(#[from] sqlx::Error),
    #[error("The session could not be read or written. Please try again later.")]
    Session(#[from] tower_sessions::session::Error),
}

impl AppError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Exchange(error) if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Exchange(error) if error.is_api() => StatusCode::UNAUTHORIZED,
            Self::Exchange(_) => StatusCode::BAD_GATEWAY,
            Self::UsedInvitation(ReplayError::GuardFull | ReplayError::Guard(_))
            | Self::Store(_)
            | Self::Session(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Invitation(_) | Self::UsedInvitation(_) | Self::OtherSite => {
                StatusCode::FORBIDDEN
            }
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::NoInvitation | Self::NotFound => StatusCode::NOT_FOUND,
            Self::TeamName => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Sign(_) | Self::Page(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    advice: String,
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        if matches!(self, Self::NotLoggedIn) {
            return Redirect::to("/login").into_response();
        }
        let (status, advice) = (self.status(), self.to_string());
        let cause = self.source().map(ToString::to_string);
        tracing::warn!(%status, cause, "{advice}");
        match page(ErrorPage { advice }) {
            Ok(page) => (status, page).into_response(),
            Err(_) => status.into_response(),
        }
    }
}
