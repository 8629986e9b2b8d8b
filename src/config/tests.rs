//! The whole of loading: what is taken, from where, and how every fault reads.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::*;

mod boards;
mod example;

const TOKEN: &str = "x57qoutf8pg8mgx1q1ysq5mzty";
const KEY: &str = "the-master-key-of-this-test";

/// The least that must be set.
pub(super) fn least() -> Vec<(String, String)> {
    env(&[("TICKETD_STORE__MASTER_KEY", KEY), ("TICKETD_REDMINE__SLASH_TOKENS", TOKEN)])
}

pub(super) fn env(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// A folder with a `ticketd.toml` and one secret file beside it.
pub(super) struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub(super) fn with(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ticketd.toml"), toml).unwrap();
        Self { folder }
    }

    fn toml(&self) -> PathBuf {
        self.folder.path().join("ticketd.toml")
    }

    pub(super) fn secret(&self, content: &str) -> String {
        let path = self.folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub(super) fn load(&self, env: Vec<(String, String)>) -> Result<Config, ConfigFaults> {
        Config::load(Some(&self.toml()), env)
    }

    /// The faults as the terminal shows them, without this test's folder.
    pub(super) fn faults(&self, env: Vec<(String, String)>) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        let shown = self.load(env).unwrap_err().to_string();
        shown.lines().map(|line| line.replace(&folder, "")).collect()
    }
}

#[test]
fn the_manual_names_every_key_with_its_default() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/ticketd.toml");
    let of_manual = Config::load(Some(&manual), least()).unwrap();
    let of_nothing = Files::with("").load(least()).unwrap();
    assert_eq!(format!("{of_manual:?}"), format!("{of_nothing:?}"));

    // A mailbox has no default: it is shown behind #, and what must be set is set here.
    let text = std::fs::read_to_string(manual).unwrap();
    let shown = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key,
        _ => line,
    });
    let shown = shown.collect::<Vec<_>>().join("\n");
    let mut needed = least();
    needed.extend(env(&[
        ("TICKETD_JIRA__URL", "https://jira.example.org"),
        ("TICKETD_JIRA__API_TOKEN", "token-of-jira"),
        ("TICKETD_JIRA__BOARDS", "support=Support"),
        ("TICKETD_MAILBOX__SUPPORT__JMAP__TOKEN", "token-of-jmap"),
    ]));
    let least_of_mailbox = "[[mailbox]]\nname = 'support'\naddress = 'support@example.org'\n\
                            [mailbox.jmap]\nurl = 'https://mail.example.org'\n";
    let of_manual = Files::with(&shown).load(needed.clone()).unwrap();
    let of_nothing = Files::with(least_of_mailbox).load(needed).unwrap();
    assert_eq!(format!("{of_manual:?}"), format!("{of_nothing:?}"));

    let mut named = Vec::new();
    for (section, keys) in shown.parse::<toml::Table>().unwrap() {
        match keys {
            toml::Value::Table(keys) => named.extend(dotted(&section, keys)),
            toml::Value::Array(list) => {
                let Some(toml::Value::Table(mailbox)) = list.into_iter().next() else { panic!() };
                for (key, value) in mailbox {
                    match value {
                        toml::Value::Table(keys) => {
                            named.extend(dotted(&format!("mailbox[support].{key}"), keys));
                        }
                        _ => named.push(format!("mailbox[support].{key}")),
                    }
                }
            }
            _ => panic!("{section} stands outside a section"),
        }
    }
    let (layer, _) = Layer::of_file(Path::new("x"), "[[mailbox]]\nname = 'support'").unwrap();
    let mut reader = Reader::new(layer, Layer::default(), Vec::new());
    assert!(Config::read(&mut reader).is_err(), "a key must be set");
    let mut known: Vec<_> =
        reader.known.iter().map(|(section, key)| format!("{section}.{key}")).collect();
    named.sort();
    known.sort();
    assert_eq!(named, known);
}

