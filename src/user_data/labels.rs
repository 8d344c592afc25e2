//! The labels of the items that the service is known to send.
//!
//! ```
//! use civic_sip::{UserData, UserDataItem, labels};
//!
//! let level = UserDataItem::new(labels::VERIFICATION_LEVEL, "true", true, true);
//! let user = UserData::new("36a59d10", vec![level]);
//! assert_eq!(user.trusted(labels::VERIFICATION_LEVEL), Some("true"));
//! ```

/// The e-mail address.
pub const EMAIL: &str = "contact.personal.email";
/// The phone number.
pub const PHONE_NUMBER: &str = "contact.personal.phoneNumber";
/// The identity assurance level that the person was verified at (NIST SP 800-63A).
pub const VERIFICATION_LEVEL: &str = "verifications.levels.CIVIC:IAL1";
/// The type of the identity document, for instance `Passport`.
pub const DOCUMENT_TYPE: &str = "documents.genericId.type";
/// The number of the identity document.
pub const DOCUMENT_NUMBER: &str = "documents.genericId.number";
/// The name on the identity document.
pub const DOCUMENT_NAME: &str = "documents.genericId.name";
/// The date of birth on the identity document.
pub const DOCUMENT_DATE_OF_BIRTH: &str = "documents.genericId.dateOfBirth";
/// The date on which the identity document was issued.
pub const DOCUMENT_DATE_OF_ISSUE: &str = "documents.genericId.dateOfIssue";
/// The last day on which the identity document is valid.
pub const DOCUMENT_DATE_OF_EXPIRY: &str = "documents.genericId.dateOfExpiry";
/// The country that issued the identity document.
pub const DOCUMENT_COUNTRY: &str = "documents.genericId.country";
/// The picture of the identity document, in base64.
pub const DOCUMENT_IMAGE: &str = "documents.genericId.image";
/// The MD5 of the picture of the identity document, in hex.
pub const DOCUMENT_IMAGE_MD5: &str = "documents.genericId.image_md5";
