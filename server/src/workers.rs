//! Periodic work of every instance.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::stop::Stop;
use crate::store::StoreError;

/// Keys that were added or revoked elsewhere are followed within this time.
const REFRESH: Duration = Duration::from_secs(5);

/// Old rows are deleted once in so many refreshes.
const DELETE_EVERY: u32 = 120;

/// Finished notifications are kept for a day, in seconds, for the operator to look at.
const KEEP_FINISHED: i64 = 24 * 60 * 60;

/// Follows the keys and deletes old rows, until told to stop.
pub(crate) async fn housekeeping(app: Arc<App>, mut stop: Stop) {
    for round in 0_u32.. {
        if let Err(error) = app.keys.refresh().await {
            tracing::error!(%error, "the keys can't be read again");
        }
        if round % DELETE_EVERY == 0
            && let Err(error) = delete_old(&app).await
        {
            tracing::error!(%error, "old rows can't be deleted");
        }
        if round % DELETE_EVERY == 0
            && let Err(error) = app.keys.retire().await
        {
            tracing::error!(%error, "old keys can't be deleted");
        }
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(REFRESH) => {}
        }
    }
}

async fn delete_old(app: &App) -> Result<(), StoreError> {
    let now = app.clock.seconds();
    let sessions = app.store.delete_old_sessions(now).await?;
    let shared = app.store.shared_millis(&app.clock).await?;
    let notifications = app.store.delete_finished_notifications(shared / 1000 - KEEP_FINISHED);
    let notifications = notifications.await?;
    let limits = app.store.delete_unused_limits(shared).await?;
    tracing::debug!(sessions, notifications, limits, "deleted old rows");
    Ok(())
}