fn dotted(section: &str, keys: toml::Table) -> Vec<String> {
    keys.into_iter().map(|(key, _)| format!("{section}.{key}")).collect()
}

#[test]
fn defaults_are_beaten_by_the_file_and_the_file_by_the_environment() {
    let files = Files::with(
        "[http]\nlisten = \"127.0.0.1:1\"\n[limits]\nbody_bytes = 10_000\nconnections = 7\n",
    );
    let mut variables = least();
    variables.extend(env(&[
        ("TICKETD_HTTP__LISTEN", "[::1]:2"),
        ("TICKETD_LIMITS__CONNECTIONS", "8"),
        ("TICKETD_LIMITS__BODY_BYTES", ""),
        ("TICKETD_LOG", "debug"),
        ("OTHER__KEY", "not ours"),
    ]));
    let config = files.load(variables).unwrap();
    assert_eq!(config.http.listen.to_string(), "[::1]:2");
    assert_eq!(config.limits.connections.get(), 8);
    assert_eq!(config.limits.body_bytes, 10_000, "an empty variable is as if not set");
    assert_eq!(config.limits.per_user_per_minute.get(), 60);
}

#[test]
fn an_address_keeps_its_path_and_can_be_joined_to() {
    for (text, joined) in [
        ("https://example.org", "https://example.org/issues.json"),
        ("https://example.org/", "https://example.org/issues.json"),
        (" http://example.org:81/redmine ", "http://example.org:81/redmine/issues.json"),
        ("http://example.org/redmine/", "http://example.org/redmine/issues.json"),
    ] {
        let mut variables = least();
        variables.extend(env(&[("TICKETD_REDMINE__URL", text)]));
        let config = Files::with("").load(variables).unwrap();
        assert_eq!(config.redmine.url.join("issues.json").unwrap().as_str(), joined, "{text}");
    }
}

#[test]
fn a_secret_comes_from_the_file_the_variable_or_a_file_of_its_own() {
    let other = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
    let files = Files::with("");
    let path = files.secret(&format!("{TOKEN}\n\n {other} \r\n"));
    let (here, beside) = (
        format!("[redmine]\nslash_tokens = [\"{TOKEN}\", \"{other}\"]"),
        format!("[redmine]\nslash_tokens_file = \"{path}\""),
    );
    let listed = format!("{TOKEN}, {other},");
    for (toml, variable) in [
        (here.as_str(), None),
        (beside.as_str(), None),
        ("", Some(("TICKETD_REDMINE__SLASH_TOKENS", listed.as_str()))),
        ("", Some(("TICKETD_REDMINE__SLASH_TOKENS_FILE", path.as_str()))),
        (
            "[redmine]\nslash_tokens_file = \"/none\"",
            Some(("TICKETD_REDMINE__SLASH_TOKENS", &listed)),
        ),
    ] {
        let mut variables = env(&[("TICKETD_STORE__MASTER_KEY", KEY)]);
        variables.extend(env(variable.as_slice()));
        let config = Files::with(toml).load(variables).unwrap();
        let tokens: Vec<_> =
            config.redmine.slash_tokens.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(tokens, [TOKEN, other], "{toml:?} {variable:?}");
    }
}

#[test]
fn the_master_key_remembers_its_file() {
    let files = Files::with("");
    let path = files.secret("one\ntwo\n");
    let variables =
        env(&[("TICKETD_STORE__MASTER_KEY_FILE", &path), ("TICKETD_REDMINE__SLASH_TOKENS", TOKEN)]);
    let store = files.load(variables).unwrap().store;
    assert_eq!(store.master_key.expose_secret(), "one\ntwo");
    assert_eq!(store.master_key_file, Some(PathBuf::from(path)));
    assert_eq!(files.load(least()).unwrap().store.master_key_file, None);
}

