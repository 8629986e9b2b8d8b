//! The real Redmine: brought up from its seed, taken down when dropped.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use url::Url;

/// What `up.sh` exits with where this machine cannot have a Redmine.
const NOT_HERE: i32 = 77;

pub(crate) struct Redmine {
    pub(crate) url: Url,
    state: PathBuf,
}

impl Redmine {
    /// A Redmine fresh from the seed; none where the machine cannot have one.
    pub(crate) fn up() -> Option<Self> {
        // Beside what other runs of up.sh keep: nobody resets a database that somebody looks at.
        let state = env::var_os("REDMINE_DIR")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("redmine"), PathBuf::from);
        let up = script("up.sh", &state).env("RESET", "1").stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&up.stderr);
        let said = said.trim();
        if up.status.code() == Some(NOT_HERE) {
            // Past the test harness, which keeps the words of a test that passes.
            let _ = writeln!(io::stderr(), "{said} (every flow of /redmine against it)");
            return None;
        }
        // From here on the guard takes it down, whatever comes.
        let mut redmine = Self { url: "http://127.0.0.1/".parse().unwrap(), state };
        assert!(up.status.success(), "up.sh: {}: {said}", up.status);
        let printed = String::from_utf8(up.stdout).unwrap();
        redmine.url = printed.lines().last().expect("an address").parse().unwrap();
        Some(redmine)
    }

    /// Gives the owner of an API key another one, as "Reset" on "My account" does.
    pub(crate) fn change_key(&self, old: &str, new: &str) {
        const SCRIPT: &str = "require 'sqlite3'; db = SQLite3::Database.new(ARGV[0]); \
            db.busy_timeout = 5000; \
            db.execute('UPDATE tokens SET value = ? WHERE value = ?', [ARGV[2], ARGV[1]]); \
            exit db.changes == 1";
        let database = self.state.join("db/redmine.sqlite3");
        let mut ruby = Command::new("ruby");
        let done = ruby.args(["-e", SCRIPT]).arg(database).args([old, new]).status().unwrap();
        assert!(done.success(), "the key was not changed: {done}");
    }
}

impl Drop for Redmine {
    fn drop(&mut self) {
        let down = script("down.sh", &self.state).status();
        assert!(
            std::thread::panicking() || down.as_ref().is_ok_and(ExitStatus::success),
            "down.sh: {down:?}"
        );
    }
}

fn script(name: &str, state: &Path) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/redmine");
    let mut command = Command::new("bash");
    command.arg(folder.join(name)).env("REDMINE_DIR", state).stdin(Stdio::null());
    command
}
