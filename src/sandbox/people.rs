//! The invented people of the sandbox.
//!
//! Their mail goes to `example.com` (RFC 2606), and their phone numbers are from ranges reserved for fiction (NANP
//! 555-01xx, Ofcom, ACMA).

use md5::{Digest as _, Md5};

use super::scope_request::ScopeRequest;
use crate::encoding::base64;
use crate::{UserData, UserDataItem, crypto, labels};

/// An invented person of the sandbox.
///
/// ```
/// # async fn run() -> Result<(), civic_sip::Error> {
/// use civic_sip::sandbox::{Person, Sandbox, ScopeRequest};
///
/// let sandbox = Sandbox::start().await?;
/// let civic = sandbox.client_builder().build()?;
///
/// let token = sandbox.issue_token_for(Person::Bruno, ScopeRequest::BasicSignup);
/// let user = civic.exchange_code(token).await?;
/// assert_eq!(user.email(), Some("bruno.castellane@example.com"));
/// assert_eq!(user.phone_number(), None); // no longer valid
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Person {
    /// Ada Winterbourne: every item is valid and owned.
    Ada,
    /// Bruno Castellane: the phone number is no longer valid, and dates have no leading zeros.
    Bruno,
    /// Chioma Adeyelu: the e-mail address was verified for somebody else.
    Chioma,
    /// Dagny Søltoft-Müller: the name has letters beyond ASCII, and the year of birth is 2012.
    Dagny,
}

impl Person {
    pub(super) const ALL: &[Self] = &[Self::Ada, Self::Bruno, Self::Chioma, Self::Dagny];

    /// Finds a person by id.
    pub(super) fn find(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|person| person.id() == id)
    }

    /// Returns the id for requests over HTTP, such as `ada`.
    ///
    /// ```
    /// assert_eq!(civic_sip::sandbox::Person::Ada.id(), "ada");
    /// ```
    pub fn id(self) -> &'static str {
        match self {
            Self::Ada => "ada",
            Self::Bruno => "bruno",
            Self::Chioma => "chioma",
            Self::Dagny => "dagny",
        }
    }

    /// Returns the name.
    ///
    /// ```
    /// assert_eq!(civic_sip::sandbox::Person::Ada.name(), "Ada Winterbourne");
    /// ```
    pub fn name(self) -> &'static str {
        self.profile().name
    }

    /// The use of this person in a test.
    pub(super) fn note(self) -> &'static str {
        self.profile().note
    }

    /// Returns the user id: the same at every exchange with one app, another for every app.
    pub(super) fn user_id(self, app_id: &str) -> String {
        hex::encode(crypto::sha256([app_id, "\n", self.id()].concat().as_bytes()))
    }

    pub(super) fn user_data(self, scope_request: ScopeRequest, app_id: &str) -> UserData {
        UserData::new(self.user_id(app_id), self.items(scope_request))
    }

    /// Returns the items of a scope request, with the flags that the wallet shows first.
    pub(super) fn items(self, scope_request: ScopeRequest) -> Vec<UserDataItem> {
        let mut profile = self.profile();
        match scope_request {
            ScopeRequest::Passport => profile.document = "passport",
            ScopeRequest::DriverLicense => profile.document = "driving_license",
            _ => {}
        }
        scope_request.labels().iter().map(|label| profile.item(label)).collect()
    }

    fn profile(self) -> Profile {
        match self {
            Self::Ada => Profile {
                name: "Ada Winterbourne",
                note: "Everything verified",
                email: "ada.winterbourne@example.com",
                phone: "+44 7700 900142",
                document: "passport",
                number: "P4410027",
                born: "1987-03-09",
                issued: "2021-06-14",
                expires: "2031-06-13",
                country: "GBR",
                picture: include_bytes!("assets/people/ada.png"),
                revoked: &[],
                borrowed: &[],
            },
            Self::Bruno => Profile {
                name: "Bruno Castellane",
                note: "Phone number no longer valid, dates without zeros",
                email: "bruno.castellane@example.com",
                phone: "+1 202 555 0117",
                document: "driving_license",
                number: "D-2209-8841",
                born: "1994-7-2",
                issued: "2021-1-01",
                expires: "2036-12-9",
                country: "USA",
                picture: include_bytes!("assets/people/bruno.png"),
                revoked: &[labels::PHONE_NUMBER],
                borrowed: &[],
            },
            Self::Chioma => Profile {
                name: "Chioma Adeyelu",
                note: "E-mail address verified for somebody else",
                email: "family.adeyelu@example.com",
                phone: "+61 491 570 156",
                document: "passport",
                number: "A07719350",
                born: "2001-11-23",
                issued: "2023-02-28",
                expires: "2033-02-27",
                country: "AUS",
                picture: include_bytes!("assets/people/chioma.png"),
                revoked: &[],
                borrowed: &[labels::EMAIL],
            },
            Self::Dagny => Profile {
                name: "Dagny Søltoft-Müller",
                note: "Letters beyond ASCII, born in 2012",
                email: "dagny@example.com",
                phone: "+1 416 555 0163",
                document: "identity_card",
                number: "NO-5501-2",
                born: "2012-02-29",
                issued: "2024-08-01",
                expires: "2029-07-31",
                country: "NOR",
                picture: include_bytes!("assets/people/dagny.png"),
                revoked: &[],
                borrowed: &[],
            },
        }
    }
}

struct Profile {
    name: &'static str,
    note: &'static str,
    email: &'static str,
    phone: &'static str,
    document: &'static str,
    number: &'static str,
    born: &'static str,
    issued: &'static str,
    expires: &'static str,
    country: &'static str,
    /// A PNG file.
    picture: &'static [u8],
    /// Labels whose attestation was revoked.
    revoked: &'static [&'static str],
    /// Labels that were attested for somebody else.
    borrowed: &'static [&'static str],
}

impl Profile {
    fn item(&self, label: &str) -> UserDataItem {
        let value = match label {
            labels::EMAIL => self.email.to_owned(),
            labels::PHONE_NUMBER => self.phone.to_owned(),
            labels::DOCUMENT_TYPE => self.document.to_owned(),
            labels::DOCUMENT_NUMBER => self.number.to_owned(),
            labels::DOCUMENT_NAME => self.name.to_owned(),
            labels::DOCUMENT_DATE_OF_BIRTH => self.born.to_owned(),
            labels::DOCUMENT_DATE_OF_ISSUE => self.issued.to_owned(),
            labels::DOCUMENT_DATE_OF_EXPIRY => self.expires.to_owned(),
            labels::DOCUMENT_IMAGE => base64::encode(self.picture),
            labels::DOCUMENT_IMAGE_MD5 => hex::encode(Md5::digest(self.picture)),
            labels::DOCUMENT_COUNTRY => self.country.to_owned(),
            _ => "true".to_owned(),
        };
        let is_valid = !self.revoked.contains(&label);
        let is_owner = !self.borrowed.contains(&label);
        UserDataItem::new(label, value, is_valid, is_owner)
    }
}