#[test]
fn what_must_be_set_says_how() {
    let faults = Files::with("").faults(Vec::new());
    assert_eq!(
        faults,
        [
            "store.master_key: not set; `ticketd keys generate` makes a key, then set master_key \
             or master_key_file under [store], or TICKETD_STORE__MASTER_KEY_FILE",
            "redmine.slash_tokens: not set; Mattermost shows a token under Integrations > Slash \
             Commands, one for each team (a [[mailbox]], [ticket] or jira.boards will do instead): \
             copy it, then set slash_tokens or slash_tokens_file \
             under [redmine], or TICKETD_REDMINE__SLASH_TOKENS_FILE",
        ]
    );
}

#[test]
fn every_fault_of_the_file_names_its_line() {
    for (toml, expected) in [
        ("[http]\nlisten = 'localhost'", "2: http.listen: \"localhost\" is no IP address"),
        ("[http]\nlisten = 80", "2: http.listen: write a text in quotes"),
        ("[http]\npublic_url = 'desk'", "2: http.public_url: not an address (relative URL"),
        ("\n[redmine]\nurl = 'ftp://x'", "3: redmine.url: the address must begin with http://"),
        ("[redmine]\nurl = 'http://u:geheim@x'", "2: redmine.url: the address must not hold a us"),
        ("[redmine]\nurl = 'http://x?key=geheim'", "2: redmine.url: the address must end before"),
        ("[mattermost]\nurl = 'http://x/#a'", "2: mattermost.url: the address must end before"),
        (
            "[mattermost]\nlocale = 'de'",
            "2: mattermost.locale: \"de\" is no language of ticketd; write en, ko, fr",
        ),
        ("[mattermost]\nbot_token = 'ge heim'", "2: mattermost.bot_token: holds blanks"),
        (
            "[mattermost]\nbot_token_file = '/geheim/no'",
            "2: mattermost.bot_token_file: /geheim/no does not exist",
        ),
        (
            "[mattermost]\nbot_token_file = 'geheim'",
            "2: mattermost.bot_token_file: the file of this relative path does not exist",
        ),
        (
            "[mattermost]\nbot_token = 'geheim'\nbot_token_file = '/x'",
            "3: mattermost.bot_token_file: set as well as mattermost.bot_token; remove one",
        ),
        (
            "[limits]\nbody_bytes = 1",
            "2: limits.body_bytes: write a whole number from 4096 to 16777216",
        ),
        ("[limits]\nbody_bytes = '5000'", "2: limits.body_bytes: write a whole number"),
        (
            "[limits]\nconnections = 0",
            "2: limits.connections: write a whole number from 1 to 100000",
        ),
        (
            "[limits]\nper_user_per_minute = -1",
            "2: limits.per_user_per_minute: write a whole number",
        ),
        ("[limits]\nper_user_per_minute = 1.5", "2: limits.per_user_per_minute: write a whole"),
        ("[store]\npath = ['a']", "2: store.path: write a text in quotes"),
        ("[http]\nlsten = 'x'", "2: http.lsten: unknown key; did you mean http.listen?"),
        ("[htpp]\nlisten = 'x'", "2: htpp.listen: unknown key; did you mean http.listen?"),
        ("[http]\nlocale = 'x'", "2: http.locale: unknown key; did you mean mattermost.locale?"),
        (
            "[gateway]\nadmin = 'x'\nteam = 'y'",
            "2: gateway.admin: there is no section [gateway]; the sections are http, store, \
             mattermost, jira, redmine, ticket, desk, limits and [[mailbox]]",
        ),
        ("[http]\nwhatever = 'x'", "2: http.whatever: unknown key; remove it"),
        ("[http.tls]\nkey = 'x'", "1: http.tls: unknown key; remove it"),
        ("listen = 'x'", "1: listen: stands outside a section; put it under its [section]"),
        ("[[http]]\nlisten = 'x'", "1: http: only [[mailbox]] has two brackets; write [section]"),
        ("[http]\n\nlisten = 'geheim", "3: not TOML: "),
        ("[store]\nmaster_key = geheim", "2: not TOML: "),
        ("[store]\nmaster_key = 12geheim", "2: not TOML: "),
        ("[store]\nmaster_key = \"\\geheim\"", "2: not TOML: "),
        ("[store]\nmaster_key = [geheim", "2: not TOML: "),
        ("[http]\nlisten = 'a'\nlisten = 'geheim'", "3: not TOML: duplicate key"),
    ] {
        let faults = Files::with(toml).faults(least());
        assert_eq!(faults.len(), 1, "{toml:?}: {faults:#?}");
        let expected = format!("ticketd.toml:{expected}");
        assert!(faults[0].starts_with(&expected), "{toml:?}: {} is not {expected}", faults[0]);
        assert!(!faults[0].replace("/geheim/no", "").contains("geheim"), "{}", faults[0]);
    }
}

