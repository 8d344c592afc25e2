//! `authsig demo`.

use serde_json::Value;

use crate::support::{Program, encoded, run};

/// What is killed here can't delete its folder.
const TEMP: [(&str, &str); 2] = [("NO_COLOR", "1"), ("TMPDIR", env!("CARGO_TARGET_TMPDIR"))];

async fn start(args: &[&str]) -> (Program, Value) {
    let args = [&["demo"], args].concat();
    let mut program = Program::start(&args, &TEMP);
    let line = program.line("\"url\"");
    assert_eq!(program.printed().lines().next(), Some(&*line), "it is the first line");
    let json: Value = serde_json::from_str(&line).unwrap();
    program.address = json["url"].as_str().unwrap().to_owned();
    (program, json)
}

#[tokio::test]
async fn it_prints_where_it_is_and_who_can_log_in() {
    let (mut program, json) = start(&["--json", "--listen", "127.0.0.1:0"]).await;
    assert!(program.address.starts_with("http://127.0.0.1:"));
    let people = json["people"].as_array().unwrap();
    assert_eq!(people.len(), 5);
    for (index, person) in people.iter().enumerate() {
        let (login, password) =
            (person["login"].as_str().unwrap(), person["password"].as_str().unwrap());
        assert_eq!(login, format!("user_{}", index + 1));
        assert_eq!(program.log_in(login, password).await, 303);
        let (status, body) = program.get_json(&format!("/verify/request?login={login}")).await;
        assert_eq!(status, 200);
        let url = body["url"].as_str().unwrap();
        assert_eq!(program.get_json(url.strip_prefix(&program.address).unwrap()).await.0, 200);
    }
}

#[tokio::test]
async fn its_own_origin_needs_no_consent_and_is_notified() {
    let (mut program, _) = start(&["--json"]).await;
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let here = program.address.clone();
    let query = format!(
        "login=user_1&notify_url={}&redirect_url={}",
        encoded(&format!("{here}/test-notifier")),
        encoded(&format!("{here}/any/page?a=b")),
    );
    assert_eq!(program.get_json(&format!("/verify/request?{query}")).await.0, 200);
    program.line("a notification came");
    let query = format!("login=user_1&redirect_url={}", encoded("https://app.example/in"));
    assert_eq!(program.get_json(&format!("/verify/request?{query}")).await.0, 409);
}

#[tokio::test]
async fn anybody_signs_up_and_logs_in_with_civic() {
    let (program, _) = start(&["--json"]).await;
    for page in ["/users", "/session/civic", "/session", "/"] {
        assert_eq!(program.status(page).await, 200, "{page}");
    }
}

#[tokio::test]
async fn without_arguments_it_tells_people_what_to_open() {
    let mut program = Program::start(&[], &TEMP);
    let line = program.line("Open http://127.0.0.1:");
    program.line("user_1 to user_5");
    program.line("Civic");
    program.address = line.trim_start_matches("Open ").trim_end_matches('/').to_owned();
    assert_eq!(program.status("/").await, 200);
}

#[tokio::test]
async fn nothing_is_left_when_it_ends() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (mut program, _) = start(&["--json"]).await;
    let name = format!("authsig-demo-{}", program.id());
    let left = || {
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        names.filter(|file| file.to_string_lossy().starts_with(&name)).count()
    };
    assert_eq!(left(), 1);
    program.terminate();
    assert!(program.wait());
    assert_eq!(left(), 0);
}

#[test]
fn it_listens_on_this_machine_alone() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let output = run(&["demo", "--listen", listen], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("127.0.0.1"), "{said}");
    }
}
