//! A PostgreSQL of the tests' own, in a temporary folder.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _, Row as _};

/// Runs a program as somebody who may run PostgreSQL, which refuses root.
fn as_postgres(program: &str) -> Command {
    static IS_ROOT: OnceLock<bool> = OnceLock::new();
    let is_root = IS_ROOT.get_or_init(|| {
        let id = Command::new("id").arg("-u").output();
        id.is_ok_and(|id| id.stdout == b"0\n")
    });
    let mut command = match is_root {
        true => Command::new("runuser"),
        false => Command::new(program),
    };
    if *is_root {
        command.args(["-u", "postgres", "--", program]);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
    output
}

/// Returns the folder with the newest PostgreSQL's programs, where Debian puts them.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let folder = folders.filter(|folder| folder.join("initdb").exists()).max()?;
    as_postgres("true").status().is_ok_and(|status| status.success()).then_some(folder)
}

fn skip() {
    static SKIPPED: Once = Once::new();
    SKIPPED.call_once(|| {
        // Not by a macro: what those print, the test runner keeps to itself.
        let line = b"tests of many instances skipped: PostgreSQL is not installed\n";
        let _ = std::io::stderr().write_all(line);
    });
}

/// A running PostgreSQL, stopped and deleted at the end.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Cleans up when this process is gone, however it ends: then its standard input closes.
    keeper: Child,
}

impl Cluster {
    /// `None`, and a line that says so, if PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip();
            return None;
        };
        let folder = run(as_postgres("mktemp").args(["-d", "/tmp/authsig-postgres-XXXXXX"])).stdout;
        let folder = PathBuf::from(String::from_utf8(folder).unwrap().trim());
        let script =
            r#"trap "" INT TERM; read -r line; "$0" stop -D "$1/data" -m immediate; rm -rf "$1""#;
        let mut keeper = as_postgres("sh");
        keeper.args(["-c", script]).arg(programs.join("pg_ctl")).arg(&folder).process_group(0);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { programs, folder, port, keeper };
        let mut initdb = as_postgres(cluster.programs.join("initdb").to_str().unwrap());
        initdb.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D"]);
        run(initdb.arg(cluster.folder.join("data")));
        cluster.start_again();
        Some(cluster)
    }

    fn pg_ctl(&self, args: &[&str]) {
        let mut pg_ctl = as_postgres(self.programs.join("pg_ctl").to_str().unwrap());
        pg_ctl.arg("-D").arg(self.folder.join("data")).args(["-w", "-t", "60"]).args(args);
        // The server would hold on to a pipe.
        let status = pg_ctl.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{}", fs::read_to_string(self.folder.join("log")).unwrap());
    }

    pub(crate) fn start_again(&self) {
        let (port, folder) = (self.port, self.folder.display());
        // Nothing here survives a loss of power, nor need it.
        let options = format!(
            "-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off"
        );
        let log = format!("{folder}/log");
        self.pg_ctl(&["-o", &options, "-l", &log, "start"]);
    }

    /// Stops it as a crash does.
    pub(crate) fn stop(&self) {
        self.pg_ctl(&["-m", "immediate", "stop"]);
    }

    /// Stops all its processes where they are.
    pub(crate) fn freeze(&self) {
        let postmaster = self.postmaster();
        signal("-STOP", &[postmaster]);
        signal("-STOP", &children(postmaster));
    }

    /// Lets all its processes go on.
    pub(crate) fn thaw(&self) {
        let postmaster = self.postmaster();
        signal("-CONT", &children(postmaster));
        signal("-CONT", &[postmaster]);
    }

    fn postmaster(&self) -> u32 {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn admin_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn signal(name: &str, pids: &[u32]) {
    // One that ended meanwhile needs no signal.
    let _ = Command::new("kill").arg(name).args(pids.iter().map(u32::to_string)).status();
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
        // The name in parentheses may have spaces.
        let fields = stat.ok().and_then(|stat| Some(stat.rsplit_once(") ")?.1.to_owned()));
        fields.is_some_and(|fields| fields.split(' ').nth(1) == Some(&parent.to_string()))
    };
    processes.filter(is_child).collect()
}

