//! One piece of a person's data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One piece of a person's data.
///
/// ```
/// use civic_sip::{UserDataItem, labels};
///
/// let item = UserDataItem::new(labels::EMAIL, "ada@example.com", true, true);
/// assert_eq!((item.label(), item.value()), ("contact.personal.email", "ada@example.com"));
/// assert!(item.is_valid() && item.is_owner());
/// // `Debug` shows no value.
/// assert!(!format!("{item:?}").contains("ada"));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDataItem {
    label: String,
    value: String,
    #[serde(default)]
    is_valid: bool,
    #[serde(default)]
    is_owner: bool,
}

impl UserDataItem {
    /// Creates an item, for instance for a test.
    ///
    /// ```
    /// let email = civic_sip::UserDataItem::new("contact.personal.email", "ada@example.com", true, false);
    /// assert!(email.is_valid() && !email.is_owner());
    /// ```
    pub fn new(
        label: impl Into<String>,
        value: impl Into<String>,
        is_valid: bool,
        is_owner: bool,
    ) -> Self {
        Self { label: label.into(), value: value.into(), is_valid, is_owner }
    }

    /// Returns the label, for instance `contact.personal.email`.
    ///
    /// ```
    /// # use civic_sip::{UserDataItem, labels};
    /// let email = UserDataItem::new(labels::EMAIL, "ada@example.com", true, true);
    /// assert_eq!(email.label(), labels::EMAIL);
    /// ```
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the value that the person released.
    ///
    /// A value that is not a string in JSON is kept as its compact JSON text, and `null` as an empty text.
    ///
    /// ```
    /// # use civic_sip::{UserDataItem, labels};
    /// let email = UserDataItem::new(labels::EMAIL, "ada@example.com", true, true);
    /// assert_eq!(email.value(), "ada@example.com");
    /// ```
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns whether the attestation of the value was made, and has not been revoked.
    ///
    /// ```
    /// # use civic_sip::{UserDataItem, labels};
    /// let revoked = UserDataItem::new(labels::EMAIL, "ada@example.com", false, true);
    /// assert!(!revoked.is_valid());
    /// ```
    pub fn is_valid(&self) -> bool {
        self.is_valid
    }

    /// Returns whether the value was attested for this person, rather than for somebody else.
    ///
    /// ```
    /// # use civic_sip::{UserDataItem, labels};
    /// let borrowed = UserDataItem::new(labels::EMAIL, "family@example.com", true, false);
    /// assert!(!borrowed.is_owner());
    /// ```
    pub fn is_owner(&self) -> bool {
        self.is_owner
    }
}

/// Shows the label, but not the value.
impl fmt::Debug for UserDataItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDataItem")
            .field("label", &self.label)
            .field("is_valid", &self.is_valid)
            .field("is_owner", &self.is_owner)
            .finish_non_exhaustive()
    }
}
