//! Defaults: parameters under a slug, encrypted.

use super::{Store, StoreError, on_db};

impl Store {
    /// Returns `false` if the slug is taken, or was.
    pub(crate) async fn create_default(
        &self,
        slug: &str,
        sealed_params: &[u8],
        owner: Option<&str>,
        now: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO defaults (slug, params, owner, created_at) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT DO NOTHING";
        Ok(on_db!(self.writer(), db => {
            let insert = sqlx::query(SQL).bind(slug).bind(sealed_params).bind(owner).bind(now);
            insert.execute(db).await?.rows_affected() == 1
        }))
    }

    /// Returns the encrypted parameters.
    pub(crate) async fn default_params(&self, slug: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT params FROM defaults WHERE slug = $1";
        let params: Option<Option<Vec<u8>>> = on_db!(self.readers(), db => {
            sqlx::query_scalar(SQL).bind(slug).fetch_optional(db).await?
        });
        Ok(params.flatten())
    }
}
