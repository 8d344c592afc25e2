//! The commands for accounts and keys.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::{Instance, Person, authsig, environment};

/// A folder with a SQLite database, and an instance on it.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) variables: Vec<(String, OsString)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("authsig-many-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let database = format!("sqlite:{}", folder.join("authsig.db").display());
        Self { folder, variables: environment("http://127.0.0.1:1", &database) }
    }

    /// Changes a variable, or removes it.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> Vec<(String, OsString)> {
        let others = self.variables.iter().filter(|(other, _)| other != name).cloned();
        others.chain(value.map(|value| (name.to_owned(), value.into()))).collect()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        authsig(args, self.variables.clone(), "")
    }

    /// Runs a command that succeeds, and returns what it prints.
    pub(crate) fn good(&self, args: &[&str]) -> String {
        good(self.run(args))
    }

    /// Runs a command that fails, and returns its words.
    pub(crate) fn bad(&self, args: &[&str]) -> String {
        bad(self.run(args))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn good(output: Output) -> String {
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn bad(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// Returns the password that a command made.
fn made(printed: &str) -> &str {
    printed.split_whitespace().last().unwrap()
}

#[tokio::test]
async fn accounts_are_looked_after_while_the_server_runs() {
    let home = Home::new();
    let instance = Instance::start(home.variables.clone()).await;
    let visitor = Person::new("http://127.0.0.1:1").at(&instance.url);
    let log_in = async |login: &str, password: &str| {
        let mut person = visitor.clone();
        (person.log_in(login, password).await.status, person)
    };
    let printed = home.good(&["user", "add", "Ada"]);
    assert!(printed.contains("created the account Ada"), "{printed}");
    let (status, ada) = log_in("ada", made(&printed)).await;
    assert_eq!(status, 303);
    assert_eq!(home.bad(&["user", "add", "ada"]), "authsig: This login is taken.\n");
    assert!(home.bad(&["user", "add", "ada@example.com"]).contains("1 to 64 letters"));

    assert_eq!(home.good(&["user", "sessions", "ada"]), "ended 1 sessions of ada\n");
    assert_eq!(ada.request(&[("login", "ada")]).await.status, 401);

    let (_, ada) = log_in("ada", made(&printed)).await;
    let typed = authsig(
        &["user", "password", "ada", "--password-stdin"],
        home.variables.clone(),
        "a typed password\n",
    );
    assert!(!good(typed).contains("a typed password"));
    assert_eq!(ada.request(&[("login", "ada")]).await.status, 401);
    assert_eq!(log_in("ada", made(&printed)).await.0, 401);
    let (status, ada) = log_in("ada", "a typed password").await;
    assert_eq!(status, 303);
    assert!(home.bad(&["user", "password", "nobody"]).contains("no account with this login"));
    let short =
        authsig(&["user", "password", "ada", "--password-stdin"], home.variables.clone(), "short");
    assert!(bad(short).contains("8 to 1,024 bytes"));
    for command in ["sessions", "delete"] {
        let refused = home.run(&["user", command, "ada", "--password-stdin"]);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains("unexpected argument '--password-stdin'"), "{text}");
    }

    assert!(home.good(&["user", "delete", "ada"]).contains("this login can never be used again"));
    assert_eq!(ada.request(&[("login", "ada")]).await.status, 401);
    assert_eq!(log_in("ada", "a typed password").await.0, 401);
    assert!(home.bad(&["user", "add", "ada"]).contains("taken"));
    assert!(home.bad(&["user", "delete", "ada"]).contains("no account with this login"));
    assert!(home.bad(&["user", "sessions", "a b"]).contains("1 to 64 letters"));
}

#[tokio::test]
async fn keys_are_shown_rotated_and_revoked() {
    let home = Home::new();
    assert!(home.bad(&["key", "list"]).contains("there is no database at"));
    let instance = Instance::start(home.variables.clone()).await;
    let published = async || Person::new(&instance.url).get("/verify/keys").await.body;
    let listed = home.good(&["key", "list"]);
    let old = listed.split_whitespace().next().unwrap().to_owned();
    assert!(listed.contains("signing") && listed.lines().count() == 1, "{listed}");
    assert!(published().await.contains(&old));

    let rotated = home.good(&["key", "rotate"]);
    let listed = home.good(&["key", "list"]);
    let new = listed.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(rotated.contains(&new), "{rotated}");
    assert!(listed.lines().nth(1).unwrap().contains("upcoming"), "{listed}");
    crate::support::eventually("the new key is published", async || {
        published().await.contains(&new).then_some(())
    })
    .await;

    let revoked = home.good(&["key", "revoke", &old]);
    assert!(revoked.contains("no other key was ready"), "{revoked}");
    let listed = home.good(&["key", "list"]);
    assert!(listed.lines().next().unwrap().contains("revoked"), "{listed}");
    crate::support::eventually("the old key is not published", async || {
        (!published().await.contains(&old)).then_some(())
    })
    .await;
    assert!(home.bad(&["key", "revoke", &old]).contains("`authsig key list` shows them"));
    assert!(home.bad(&["key", "revoke", "-nonsense"]).contains("`authsig key list` shows them"));
    assert_eq!(Person::new(&instance.url).get("/readyz").await.status, 200);
}

#[test]
fn a_database_is_found_as_its_url_names_it() {
    let home = Home::new();
    let url = format!("sqlite:{}?mode=rwc", home.folder.join("the%20people.db").display());
    let variables = home.with("AUTHSIG_DATABASE_URL", Some(&url));
    bad(authsig(&["key", "list"], variables.clone(), ""));
    good(authsig(&["user", "add", "ada"], variables.clone(), ""));
    good(authsig(&["user", "sessions", "ada"], variables, ""));
    assert!(home.folder.join("the people.db").exists());
}
