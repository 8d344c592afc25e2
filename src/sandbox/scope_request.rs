//! The kinds of scope requests.

pub(super) const EMAIL: &str = "contact.personal.email";
pub(super) const PHONE_NUMBER: &str = "contact.personal.phoneNumber";
pub(super) const VERIFICATION_LEVEL: &str = "verifications.levels.CIVIC:IAL1";
pub(super) const DOCUMENT_TYPE: &str = "documents.genericId.type";
pub(super) const DOCUMENT_NUMBER: &str = "documents.genericId.number";
pub(super) const DOCUMENT_NAME: &str = "documents.genericId.name";
pub(super) const DATE_OF_BIRTH: &str = "documents.genericId.dateOfBirth";
pub(super) const DATE_OF_ISSUE: &str = "documents.genericId.dateOfIssue";
pub(super) const DATE_OF_EXPIRY: &str = "documents.genericId.dateOfExpiry";
pub(super) const IMAGE: &str = "documents.genericId.image";
pub(super) const IMAGE_MD5: &str = "documents.genericId.image_md5";
pub(super) const COUNTRY: &str = "documents.genericId.country";

const CONTACT: &[&str] = &[EMAIL, PHONE_NUMBER];

const DOCUMENT: &[&str] = &[
    DOCUMENT_TYPE,
    DOCUMENT_NUMBER,
    DOCUMENT_NAME,
    DATE_OF_BIRTH,
    DATE_OF_ISSUE,
    DATE_OF_EXPIRY,
    IMAGE,
    IMAGE_MD5,
    COUNTRY,
    VERIFICATION_LEVEL,
];

const CONTACT_AND_DOCUMENT: &[&str] = &[
    EMAIL,
    PHONE_NUMBER,
    DOCUMENT_TYPE,
    DOCUMENT_NUMBER,
    DOCUMENT_NAME,
    DATE_OF_BIRTH,
    DATE_OF_ISSUE,
    DATE_OF_EXPIRY,
    IMAGE,
    IMAGE_MD5,
    COUNTRY,
    VERIFICATION_LEVEL,
];

/// A kind of scope request: what an app asks a person for.
///
/// Pages name it by a constant of `civicSip.ScopeRequests` or by the constant's text. The [table](super#in-a-browser)
/// lists both, and the data that each brings.
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
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Self::AnonymousLogin => &[],
            Self::BasicLogin | Self::BasicSignup => CONTACT,
            Self::Legal => &[DOCUMENT_NAME, DATE_OF_BIRTH, COUNTRY, VERIFICATION_LEVEL],
            Self::IdVerification | Self::Passport | Self::DriverLicense => DOCUMENT,
            Self::ProofOfResidence => &[DOCUMENT_NAME, COUNTRY, VERIFICATION_LEVEL],
            Self::ProofOfIdentity => CONTACT_AND_DOCUMENT,
            Self::ProofOfAge => &[DATE_OF_BIRTH, VERIFICATION_LEVEL],
        }
    }
}

/// The title of a label.
pub(super) fn label_title(label: &str) -> &str {
    match label {
        EMAIL => "E-mail address",
        PHONE_NUMBER => "Phone number",
        VERIFICATION_LEVEL => "Verified at level IAL1",
        DOCUMENT_TYPE => "Kind of document",
        DOCUMENT_NUMBER => "Document number",
        DOCUMENT_NAME => "Name on the document",
        DATE_OF_BIRTH => "Date of birth",
        DATE_OF_ISSUE => "Issued on",
        DATE_OF_EXPIRY => "Expires on",
        IMAGE => "Picture",
        IMAGE_MD5 => "MD5 of the picture",
        COUNTRY => "Country",
        other => other,
    }
}