#[test]
fn every_fault_of_the_environment_names_its_variable() {
    for (name, text, expected) in [
        ("TICKETD_HTTP__LISTEN", "80", "http.listen: \"80\" is no IP address"),
        ("TICKETD_LIMITS__CONNECTIONS", "many", "limits.connections: write a whole number"),
        (
            "TICKETD_HTTP__LISTEM",
            "x",
            "http.listem: unknown key; did you mean TICKETD_HTTP__LISTEN?",
        ),
        (
            "TICKETD_HTPP__LISTEN",
            "x",
            "htpp.listen: unknown key; did you mean TICKETD_HTTP__LISTEN?",
        ),
        (
            "TICKETD_GATEWAY__TEAM",
            "x",
            "gateway.team: there is no section [gateway]; the sections are http, ",
        ),
        ("TICKETD_STORE__MASTER_KEY_FILE", "/no", "store.master_key_file: set as well as"),
        ("TICKETD_REDMINE__SLASH_TOKENS", "geheim", "redmine.slash_tokens: token 1 is not 16"),
        (
            "TICKETD_REDMINE__SLASH_TOKENS",
            "a, x57qoutf8pg8 geheim1q1ysq",
            "redmine.slash_tokens: token 1",
        ),
    ] {
        let mut variables: Vec<_> =
            least().into_iter().filter(|(other, _)| other != name).collect();
        variables.extend(env(&[(name, text)]));
        let faults = Files::with("").faults(variables);
        let expected = format!("{name}: {expected}");
        assert!(faults[0].starts_with(&expected), "{} is not {expected}", faults[0]);
        assert!(!faults.join("\n").contains("geheim"), "{faults:?}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let files = Files::with(
        "[http]\nlisten = 'x'\n[mattermost]\nurl = 'x'\nlocale = 'x'\n[redmine]\nurl = 'ftp://x'\n\
         slash_tokens = ['short', 'also short']\n[limits]\nbody_bytes = 0\nbodybytes = 0",
    );
    let faults = files.load(env(&[("TICKETD_STORE__MASTERKEY", KEY)])).unwrap_err();
    let keys: Vec<_> = faults.faults().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "http.listen",
            "store.master_key",
            "mattermost.url",
            "mattermost.locale",
            "redmine.url",
            "redmine.slash_tokens",
            "redmine.slash_tokens",
            "limits.body_bytes",
            "limits.bodybytes",
            "store.masterkey",
        ]
    );
}

#[test]
fn a_named_file_must_exist() {
    let error = Config::load(Some(Path::new("/none/ticketd.toml")), least()).unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("/none/ticketd.toml: cannot be read: "), "{shown}");
}

#[test]
fn debug_shows_no_secret() {
    let mut variables = least();
    variables.extend(env(&[("TICKETD_MATTERMOST__BOT_TOKEN", "bot-token-of-this-test")]));
    let shown = format!("{:?}", Files::with("").load(variables).unwrap());
    for secret in [KEY, TOKEN, "bot-token-of-this-test"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
