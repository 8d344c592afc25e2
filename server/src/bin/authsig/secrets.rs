//! Secrets: from a variable, or from a file that another variable names.

use std::env;
use std::path::Path;

use crate::Failure;

/// Returns the value of `name`, or the text of the file that `name_FILE` names.
pub(crate) fn read(name: &str) -> Result<Option<String>, Failure> {
    match (env::var(name), env::var_os(format!("{name}_FILE"))) {
        (Ok(_), Some(_)) => Err(format!("set {name} or {name}_FILE, not both").into()),
        (Ok(value), None) => Ok(Some(value)),
        (Err(env::VarError::NotUnicode(_)), _) => Err(format!("{name} must be UTF-8").into()),
        (Err(_), Some(file)) => read_file(Path::new(&file)).map(Some),
        (Err(_), None) => Ok(None),
    }
}

/// Returns the text of a file, without the line feed at its end.
pub(crate) fn read_file(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| format!("can't read {}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
