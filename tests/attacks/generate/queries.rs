//! Queries that parsers read differently, and times. All have a right signature, so that only the query is wrong.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::encoded;
use crate::links::signed_query;

/// The query as it stands, with a signature over what it would decode to, where there is such a thing.
fn query(text: &str) -> Value {
    json!({"query": signed_query(text)})
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    characters(&mut cases);
    names(&mut cases);
    limits(&mut cases);
    times(&mut cases);
    everyday(&mut cases);
    cases
}

fn characters(cases: &mut Vec<Value>) {
    for char in [
        ";", " ", "\t", "\n", "\r", "\u{0}", "\u{1f}", "\u{7f}", "\u{85}", "\u{a0}", "\u{2028}",
        "\u{3000}",
    ] {
        for text in [
            format!("a={char}b=1"),
            format!("a{char}=1"),
            format!("{char}a=1"),
            format!("a=1{char}"),
        ] {
            cases.push(attack(
                format!("raw {char:?} in {text:?}"),
                "Query.UnencodedCharacter",
                query(&text),
            ));
        }
    }
    for text in ["?a=1", "\u{feff}a=1"] {
        cases.push(attack(
            format!("a query that begins with {:?}", &text[..1.max(text.len() - 3)]),
            "Query.UnencodedCharacter",
            query(text),
        ));
    }
    cases.push(attack("a fragment in a bare query", "Query.UnencodedCharacter", query("a=1#b")));
    for text in ["a=%", "a=%4", "a=%zz", "a=%u0041", "a=%%41", "%=1", "a=%-1", "a=%+1", "a=% 1"] {
        let error =
            if text.contains(' ') { "Query.UnencodedCharacter" } else { "Query.BrokenEscape" };
        cases.push(attack(format!("a broken escape in {text}"), error, query(text)));
    }
    for text in ["a=%ff", "a=%c3", "%fe=1", "a=%c0%80", "a=%ed%a0%80", "a=%f4%90%80%80", "a=%c1%bf"]
    {
        cases.push(attack(format!("no UTF-8 in {text}"), "Query.InvalidUtf8", query(text)));
    }
    for text in ["a[=]=b", "a=x]=y", "a=x%5D=y", "a=x%5d=login"] {
        cases.push(attack(
            format!("a bracket before = in {text}"),
            "Query.BracketBeforeEquals",
            query(text),
        ));
    }
    for name in ["a%00", "%0Aa", "a%7F", "a%C2%85"] {
        cases.push(attack(
            format!("a control character in the name {name}"),
            "Query.ControlInName",
            query(&format!("{name}=1")),
        ));
    }
}

fn names(cases: &mut Vec<Value>) {
    let reserved =
        ["login", "service", "time", "time_fudge", "expires_at", "nonce", "audience", "state"];
    for name in reserved {
        let value =
            if name.contains("time") || name.contains("expires") { "1800000000" } else { "a" };
        for second in [name.to_owned(), format!("%{:02x}{}", name.as_bytes()[0], &name[1..])] {
            let text = format!("{name}={value}&{second}={value}");
            cases.push(attack(
                format!("{name} repeated, as {second}"),
                &format!("Query.Repeated({name})"),
                query(&text),
            ));
        }
        for text in [format!("{name}="), name.to_owned()] {
            cases.push(attack(
                format!("{text} empty"),
                &format!("Query.Empty({name})"),
                query(&text),
            ));
        }
        let capital = name[..1].to_uppercase() + &name[1..];
        for other in [
            capital,
            name.to_uppercase(),
            format!("{name}[]"),
            format!("[{name}]"),
            format!("{name}[a]"),
            format!(".{name}"),
            format!("{name}."),
            format!("{name}.x"),
            format!("?{name}"),
            format!(" {name}"),
            format!("{name} "),
            format!("\u{feff}{name}"),
            format!("\u{a0}{name}"),
            format!("{name}]"),
        ] {
            let text = format!("{}={value}", encoded(&other));
            cases.push(attack(format!("the name {other:?}"), "Query.Lookalike", query(&text)));
        }
    }
    for name in [
        "ſervice",
        "servıce",
        "lOgİn",
        "expires.at",
        "expires[at",
        "time[gte]",
        "time fudge",
        "time.fudge",
        "LOGIN[]",
        "signature[]",
        "Signature",
        "ſIGNATURE",
    ] {
        cases.push(attack(
            format!("the name {name:?}"),
            "Query.Lookalike",
            query(&format!("{}=a", encoded(name))),
        ));
    }
    for name in ["secret", "Secret", "secret[]", "[secret]", "secret.x", ".secret", "ſecret"] {
        cases.push(attack(
            format!("the name {name:?}"),
            "Query.Secret",
            query(&format!("{}=a", encoded(name))),
        ));
    }
    for text in ["a=1&a[]=2", "a[]=1&a=2", "a=1&a[b]=2", "a=1&[a]=2"] {
        cases.push(attack(
            format!("plain and bracketed: {text}"),
            "Query.PlainAndBracketed",
            query(text),
        ));
    }
    for text in
        ["a.b=1&a_b=2", "a_b=1&a%20b=2", "a.b[]=1&a_b[]=2", "%20%20a=1&%20a=2", "a[b]c=1&a[b]d=2"]
    {
        cases.push(attack(format!("the same to PHP: {text}"), "Query.Indistinct", query(text)));
    }
}

