//! Teams, which people start and invite others to.

use askama::Template;
use axum::extract::{Form, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use super::app::{AppState, page};
use super::error::AppError;
use super::store::{Team, User};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    user: User,
    teams: Vec<Team>,
}

pub(crate) async fn home(State(app): AppState, user: User) -> Result<Html<String>, AppError> {
    let teams = app.store.teams_of(&user).await?;
    page(HomePage { user, teams })
}

#[derive(Deserialize)]
pub(crate) struct TeamForm {
    name: String,
}

pub(crate) async fn create(
    State(app): AppState,
    user: User,
    Form(form): Form<TeamForm>,
) -> Result<Redirect, AppError> {
    let name = form.name.trim();
    if !(1..=60).contains(&name.chars().count()) {
        return Err(AppError::TeamName);
    }
    app.store.create_team(name, &user).await?;
    Ok(Redirect::to("/"))
}
