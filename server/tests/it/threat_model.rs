//! The tests that the threat model names are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Collects the names of all functions that are tests.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            // The attribute, perhaps others, and the function.
            for after in code.split("test]\n").chain(code.split("test(")).skip(1) {
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                found.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in ["src", "tests", "../src", "../tests"] {
        tests(&server.join(folder), &mut found);
    }
    let page = fs::read_to_string(server.join("docs/threat_model.md")).unwrap();
    let mut count = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        // What attacks, what stops it, and what holds it.
        let [_, _, held, _] = row.split(" |").collect::<Vec<_>>()[..] else { continue };
        if held == " held by" {
            continue;
        }
        let names: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test holds this: {row}");
        for name in names {
            assert!(found.contains(name), "the test {name} is not there");
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}
