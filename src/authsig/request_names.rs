//! The names that mean something in a request, to those who ask and to the server that decides.

use super::error::{QueryError, shown};
use super::query::Pair;
use super::reserved;

/// Names that decide what happens, and that no verifier looks at.
pub(super) const DECIDING: [&str; 5] =
    ["redirect_url", "notify_url", "hide", "default", "provides"];

/// Names that the server alone sets.
pub(super) const SET_BY_SERVER: [&str; 3] = ["nonce", "signature", "audience"];

/// Returns a name that the server alone sets, if there is one.
pub(super) fn set_by_server(pairs: &[Pair<'_>]) -> Option<&'static str> {
    SET_BY_SERVER.into_iter().find(|name| pairs.iter().any(|pair| pair.name == *name))
}

/// Rejects repeated names that decide what happens, and names that some parser reads as one of them.
pub(super) fn check_deciding(pairs: &[Pair<'_>]) -> Result<(), QueryError> {
    for (index, pair) in pairs.iter().enumerate() {
        let mut others = pairs.iter().skip(index + 1);
        if let Some(name) = DECIDING.into_iter().find(|name| *name == pair.name) {
            if others.any(|other| other.name == name) {
                return Err(QueryError::Repeated(name));
            }
        } else if !matches!(&*pair.name, "default[]" | "provides[]")
            && reserved::looks_like_one_of(&DECIDING, &pair.name).is_some()
        {
            return Err(QueryError::Lookalike(shown(&pair.name)));
        }
    }
    Ok(())
}
