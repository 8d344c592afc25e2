//! Links by which somebody joins a team, once.
//!
//! An invitation is stored nowhere: the signature says that this app made it. Opening it by GET changes nothing, since mail
//! scanners and previews do that, too. It waits in the session while a stranger logs in, and is used up by the button.

use std::time::Duration;

use askama::Template;
use axum::extract::{OriginalUri, Path, State};
use axum::response::{Html, Redirect};
use civic_sip::authsig::{Signer, SignerBuilder, Verified, Verifier, VerifierBuilder};
use tower_sessions::Session;

use super::app::{App, AppState, page};
use super::error::AppError;
use super::login::current_user;
use super::store::{Team, User};

/// The key in the session under which an opened invitation is stored.
const INVITATION: &str = "invitation";
/// Without it, a link for something else that was signed with the same secret could be taken for an invitation.
const PURPOSE: &str = "invitation";
const LIFETIME: Duration = Duration::from_secs(3 * 24 * 60 * 60);

pub(crate) fn signer(secret: &str, public_url: &str) -> SignerBuilder {
    Signer::builder()
        .secret(secret)
        .purpose(PURPOSE)
        .public_url(public_url)
        .expires_in(LIFETIME)
        .single_use()
}

pub(crate) fn verifier(secret: &str, public_url: &str) -> VerifierBuilder {
    Verifier::builder()
        .secret(secret)
        .purpose(PURPOSE)
        .public_url(public_url)
        .require("team")
        .require_expiry()
}

#[derive(Template)]
#[template(path = "created.html")]
struct CreatedPage {
    team: Team,
    link: String,
}

/// Makes an invitation. Only members of the team can; to others there is no such team.
pub(crate) async fn create(
    State(app): AppState,
    user: User,
    Path(team): Path<i64>,
) -> Result<Html<String>, AppError> {
    let mut teams = app.store.teams_of(&user).await?.into_iter();
    let team = teams.find(|other| other.id == team).ok_or(AppError::NotFound)?;
    let link = app.signer.link("/join").param("team", team.id).sign()?;
    page(CreatedPage { team, link })
}

/// Opens an invitation: keeps it in the session, and takes its signature out of the address bar.
///
/// Another site can send a browser here, too. So nobody joins before a click on a page that names the team.
pub(crate) async fn open(
    State(app): AppState,
    session: Session,
    OriginalUri(uri): OriginalUri,
) -> Result<Redirect, AppError> {
    let link = uri.path_and_query().map_or("/", |link| link.as_str());
    app.verifier.verify_url(link)?;
    session.insert(INVITATION, link).await?;
    Ok(Redirect::to("/invitation"))
}

/// Returns the invitation that was opened in this session. It is verified each time, since it may have expired.
pub(crate) async fn pending(app: &App, session: &Session) -> Result<(Verified, Team), AppError> {
    let link: String = session.get(INVITATION).await?.ok_or(AppError::NoInvitation)?;
    let invitation = app.verifier.verify_url(&link)?;
    let team = invitation.get("team").and_then(|team| team.parse().ok());
    let team = app.store.team(team.ok_or(AppError::NoInvitation)?).await?;
    Ok((invitation, team.ok_or(AppError::NoInvitation)?))
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    team: Team,
    is_logged_in: bool,
}

pub(crate) async fn show(State(app): AppState, session: Session) -> Result<Html<String>, AppError> {
    let (_, team) = pending(&app, &session).await?;
    let is_logged_in = current_user(&app, &session).await?.is_some();
    page(InvitationPage { team, is_logged_in })
}

pub(crate) async fn accept(
    State(app): AppState,
    session: Session,
    user: User,
) -> Result<Redirect, AppError> {
    let (invitation, team) = pending(&app, &session).await?;
    session.remove_value(INVITATION).await?;
    // A member who clicks does not use up what was meant for somebody else.
    if !app.store.teams_of(&user).await?.iter().any(|other| other.id == team.id) {
        // First: of two people at once, one alone goes on.
        invitation.consume(&app.store).await?;
        app.store.add_member(&team, &user).await?;
    }
    Ok(Redirect::to("/"))
}
