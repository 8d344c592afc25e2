//! The identity document among a person's items.

use std::fmt;

use chrono::NaiveDate;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::{UserData, labels};
use crate::encoding::base64;

const PREFIX: &str = "documents.genericId.";

/// The items `documents.genericId.…` of a [`UserData`], as one document.
///
/// Every method returns only values that can be [trusted](UserData::trusted). Use [`UserData::get`] for the others.
///
/// ```
/// use civic_sip::{UserData, UserDataItem, labels};
///
/// let user = UserData::new("36a59d10", vec![
///     UserDataItem::new(labels::DOCUMENT_TYPE, "Passport", true, true),
///     UserDataItem::new(labels::DOCUMENT_DATE_OF_BIRTH, "1980-1-30", true, true),
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

/// The picture is not base64, or does not match its MD5.
#[derive(Debug)]
pub(crate) struct InvalidImage(pub(crate) &'static str);

impl<'a> IdentityDocument<'a> {
    pub(super) fn of(user: &'a UserData) -> Option<Self> {
        user.items().iter().any(|item| item.label().starts_with(PREFIX)).then_some(Self { user })
    }

    /// Returns the type of the document, for instance `Passport`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_TYPE, "Passport", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// assert_eq!(user.identity_document().and_then(|document| document.document_type()), Some("Passport"));
    /// ```
    pub fn document_type(&self) -> Option<&'a str> {
        self.user.trusted(labels::DOCUMENT_TYPE)
    }

    /// Returns the number of the document.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_NUMBER, "P4410027", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// assert_eq!(user.identity_document().and_then(|document| document.number()), Some("P4410027"));
    /// ```
    pub fn number(&self) -> Option<&'a str> {
        self.user.trusted(labels::DOCUMENT_NUMBER)
    }

    /// Returns the name of the person.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_NAME, "Ada Winterbourne", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// assert_eq!(user.identity_document().and_then(|document| document.name()), Some("Ada Winterbourne"));
    /// ```
    pub fn name(&self) -> Option<&'a str> {
        self.user.trusted(labels::DOCUMENT_NAME)
    }

    /// Returns the country that issued the document, in the service's spelling, for instance `USA`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_COUNTRY, "GBR", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// assert_eq!(user.identity_document().and_then(|document| document.country()), Some("GBR"));
    /// ```
    pub fn country(&self) -> Option<&'a str> {
        self.user.trusted(labels::DOCUMENT_COUNTRY)
    }

    /// Returns the date of birth. A text that is no date gives `None`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_DATE_OF_BIRTH, "1994-7-2", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// let born = user.identity_document().and_then(|document| document.date_of_birth());
    /// assert_eq!(born, chrono::NaiveDate::from_ymd_opt(1994, 7, 2));
    /// ```
    pub fn date_of_birth(&self) -> Option<NaiveDate> {
        self.date(labels::DOCUMENT_DATE_OF_BIRTH)
    }

    /// Returns the date on which the document was issued. A text that is no date gives `None`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_DATE_OF_ISSUE, "2021-06-14", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// let issued = user.identity_document().and_then(|document| document.date_of_issue());
    /// assert_eq!(issued, chrono::NaiveDate::from_ymd_opt(2021, 6, 14));
    /// ```
    pub fn date_of_issue(&self) -> Option<NaiveDate> {
        self.date(labels::DOCUMENT_DATE_OF_ISSUE)
    }

    /// Returns the last day on which the document is valid. A text that is no date gives `None`.
    ///
    /// ```
    /// # use civic_sip::{UserData, UserDataItem, labels};
    /// let item = UserDataItem::new(labels::DOCUMENT_DATE_OF_EXPIRY, "unlimited", true, true);
    /// let user = UserData::new("36a59d10", vec![item]);
    /// assert_eq!(user.identity_document().and_then(|document| document.date_of_expiry()), None);
    /// ```
    pub fn date_of_expiry(&self) -> Option<NaiveDate> {
        self.date(labels::DOCUMENT_DATE_OF_EXPIRY)
    }

    /// Returns an owned copy of everything but the picture, for storing it.
    ///
    /// ```
    /// use civic_sip::{UserData, UserDataItem, labels};
    ///
    /// let country = UserDataItem::new(labels::DOCUMENT_COUNTRY, "USA", true, true);
    /// let user = UserData::new("36a59d10", vec![country]);
    /// let document = user.identity_document().expect("there is such an item").to_owned();
    /// assert_eq!(serde_json::to_value(&document)?["country"], "USA");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn to_owned(&self) -> OwnedIdentityDocument {
        OwnedIdentityDocument {
            document_type: self.document_type().map(str::to_owned),
            number: self.number().map(str::to_owned),
            name: self.name().map(str::to_owned),
            country: self.country().map(str::to_owned),
            date_of_birth: self.date_of_birth(),
            date_of_issue: self.date_of_issue(),
            date_of_expiry: self.date_of_expiry(),
        }
    }

    /// Returns the bytes of the picture, checked against the MD5 that the service gives for them.
    pub(crate) fn checked_image(&self) -> Option<Result<Vec<u8>, InvalidImage>> {
        let image = self.user.trusted(labels::DOCUMENT_IMAGE)?;
        Some(self.check_image(image).map_err(InvalidImage))
    }

    fn check_image(&self, image: &str) -> Result<Vec<u8>, &'static str> {
        let bytes = base64::decode_wrapped(image).ok_or("it is not base64")?;
        let stated = self.user.trusted(labels::DOCUMENT_IMAGE_MD5).ok_or("its MD5 is missing")?;
        let mut expected = [0; 16];
        hex::decode_to_slice(stated.trim(), &mut expected)
            .map_err(|_| "its MD5 is not 32 hex digits")?;
        if Md5::digest(&bytes).as_slice() != expected {
            return Err("it does not match its MD5");
        }
        Ok(bytes)
    }

    /// Reads `YYYY-MM-DD`, not always padded with zeros, and ignores a time of day.
    fn date(&self, label: &str) -> Option<NaiveDate> {
        let text = self.user.trusted(label)?;
        let day = text.trim().split(['T', ' ']).next()?;
        let (year, _) = day.split_once('-')?;
        NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| year.len() == 4)
    }
}

impl fmt::Debug for IdentityDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityDocument").finish_non_exhaustive()
    }
}

/// An [`IdentityDocument`] that owns its values, without the picture.
///
/// ```
/// use civic_sip::OwnedIdentityDocument;
///
/// let stored = r#"{"documentType": "Passport", "dateOfBirth": "1987-03-09"}"#;
/// let document: OwnedIdentityDocument = serde_json::from_str(stored)?;
/// assert_eq!(document.document_type.as_deref(), Some("Passport"));
/// assert_eq!(document.number, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OwnedIdentityDocument {
    /// The type of the document, for instance `Passport`.
    pub document_type: Option<String>,
    /// The number of the document.
    pub number: Option<String>,
    /// The name of the person.
    pub name: Option<String>,
    /// The country that issued the document.
    pub country: Option<String>,
    /// The date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// The date on which the document was issued.
    pub date_of_issue: Option<NaiveDate>,
    /// The last day on which the document is valid.
    pub date_of_expiry: Option<NaiveDate>,
}

/// Shows nothing of the document.
impl fmt::Debug for OwnedIdentityDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedIdentityDocument").finish_non_exhaustive()
    }
}
