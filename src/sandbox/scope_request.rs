//! The kinds of scope requests.

use crate::labels;

const CONTACT_AND_DOCUMENT: &[&str] = &[
    labels::EMAIL,
    labels::PHONE_NUMBER,
    labels::DOCUMENT_TYPE,
    labels::DOCUMENT_NUMBER,
    labels::DOCUMENT_NAME,
    labels::DOCUMENT_DATE_OF_BIRTH,
    labels::DOCUMENT_DATE_OF_ISSUE,
    labels::DOCUMENT_DATE_OF_EXPIRY,
    labels::DOCUMENT_IMAGE,
    labels::DOCUMENT_IMAGE_MD5,
    labels::DOCUMENT_COUNTRY,
    labels::VERIFICATION_LEVEL,
];
const CONTACT: &[&str] = CONTACT_AND_DOCUMENT.split_at(2).0;
const DOCUMENT: &[&str] = CONTACT_AND_DOCUMENT.split_at(2).1;

/// A kind of scope request: what an app asks a person for.
///
/// Pages name it by a constant of `civicSip.ScopeRequests` or by the constant's text. The [table](super#in-a-browser)
/// lists both, and the data that each brings.
///
/// ```
#[doc = include_str!("../docs/setup/sandbox.md")]
/// let user = sandbox.user_data_for(Person::Ada, ScopeRequest::ProofOfResidence);
/// assert_eq!(user.items().len(), ScopeRequest::ProofOfResidence.labels().len());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScopeRequest {
    /// `ANONYMOUS_LOGIN`: the user id alone.
    AnonymousLogin,
    /// `BASIC_LOGIN`: e-mail address and phone number.
    BasicLogin,
    /// `BASIC_SIGNUP` and `CIVIC_BASIC`: e-mail address and phone number.
    BasicSignup,
    /// `LEGAL`: name, date of birth, country and level of verification.
    Legal,
    /// `ID_VERIFICATION`: a document with its picture and the level of verification.
    IdVerification,
    /// `PASSPORT`: a passport with its picture and the level of verification.
    Passport,
    /// `DRIVER_LICENSE`: a driving licence with its picture and the level of verification.
    DriverLicense,
    /// `PROOF_OF_RESIDENCE`: name, country and level of verification.
    ProofOfResidence,
    /// `PROOF_OF_IDENTITY`: e-mail address, phone number, a document with its picture and the level of verification.
    ProofOfIdentity,
    /// `PROOF_OF_AGE`: date of birth and level of verification.
    ProofOfAge,
}

impl ScopeRequest {
    const ALL: [Self; 10] = [
        Self::AnonymousLogin,
        Self::BasicLogin,
        Self::BasicSignup,
        Self::Legal,
        Self::IdVerification,
        Self::Passport,
        Self::DriverLicense,
        Self::ProofOfResidence,
        Self::ProofOfIdentity,
        Self::ProofOfAge,
    ];

    /// Finds a scope request by the name or the text of its constant.
    pub(super) fn find(name: &str) -> Option<Self> {
        if name == "CIVIC_BASIC" {
            return Some(Self::BasicSignup);
        }
        Self::ALL.into_iter().find(|request| request.name() == name || request.text() == name)
    }

    /// Returns the name of the constant, such as `PROOF_OF_AGE`.
    ///
    /// ```
    /// assert_eq!(civic_sip::sandbox::ScopeRequest::ProofOfAge.name(), "PROOF_OF_AGE");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::AnonymousLogin => "ANONYMOUS_LOGIN",
            Self::BasicLogin => "BASIC_LOGIN",
            Self::BasicSignup => "BASIC_SIGNUP",
            Self::Legal => "LEGAL",
            Self::IdVerification => "ID_VERIFICATION",
            Self::Passport => "PASSPORT",
            Self::DriverLicense => "DRIVER_LICENSE",
            Self::ProofOfResidence => "PROOF_OF_RESIDENCE",
            Self::ProofOfIdentity => "PROOF_OF_IDENTITY",
            Self::ProofOfAge => "PROOF_OF_AGE",
        }
    }

    /// Returns the text of the constant, such as `proofOfAge`.
    fn text(self) -> &'static str {
        match self {
            Self::AnonymousLogin => "Anonymous_Login",
            Self::BasicLogin => "Login",
            Self::BasicSignup => "civicBasic",
            Self::Legal => "Legal",
            Self::IdVerification => "id_verification",
            Self::Passport => "passport",
            Self::DriverLicense => "driversLicense",
            Self::ProofOfResidence => "proofOfResidence",
            Self::ProofOfIdentity => "proofOfIdentity",
            Self::ProofOfAge => "proofOfAge",
        }
    }

    /// The title for the person who is asked.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::AnonymousLogin => "Anonymous login",
            Self::BasicLogin => "Basic login",
            Self::BasicSignup => "Basic sign-up",
            Self::Legal => "Legal identity",
            Self::IdVerification => "Identity verification",
            Self::Passport => "Passport",
            Self::DriverLicense => "Driving licence",
            Self::ProofOfResidence => "Proof of residence",
            Self::ProofOfIdentity => "Proof of identity",
            Self::ProofOfAge => "Proof of age",
        }
    }

    /// Returns the labels that an app gets when the person approves.
    ///
    /// ```
    /// use civic_sip::{labels, sandbox::ScopeRequest};
    ///
    /// assert_eq!(ScopeRequest::BasicSignup.labels(), [labels::EMAIL, labels::PHONE_NUMBER]);
    /// ```
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Self::AnonymousLogin => &[],
            Self::BasicLogin | Self::BasicSignup => CONTACT,
            Self::Legal => &[
                labels::DOCUMENT_NAME,
                labels::DOCUMENT_DATE_OF_BIRTH,
                labels::DOCUMENT_COUNTRY,
                labels::VERIFICATION_LEVEL,
            ],
            Self::IdVerification | Self::Passport | Self::DriverLicense => DOCUMENT,
            Self::ProofOfResidence => {
                &[labels::DOCUMENT_NAME, labels::DOCUMENT_COUNTRY, labels::VERIFICATION_LEVEL]
            }
            Self::ProofOfIdentity => CONTACT_AND_DOCUMENT,
            Self::ProofOfAge => &[labels::DOCUMENT_DATE_OF_BIRTH, labels::VERIFICATION_LEVEL],
        }
    }
}

/// The title of a label.
pub(super) fn label_title(label: &str) -> &str {
    match label {
        labels::EMAIL => "E-mail address",
        labels::PHONE_NUMBER => "Phone number",
        labels::VERIFICATION_LEVEL => "Verified at level IAL1",
        labels::DOCUMENT_TYPE => "Kind of document",
        labels::DOCUMENT_NUMBER => "Document number",
        labels::DOCUMENT_NAME => "Name on the document",
        labels::DOCUMENT_DATE_OF_BIRTH => "Date of birth",
        labels::DOCUMENT_DATE_OF_ISSUE => "Issued on",
        labels::DOCUMENT_DATE_OF_EXPIRY => "Expires on",
        labels::DOCUMENT_IMAGE => "Picture",
        labels::DOCUMENT_IMAGE_MD5 => "MD5 of the picture",
        labels::DOCUMENT_COUNTRY => "Country",
        other => other,
    }
}
