//! The identity document among a person's items.

use chrono::NaiveDate;
use md5::{Digest as _, Md5};

use super::UserData;
use crate::encoding::base64;
use crate::{Error, MalformedError};

const PREFIX: &str = "documents.genericId.";

/// The items `documents.genericId.…` of a [`UserData`], as one document.
///
/// Every method answers as [`UserData::email`] does: only where exactly one item has the label and is valid and
/// owned by the person. Anything else is found by [`UserData::get`].
///
/// ```
/// use civic_sip::{UserData, UserDataItem};
///
/// let item = |label: &str, value: &str| UserDataItem::new(label, value, true, true);
/// let user = UserData::new("36a59d10", vec![
///     item("documents.genericId.type", "Passport"),
///     item("documents.genericId.dateOfBirth", "1980-1-30"),
/// ]);
/// let document = user.identity_document().expect("there are such items");
/// assert_eq!(document.document_type(), Some("Passport"));
/// assert_eq!(document.date_of_birth().map(|date| date.to_string()), Some("1980-01-30".into()));
/// assert!(document.image().is_none());
/// ```
#[derive(Clone, Copy)]
pub struct IdentityDocument<'a> {
    user: &'a UserData,
}

impl<'a> IdentityDocument<'a> {
    pub(super) fn of(user: &'a UserData) -> Option<Self> {
        user.items.iter().any(|item| item.label.starts_with(PREFIX)).then_some(Self { user })
    }

    /// What it is, for instance `Passport`.
    pub fn document_type(&self) -> Option<&'a str> {
        self.user.trusted("documents.genericId.type")
    }

    /// Its number.
    pub fn number(&self) -> Option<&'a str> {
        self.user.trusted("documents.genericId.number")
    }

    /// The name of the person.
    pub fn name(&self) -> Option<&'a str> {
        self.user.trusted("documents.genericId.name")
    }

    /// The country that issued it, as the service writes it, for instance `USA`.
    pub fn country(&self) -> Option<&'a str> {
        self.user.trusted("documents.genericId.country")
    }

    /// When the person was born. `None` also if the text is no date.
    pub fn date_of_birth(&self) -> Option<NaiveDate> {
        self.date("documents.genericId.dateOfBirth")
    }

    /// When it was issued. `None` also if the text is no date.
    pub fn date_of_issue(&self) -> Option<NaiveDate> {
        self.date("documents.genericId.dateOfIssue")
    }

    /// The last day on which it is good. `None` also if the text is no date.
    pub fn date_of_expiry(&self) -> Option<NaiveDate> {
        self.date("documents.genericId.dateOfExpiry")
    }

    /// The bytes of the picture, checked against the MD5 that the service gives for them.
    ///
    /// `None` if there is no picture.
    ///
    /// # Errors
    ///
    /// `is_malformed` if the picture is no base64, or its MD5 is missing or another.
    pub fn image(&self) -> Option<Result<Vec<u8>, Error>> {
        let image = self.user.trusted("documents.genericId.image")?;
        Some(self.checked(image).map_err(|fault| Error::Malformed(MalformedError::Image(fault))))
    }

    fn checked(&self, image: &str) -> Result<Vec<u8>, &'static str> {
        let bytes = base64::decode_wrapped(image).ok_or("it is no base64")?;
        let stated =
            self.user.trusted("documents.genericId.image_md5").ok_or("its MD5 is missing")?;
        let mut expected = [0; 16];
        hex::decode_to_slice(stated.trim(), &mut expected).map_err(|_| "its MD5 is no MD5")?;
        if Md5::digest(&bytes).as_slice() != expected {
            return Err("its MD5 is another");
        }
        Ok(bytes)
    }

    /// `YYYY-MM-DD`, not always padded with zeros; a time of day behind it is cut off.
    fn date(&self, label: &str) -> Option<NaiveDate> {
        let text = self.user.trusted(label)?;
        let day = text.trim().split(['T', ' ']).next()?;
        let (year, _) = day.split_once('-')?;
        NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| year.len() == 4)
    }
}

impl std::fmt::Debug for IdentityDocument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityDocument").finish_non_exhaustive()
    }
}
