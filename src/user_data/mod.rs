//! The verified data of a person.

use std::fmt;

use serde::{Deserialize, Serialize};

mod identity_document;
mod json_text;
mod read;

pub use identity_document::IdentityDocument;
pub(crate) use read::read_items;

const EMAIL: &str = "contact.personal.email";
const PHONE_NUMBER: &str = "contact.personal.phoneNumber";

/// What a person released to the app.
///
/// The items come from the signed and encrypted part of the service's answer. The user id stands beside it,
/// unsigned: TLS alone vouches for it.
///
/// In JSON it has the shape of the gem:
/// `{"userId": …, "data": [{"label": …, "value": …, "isValid": …, "isOwner": …}]}`.
///
/// ```
/// use civic_sip::{UserData, UserDataItem};
///
/// let email = UserDataItem::new("contact.personal.email", "ada@example.com", true, true);
/// let user = UserData::new("36a59d10", vec![email]);
/// assert_eq!(user.email(), Some("ada@example.com"));
/// assert_eq!(user.phone_number(), None);
/// # assert_eq!(serde_json::from_str::<UserData>(&serde_json::to_string(&user)?)?, user);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserData {
    #[serde(rename = "userId")]
    user_id: String,
    #[serde(rename = "data")]
    items: Vec<UserDataItem>,
}

impl UserData {
    /// Data that was obtained elsewhere, for instance in a test or from one's own store.
    pub fn new(user_id: impl Into<String>, items: Vec<UserDataItem>) -> Self {
        Self { user_id: user_id.into(), items }
    }

    /// Who this is, the same at every exchange of this person with this app: 64 hex digits.
    ///
    /// It stands outside of what the service signs, so TLS alone vouches for it.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// All items, in the order of the service.
    pub fn items(&self) -> &[UserDataItem] {
        &self.items
    }

    /// The first item with this label, valid or not, owned or not.
    pub fn get(&self, label: &str) -> Option<&UserDataItem> {
        self.items.iter().find(|item| item.label == label)
    }

    /// The e-mail address, if there is exactly one and it is valid and owned by the person.
    pub fn email(&self) -> Option<&str> {
        self.trusted(EMAIL)
    }

    /// The phone number, if there is exactly one and it is valid and owned by the person.
    pub fn phone_number(&self) -> Option<&str> {
        self.trusted(PHONE_NUMBER)
    }

    /// The identity document, if any item with a label `documents.genericId.…` is there.
    pub fn identity_document(&self) -> Option<IdentityDocument<'_>> {
        IdentityDocument::of(self)
    }

    /// The value under this label, if exactly one item has it, and that is valid and owned.
    fn trusted(&self, label: &str) -> Option<&str> {
        let mut found = self.items.iter().filter(|item| item.label == label);
        let item = found.next()?;
        (found.next().is_none() && item.is_valid && item.is_owner).then_some(&*item.value)
    }
}

/// Shows labels and never values, nor who it is.
impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserData").field("items", &self.items).finish_non_exhaustive()
    }
}

/// One piece of a person's data.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDataItem {
    label: String,
    value: String,
    is_valid: bool,
    is_owner: bool,
}

impl UserDataItem {
    /// An item of one's own making, for instance for a test.
    pub fn new(
        label: impl Into<String>,
        value: impl Into<String>,
        is_valid: bool,
        is_owner: bool,
    ) -> Self {
        Self { label: label.into(), value: value.into(), is_valid, is_owner }
    }

    /// What it is, for instance `contact.personal.email`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What the person released. A value that is not a string in JSON is kept as its compact JSON text.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the attestation of the value still stands: it has been made, and not been revoked.
    pub fn is_valid(&self) -> bool {
        self.is_valid
    }

    /// Whether the value was attested for this person, rather than for somebody else.
    pub fn is_owner(&self) -> bool {
        self.is_owner
    }
}

/// Shows the label and never the value.
impl fmt::Debug for UserDataItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDataItem")
            .field("label", &self.label)
            .field("is_valid", &self.is_valid)
            .field("is_owner", &self.is_owner)
            .finish_non_exhaustive()
    }
}
