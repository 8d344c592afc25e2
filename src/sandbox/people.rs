//! The invented people of the sandbox.
//!
//! Their mail goes to `example.com` (RFC 2606), and their phone numbers are from ranges reserved for fiction (NANP
//! 555-01xx, Ofcom, ACMA).

use md5::{Digest as _, Md5};

use super::scope_request::{self as label, ScopeRequest};
use crate::encoding::base64;
use crate::{UserData, UserDataItem, crypto};

/// One invented person.
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// The use of this person in a test.
    pub(super) note: &'static str,
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

pub(super) static PEOPLE: [Person; 4] = [
    Person {
        id: "ada",
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
    Person {
        id: "bruno",
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
        revoked: &[label::PHONE_NUMBER],
        borrowed: &[],
    },
    Person {
        id: "chioma",
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
        borrowed: &[label::EMAIL],
    },
    Person {
        id: "dagny",
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
];

impl Person {
    pub(super) fn by_id(id: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.id == id)
    }

    /// Returns the user id: the same at every exchange with one app, another for every app.
    pub(super) fn user_id(&self, app_id: &str) -> String {
        hex::encode(crypto::sha256([app_id, "\n", self.id].concat().as_bytes()))
    }

    pub(super) fn user_data(&self, scope_request: ScopeRequest, app_id: &str) -> UserData {
        UserData::new(self.user_id(app_id), self.items(scope_request))
    }

    /// Returns the items of a scope request, with the flags that the wallet shows first.
    pub(super) fn items(&self, scope_request: ScopeRequest) -> Vec<UserDataItem> {
        scope_request.labels().iter().map(|label| self.item(label)).collect()
    }

    fn item(&self, label: &str) -> UserDataItem {
        let value = match label {
            label::EMAIL => self.email.to_owned(),
            label::PHONE_NUMBER => self.phone.to_owned(),
            label::DOCUMENT_TYPE => self.document.to_owned(),
            label::DOCUMENT_NUMBER => self.number.to_owned(),
            label::DOCUMENT_NAME => self.name.to_owned(),
            label::DATE_OF_BIRTH => self.born.to_owned(),
            label::DATE_OF_ISSUE => self.issued.to_owned(),
            label::DATE_OF_EXPIRY => self.expires.to_owned(),
            label::IMAGE => base64::encode(self.picture),
            label::IMAGE_MD5 => hex::encode(Md5::digest(self.picture)),
            label::COUNTRY => self.country.to_owned(),
            _ => "true".to_owned(),
        };
        let is_valid = !self.revoked.contains(&label);
        let is_owner = !self.borrowed.contains(&label);
        UserDataItem::new(label, value, is_valid, is_owner)
    }
}