/// The PostgreSQL that most tests share: that of `AUTHSIG_TEST_POSTGRES`, or one of this program's own.
fn shared() -> Option<&'static str> {
    static SHARED: OnceLock<Option<(String, Option<Cluster>)>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match std::env::var("AUTHSIG_TEST_POSTGRES") {
        Ok(url) => Some((url, None)),
        Err(_) => Cluster::start().map(|cluster| (cluster.admin_url(), Some(cluster))),
    });
    shared.as_ref().map(|(url, _)| &**url)
}

/// Keeps a statement for ever: version 0.9 of sqlx takes no other text.
fn fixed(sql: &str) -> &'static str {
    Box::leak(sql.into())
}

/// A database of one test.
pub(crate) struct Database {
    pub(crate) url: String,
}

impl Database {
    /// Creates one. `None` where there is no PostgreSQL.
    pub(crate) async fn create() -> Option<Self> {
        let admin_url = tokio::task::spawn_blocking(shared).await.unwrap()?;
        Some(Self::create_in(admin_url).await)
    }

    /// Creates one on a PostgreSQL of this test's own.
    pub(crate) async fn create_on(cluster: &Cluster) -> Self {
        Self::create_in(&cluster.admin_url()).await
    }

    async fn create_in(admin_url: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("authsig_many_{}_{count}", std::process::id());
        let mut admin = PgConnection::connect(admin_url).await.unwrap();
        admin.execute(fixed(&format!("CREATE DATABASE {name}"))).await.unwrap();
        let mut url = url::Url::parse(admin_url).unwrap();
        url.set_path(&name);
        Self { url: url.into() }
    }

    /// Changes what the database takes for the time: `+ interval ''10 minutes''`.
    pub(crate) async fn set_clock(&self, change: &str) {
        // What the server asks for is found here first.
        let sql = format!(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE \
             AS 'SELECT pg_catalog.clock_timestamp() {change}'; \
             DO $$ BEGIN \
                 EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); \
             END $$"
        );
        self.execute(&sql).await;
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Lets whoever changes such rows wait within the statement, until it is let go: `stop_at("outbox", "UPDATE", "NEW.finished_at
    /// IS NOT NULL")`.
    pub(crate) async fn stop_at(&self, table: &str, change: &str, when: &str) -> Stop {
        let mut connection = self.connect().await;
        let sql = format!(
            "CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql \
             AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END'; \
             CREATE TRIGGER wait_here BEFORE {change} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION wait_here(); \
             SELECT pg_advisory_lock(7)"
        );
        sqlx::raw_sql(fixed(&sql)).execute(&mut connection).await.unwrap();
        Stop { connection }
    }

    /// Runs statements past the server.
    pub(crate) async fn execute(&self, sql: &str) {
        sqlx::raw_sql(fixed(sql)).execute(&mut self.connect().await).await.unwrap();
    }

    /// Returns the number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.connect().await.fetch_one(fixed(sql)).await.unwrap().get(0)
    }

    /// Returns the first column of all rows.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.connect().await.fetch_all(fixed(sql)).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// Those who wait within a statement.
pub(crate) struct Stop {
    connection: PgConnection,
}

const WAITING: &str = "FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

impl Stop {
    /// Waits until so many wait.
    pub(crate) async fn until_waiting(&mut self, count: i64) {
        let sql = fixed(&["SELECT COUNT(*) ", WAITING].concat());
        let begin = Instant::now();
        while self.connection.fetch_one(sql).await.unwrap().get::<i64, _>(0) < count {
            assert!(begin.elapsed() < Duration::from_secs(60), "nobody comes here");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends the statements that wait, as PostgreSQL does when it notices that a process is gone, and lets all others pass.
    pub(crate) async fn end(mut self) {
        let sql = ["SELECT COUNT(pg_terminate_backend(pid, 10000)) ", WAITING].concat();
        self.connection.execute(fixed(&sql)).await.unwrap();
        self.connection.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    }

    /// Lets all pass.
    pub(crate) async fn release(mut self) {
        self.connection.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    }
}