fn limits(cases: &mut Vec<Value>) {
    let many = |count: usize| (0..count).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    cases.push(control("256 parameters", query(&many(256))));
    cases.push(attack("257 parameters", "Query.TooManyParameters", query(&many(257))));
    cases.push(attack(
        "257 parameters of one name",
        "Query.TooManyParameters",
        query(&vec!["a"; 257].join("&")),
    ));
    let long =
        |length: usize| format!("a={}", "x".repeat(length - 2 - "&signature=v2.".len() - 43));
    cases.push(control("16 KiB", query(&long(16 * 1024))));
    cases.push(attack("one byte more than 16 KiB", "Query.TooLong", query(&long(16 * 1024 + 1))));
}

fn times(cases: &mut Vec<Value>) {
    for value in [
        "1800000000",
        "1799999999",
        "0",
        "2027-01-15T08:00:00Z",
        "2027-01-15T09:00:00%2B01:00",
        "1970-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    ] {
        let text = format!("expires_at={}", value.replace(':', "%3A"));
        cases.push(attack(format!("expires_at {value}"), "Time.Expired", query(&text)));
    }
    for value in ["1800000000000", "4955760001", "9999-12-31T23:59:59Z"] {
        cases.push(attack(
            format!("expires_at {value}"),
            "Time.TooFarAhead",
            query(&format!("expires_at={}", value.replace(':', "%3A"))),
        ));
    }
    for value in [
        "never",
        "-1",
        "+1800000001",
        "1800000001.5",
        "1.8e9",
        "0x6b49d201",
        "99999999999999999999",
        "9223372036854775807",
        "1800000001s",
        " 1800000001",
        "１８００００００01",
        "2027-01-15",
        "2027-01-15T08:00:01",
        "2027-01-15 08:00:01Z",
        "2027-02-30T00:00:00Z",
        "2027-01-15T24:00:00Z",
        "20270115T080001Z",
        "Fri, 15 Jan 2027 08:00:01 GMT",
        "2027-01-15T08:00:01−01:00",
        "+12027-01-15T08:00:01Z",
        "2027-01-15T08:00:01Z ",
        "null",
        "tomorrow",
    ] {
        for name in ["expires_at", "time"] {
            let text = format!("{name}={}", encoded(value));
            cases.push(attack(
                format!("{name} {value:?}"),
                &format!("Time.Unreadable({name})"),
                query(&text),
            ));
        }
    }
    for value in ["1800000061", "1900000000", "1800000000000", "9999-12-31T23:59:59Z"] {
        cases.push(attack(
            format!("time {value}"),
            "Time.Ahead",
            query(&format!("time={}", value.replace(':', "%3A"))),
        ));
    }
    for text in [
        "time=1800000060",
        "expires_at=1800000001",
        "expires_at=4955760000",
        "time=2027-01-15T08%3A00%3A00Z",
        "time=0",
    ] {
        cases.push(control(format!("times at their edges: {text}"), query(text)));
    }
}

fn everyday(cases: &mut Vec<Value>) {
    for text in [
        "user.login=1",
        "filter[login]=1",
        "filter[status]=x",
        "ids[]=1&ids[]=2",
        "a.b=1",
        "range=[1,2]",
        "t=a==",
        "q=a%3Bb",
        "a=%3F",
        "a=%C3%A9",
        "logins=1",
        "a=",
    ] {
        // Signed as it decodes, and written so.
        let canonical = |text: &str| encoded(&percent_decoded(text));
        let parts = text.split('&').map(|part| part.split_once('=').unwrap());
        let signed: Vec<_> = parts
            .map(|(name, value)| format!("{}={}", canonical(name), canonical(value)))
            .collect();
        let signature = signed_query(&signed.join("&"));
        let signature = signature.rsplit_once('&').unwrap().1;
        cases.push(control(
            format!("everyday query {text}"),
            json!({"query": format!("{text}&{signature}")}),
        ));
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            bytes.extend(hex::decode(&after[..2]).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}
