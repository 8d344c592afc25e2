//! The people who live in the sandbox. None of them exists: mail goes to `example.com` (RFC 2606), and the phone
//! numbers come from ranges kept free for fiction (NANP 555-01xx, Ofcom, ACMA).

use md5::{Digest as _, Md5};

use super::picture;
use super::scope::{self, Scope};
use crate::encoding::base64;
use crate::{UserData, UserDataItem, crypto};

/// One invented person.
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// One line about what this person is good for in a test.
    pub(super) note: &'static str,
    email: &'static str,
    phone: &'static str,
    document: &'static str,
    number: &'static str,
    born: &'static str,
    issued: &'static str,
    expires: &'static str,
    country: &'static str,
    /// Colours of the picture: background, clothes, skin, hair.
    colours: [[u8; 3]; 4],
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
        colours: [[0xd9, 0xea, 0xf2], [0x1f, 0x4e, 0x79], [0xf0, 0xc8, 0xa8], [0x5b, 0x3a, 0x1e]],
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
        colours: [[0xf6, 0xe7, 0xd2], [0x7a, 0x2e, 0x2e], [0xc9, 0x95, 0x6b], [0x22, 0x1a, 0x14]],
        revoked: &[scope::PHONE_NUMBER],
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
        colours: [[0xe4, 0xf1, 0xe0], [0xd0, 0x8a, 0x1c], [0x8a, 0x5a, 0x3b], [0x14, 0x0f, 0x0d]],
        revoked: &[],
        borrowed: &[scope::EMAIL],
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
        colours: [[0xec, 0xe6, 0xf5], [0x4b, 0x3b, 0x7a], [0xf6, 0xd9, 0xc4], [0xd9, 0xb6, 0x5a]],
        revoked: &[],
        borrowed: &[],
    },
];

impl Person {
    pub(super) fn by_id(id: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.id == id)
    }

    /// The same at every exchange of this person with this app, another with every other app.
    pub(super) fn user_id(&self, app_id: &str) -> String {
        hex::encode(crypto::sha256([app_id, "\n", self.id].concat().as_bytes()))
    }

    pub(super) fn user_data(&self, scope: Scope, app_id: &str) -> UserData {
        UserData::new(self.user_id(app_id), self.items(scope))
    }

    /// What the scope asks for, with the flags that this person has unless the wallet changes them.
    pub(super) fn items(&self, scope: Scope) -> Vec<UserDataItem> {
        let picture = picture::portrait(self.colours);
        let item = |&label: &&str| {
            let value = match label {
                scope::EMAIL => self.email.to_owned(),
                scope::PHONE_NUMBER => self.phone.to_owned(),
                scope::DOCUMENT_TYPE => self.document.to_owned(),
                scope::DOCUMENT_NUMBER => self.number.to_owned(),
                scope::DOCUMENT_NAME => self.name.to_owned(),
                scope::DATE_OF_BIRTH => self.born.to_owned(),
                scope::DATE_OF_ISSUE => self.issued.to_owned(),
                scope::DATE_OF_EXPIRY => self.expires.to_owned(),
                scope::IMAGE => base64::encode(&picture),
                scope::IMAGE_MD5 => hex::encode(Md5::digest(&picture)),
                scope::COUNTRY => self.country.to_owned(),
                _ => "true".to_owned(),
            };
            let (is_valid, is_owner) =
                (!self.revoked.contains(&label), !self.borrowed.contains(&label));
            UserDataItem::new(label, value, is_valid, is_owner)
        };
        scope.labels().iter().map(item).collect()
    }
}
