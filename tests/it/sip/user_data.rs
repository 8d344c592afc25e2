//! What the data of a person answers.

use civic_sip::{UserData, UserDataItem};
use serde_json::json;

const EMAIL: &str = "contact.personal.email";
const PHONE: &str = "contact.personal.phoneNumber";

fn item(label: &str, value: &str) -> UserDataItem {
    UserDataItem::new(label, value, true, true)
}

fn document(items: &[(&str, &str)]) -> UserData {
    let label = |name: &str| format!("documents.genericId.{name}");
    UserData::new("1", items.iter().map(|(name, value)| item(&label(name), value)).collect())
}

#[test]
fn an_email_is_trusted_only_if_it_is_the_one_valid_and_owned() {
    let ada = || item(EMAIL, "ada@example.com");
    assert_eq!(
        UserData::new("1", vec![ada(), item(PHONE, "+1 555 0100")]).email(),
        Some("ada@example.com")
    );
    for items in [
        vec![],
        vec![item(PHONE, "+1 555 0100")],
        vec![UserDataItem::new(EMAIL, "ada@example.com", false, true)],
        vec![UserDataItem::new(EMAIL, "ada@example.com", true, false)],
        vec![ada(), ada()],
        vec![ada(), UserDataItem::new(EMAIL, "eve@example.com", false, false)],
        vec![UserDataItem::new(EMAIL, "eve@example.com", false, false), ada()],
    ] {
        assert_eq!(UserData::new("1", items.clone()).email(), None, "{items:?}");
    }
    assert_eq!(
        UserData::new("1", vec![item(PHONE, "+1 555 0100")]).phone_number(),
        Some("+1 555 0100")
    );
    let unowned =
        UserData::new("1", vec![UserDataItem::new(EMAIL, "eve@example.com", true, false)]);
    assert_eq!(unowned.get(EMAIL).unwrap().value(), "eve@example.com");
    assert!(unowned.get("nothing").is_none());
}

#[test]
fn json_has_the_shape_of_the_gem() {
    let user = UserData::new("1", vec![item(EMAIL, "ada@example.com")]);
    let json = json!({"userId": "1", "data": [
        {"label": EMAIL, "value": "ada@example.com", "isValid": true, "isOwner": true},
    ]});
    assert_eq!(serde_json::to_value(&user).unwrap(), json);
    assert_eq!(serde_json::from_value::<UserData>(json).unwrap(), user);
    let read = |text: &str| serde_json::from_str::<UserDataItem>(text);
    assert!(!read(r#"{"label":"x","value":"y"}"#).unwrap().is_valid());
    for bad in [
        r#"{"label":"x"}"#,
        r#"{"label":"x","value":null}"#,
        r#"{"label":"x","value":1}"#,
        r#"{"label":"x","value":["y"]}"#,
        r#"{"value":"x"}"#,
        r#"{"label":"x","value":"y","isValid":"yes"}"#,
        r#"{"label":"x","value":"y","isOwner":null}"#,
        r#"{"label":"x","value":"y","value":"z"}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn debug_shows_labels_alone() {
    let user = document(&[("name", "Zoë Example"), ("number", "X1234567")]);
    let shown = format!("{user:?} {:?} {:?}", user.items(), user.identity_document());
    assert!(shown.contains("documents.genericId.name"));
    for secret in ["Zoë", "X1234567", "\"1\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn dates_are_read_leniently() {
    for (text, expected) in [
        ("1980-01-30", Some("1980-01-30")),
        ("2021-1-01", Some("2021-01-01")),
        ("2021-1-1", Some("2021-01-01")),
        (" 2021-12-1 ", Some("2021-12-01")),
        ("2021-12-01T00:00:00.000Z", Some("2021-12-01")),
        ("2021-12-01 00:00:00", Some("2021-12-01")),
        ("21-1-1", None),
        ("2021-02-30", None),
        ("30.01.1980", None),
        ("1980", None),
        ("", None),
        ("1980-01-30x", None),
    ] {
        let user =
            document(&[("dateOfBirth", text), ("dateOfIssue", text), ("dateOfExpiry", text)]);
        let document = user.identity_document().unwrap();
        for date in [document.date_of_birth(), document.date_of_issue(), document.date_of_expiry()]
        {
            assert_eq!(date.map(|date| date.to_string()).as_deref(), expected, "{text}");
        }
    }
}

#[test]
fn a_document_is_trusted_item_by_item() {
    assert!(UserData::new("1", vec![item(EMAIL, "ada@example.com")]).identity_document().is_none());
    let user = UserData::new(
        "1",
        vec![
            item("documents.genericId.type", "Passport"),
            item("documents.genericId.country", "USA"),
            UserDataItem::new("documents.genericId.name", "Ada Example", true, false),
            UserDataItem::new("documents.genericId.number", "X1", false, true),
        ],
    );
    let document = user.identity_document().unwrap();
    assert_eq!((document.document_type(), document.country()), (Some("Passport"), Some("USA")));
    assert_eq!((document.name(), document.number(), document.date_of_birth()), (None, None, None));
    assert!(document.image().is_none());
}

#[test]
fn a_picture_needs_its_md5() {
    // The MD5 of "ABC".
    let md5 = "902fbdd2b1df0c4f70b4a5d23525e932";
    let image = |items: &[(&str, &str)]| document(items).identity_document().unwrap().image();
    assert_eq!(image(&[("image", "QUJD"), ("image_md5", md5)]).unwrap().unwrap(), b"ABC");
    assert_eq!(
        image(&[("image", "QU\nJD\n"), ("image_md5", &md5.to_uppercase())]).unwrap().unwrap(),
        b"ABC"
    );
    for bad in [
        &[("image", "QUJD")][..],
        &[("image", "QUJE"), ("image_md5", md5)],
        &[("image", "QUJD="), ("image_md5", md5)],
        &[("image", "not base64"), ("image_md5", md5)],
        &[("image", "QUJD"), ("image_md5", "")],
        &[("image", "QUJD"), ("image_md5", &md5[1..])],
    ] {
        assert!(image(bad).unwrap().unwrap_err().is_malformed(), "{bad:?}");
    }
    assert!(image(&[("image_md5", md5)]).is_none());
    assert!(image(&[("image", ""), ("image_md5", md5)]).is_none());
}
