//! Invented people.

use civic_sip::{UserData, UserDataItem};

pub(crate) fn ada() -> UserData {
    UserData::new(
        "36a59d10c8f2",
        vec![
            UserDataItem::new("contact.personal.email", "ada@example.com", true, true),
            UserDataItem::new("contact.personal.phoneNumber", "+1 555 0100", true, true),
        ],
    )
}
