//! The verified data of a person.

use std::fmt;

use serde::{Deserialize, Serialize};

mod identity_document;
mod item;
pub mod labels;
mod read;

pub(crate) use identity_document::InvalidImage;
pub use identity_document::{IdentityDocument, OwnedIdentityDocument};
pub use item::UserDataItem;
pub(crate) use read::{InvalidItems, read_items};

/// The data that a person released to the app.
///
/// The items come from the signed and encrypted part of the service's response. The user id is outside of it,
/// unsigned: TLS alone vouches for it.
///
/// In JSON it has the shape of the gem:
/// `{"userId": …, "data": [{"label": …, "value": …, "isValid": …, "isOwner": …}]}`.
///
/// ```
/// use civic_sip::{UserData, UserDataItem, labels};
///
/// let email = UserDataItem::new(labels::EMAIL, "ada@example.com", true, true);
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
    /// Creates user data from elsewhere, for instance for a test or from a database.
    ///
    /// ```
    /// let user = civic_sip::UserData::new("36a59d10", Vec::new());
    /// assert_eq!(user.user_id(), "36a59d10");
    /// ```
    pub fn new(user_id: impl Into<String>, items: Vec<UserDataItem>) -> Self {
        Self { user_id: user_id.into(), items }
    }

    /// Returns the id of the person: 64 hex digits, the same at every exchange with this app.
    ///
    /// It stands outside of the signed token, so TLS alone vouches for it.
    ///
    /// ```
    /// let user = civic_sip::UserData::new("36a59d10", Vec::new());
    /// assert_eq!(user.user_id(), "36a59d10");
    /// ```
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Returns all items, in the order of the service.
    ///
    /// ```
    /// use civic_sip::{UserData, UserDataItem, labels};
    ///
    /// let user = UserData::new("36a59d10", vec![UserDataItem::new(labels::EMAIL, "ada@example.com", true, true)]);
    /// assert_eq!(user.items()[0].label(), labels::EMAIL);
    /// ```
    pub fn items(&self) -> &[UserDataItem] {
        &self.items
    }

    /// Consumes the data and returns its items.
    ///
    /// ```
    /// let user = civic_sip::UserData::new("36a59d10", Vec::new());
    /// assert!(user.into_items().is_empty());
    /// ```
    pub fn into_items(self) -> Vec<UserDataItem> {
        self.items
    }

    /// Returns the first item with this label, whether or not it can be trusted.
    ///
    /// Use [`trusted`](Self::trusted) for values that the app relies on.
    ///
    /// ```
    /// use civic_sip::{UserData, UserDataItem, labels};
    ///
    /// let user = UserData::new("36a59d10", vec![UserDataItem::new(labels::EMAIL, "ada@example.com", false, true)]);
    /// assert!(user.get(labels::EMAIL).is_some_and(|item| !item.is_valid()));
    /// assert_eq!(user.trusted(labels::EMAIL), None);
    /// ```
    pub fn get(&self, label: &str) -> Option<&UserDataItem> {
        self.items.iter().find(|item| item.label() == label)
    }

    /// Returns the value with this label if exactly one item has the label, and that item is valid, owned by the person
    /// and not empty.
    ///
    /// [`labels`](crate::labels) has the labels that are known.
    ///
    /// ```
    /// use civic_sip::{UserData, UserDataItem, labels};
    ///
    /// let mut items = vec![UserDataItem::new(labels::EMAIL, "ada@example.com", true, true)];
    /// assert_eq!(UserData::new("36a59d10", items.clone()).trusted(labels::EMAIL), Some("ada@example.com"));
    ///
    /// items.push(UserDataItem::new(labels::EMAIL, "eve@example.com", true, true));
    /// assert_eq!(UserData::new("36a59d10", items).trusted(labels::EMAIL), None);
    /// ```
    pub fn trusted(&self, label: &str) -> Option<&str> {
        let mut items = self.items.iter().filter(|item| item.label() == label);
        let item = items.next()?;
        let trusted = items.next().is_none()
            && item.is_valid()
            && item.is_owner()
            && !item.value().is_empty();
        trusted.then(|| item.value())
    }

    /// Returns the e-mail address, if it can be [trusted](Self::trusted).
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let email = UserDataItem::new(labels::EMAIL, "ada@example.com", true, true);
    /// assert_eq!(UserData::new("36a59d10", vec![email]).email(), Some("ada@example.com"));
    /// ```
    pub fn email(&self) -> Option<&str> {
        self.trusted(labels::EMAIL)
    }

    /// Returns the phone number, if it can be [trusted](Self::trusted).
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let revoked = UserDataItem::new(labels::PHONE_NUMBER, "+44 7700 900142", false, true);
    /// assert_eq!(UserData::new("36a59d10", vec![revoked]).phone_number(), None);
    /// ```
    pub fn phone_number(&self) -> Option<&str> {
        self.trusted(labels::PHONE_NUMBER)
    }

    /// Returns the value of the verification level, if it can be [trusted](Self::trusted).
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let level = UserDataItem::new(labels::VERIFICATION_LEVEL, "true", true, true);
    /// assert_eq!(UserData::new("36a59d10", vec![level]).verification_level(), Some("true"));
    /// ```
    pub fn verification_level(&self) -> Option<&str> {
        self.trusted(labels::VERIFICATION_LEVEL)
    }

    /// Returns the identity document, if any item has a label `documents.genericId.…`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let name = UserDataItem::new(labels::DOCUMENT_NAME, "Ada Winterbourne", true, true);
    /// let user = UserData::new("36a59d10", vec![name]);
    /// assert!(user.identity_document().is_some_and(|document| document.name() == Some("Ada Winterbourne")));
    /// ```
    pub fn identity_document(&self) -> Option<IdentityDocument<'_>> {
        IdentityDocument::of(self)
    }
}

impl IntoIterator for UserData {
    type Item = UserDataItem;
    type IntoIter = std::vec::IntoIter<UserDataItem>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a UserData {
    type Item = &'a UserDataItem;
    type IntoIter = std::slice::Iter<'a, UserDataItem>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// Shows labels, but neither values nor the user id.
impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserData").field("items", &self.items).finish_non_exhaustive()
    }
}
