//! The kinds of scope requests.

/// A kind of scope request: a named set of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeRequest {
    BasicSignup,
    AnonymousLogin,
    ProofOfIdentity,
    ProofOfResidence,
    ProofOfAge,
}

pub(super) const EMAIL: &str = "contact.personal.email";
pub(super) const PHONE_NUMBER: &str = "contact.personal.phoneNumber";
pub(super) const LEVEL: &str = "verifications.levels.CIVIC:IAL1";
pub(super) const DOCUMENT_TYPE: &str = "documents.genericId.type";
pub(super) const DOCUMENT_NUMBER: &str = "documents.genericId.number";
pub(super) const DOCUMENT_NAME: &str = "documents.genericId.name";
pub(super) const DATE_OF_BIRTH: &str = "documents.genericId.dateOfBirth";
pub(super) const DATE_OF_ISSUE: &str = "documents.genericId.dateOfIssue";
pub(super) const DATE_OF_EXPIRY: &str = "documents.genericId.dateOfExpiry";
pub(super) const IMAGE: &str = "documents.genericId.image";
pub(super) const IMAGE_MD5: &str = "documents.genericId.image_md5";
pub(super) const COUNTRY: &str = "documents.genericId.country";

impl ScopeRequest {
    /// Finds the scope request of a name that a page gave.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        use ScopeRequest::*;
        [BasicSignup, AnonymousLogin, ProofOfIdentity, ProofOfResidence, ProofOfAge]
            .into_iter()
            .find(|request| request.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BasicSignup => "BASIC_SIGNUP",
            Self::AnonymousLogin => "ANONYMOUS_LOGIN",
            Self::ProofOfIdentity => "PROOF_OF_IDENTITY",
            Self::ProofOfResidence => "PROOF_OF_RESIDENCE",
            Self::ProofOfAge => "PROOF_OF_AGE",
        }
    }

    /// The title for the person who is asked.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::BasicSignup => "Basic sign-up",
            Self::AnonymousLogin => "Anonymous login",
            Self::ProofOfIdentity => "Proof of identity",
            Self::ProofOfResidence => "Proof of residence",
            Self::ProofOfAge => "Proof of age",
        }
    }

    /// The labels that an app gets when the person approves.
    pub(super) fn labels(self) -> &'static [&'static str] {
        match self {
            Self::BasicSignup => &[EMAIL, PHONE_NUMBER],
            Self::AnonymousLogin => &[],
            Self::ProofOfIdentity => &[
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
                LEVEL,
            ],
            Self::ProofOfResidence => &[DOCUMENT_NAME, COUNTRY, LEVEL],
            Self::ProofOfAge => &[DATE_OF_BIRTH, LEVEL],
        }
    }
}

/// The title of a label.
pub(super) fn label_title(label: &str) -> &str {
    match label {
        EMAIL => "E-mail address",
        PHONE_NUMBER => "Phone number",
        LEVEL => "Verified at level IAL1",
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
