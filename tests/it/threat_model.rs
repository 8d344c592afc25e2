//! The tests that the threat model names are there.

use std::fs;
use std::path::Path;

/// All code that may have tests.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The package has not all tests.
    if !root.join("dev").is_dir() {
        return;
    }
    let mut code = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    sources(&root.join("src"), &mut code);
    sources(&root.join("tests"), &mut code);
    let page = fs::read_to_string(root.join("src/docs/threat_model.md")).unwrap();
    let mut count = 0;
    for (name, before) in page.split('`').skip(1).step_by(2).zip(page.split('`').step_by(2)) {
        // Names of tests have three words or more, or stand in the last column.
        let is_named = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let is_target = before.ends_with("the target ");
        if is_target {
            assert!(code.contains(&format!("name = \"{name}\"")), "the target {name}");
        } else if is_named && name.matches('_').count() >= 2 {
            assert!(code.contains(&format!("fn {name}(")), "the test {name}");
        }
        count += usize::from(is_target || is_named);
    }
    assert!(count > 60, "{count}");
}
