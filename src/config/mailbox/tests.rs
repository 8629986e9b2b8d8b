//! The mailboxes: their defaults, their variables, and every fault.

mod office;

use super::*;
use crate::config::Flavour;
use crate::config::tests::{Files, env, least};

/// A Jira with one board.
pub(in crate::config) const JIRA: &str = "[jira]\nurl = 'https://jira.example.org'\napi_token = 'token-of-jira'\n\
                    boards = [{ key = 'support', name = 'Support' }]\n";

/// The least of a mailbox, without its `[[mailbox]]` and name.
const LEAST: &str = "address = 'support@example.org'\n\
                     jmap = { url = 'https://mail.example.org', token = 'token-of-jmap' }\n";

/// A file whose first line is `line`, of a mailbox that lacks nothing else.
fn mailbox_with(line: &str) -> String {
    let needed = [
        "address = 'support@example.org'",
        "name = 'support'",
        "jmap.url = 'https://mail.example.org'",
        "jmap.token = 'token-of-jmap'",
    ];
    let key = |line: &'static str| line.split(' ').next();
    let others = needed.into_iter().filter(|other| key(other) != line.split(' ').next());
    format!("[[mailbox]]\n{line}\n{}\n{JIRA}", others.collect::<Vec<_>>().join("\n"))
}

pub(in crate::config) fn faults(toml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut all = least();
    all.extend(env(variables));
    Files::with(toml).faults(all)
}

#[test]
fn the_defaults_are_those_of_the_manual() {
    let config = Files::with(&mailbox_with("poll = ''")).load(least()).unwrap();
    let jira = config.jira.unwrap();
    assert_eq!(
        (jira.flavour, jira.user, jira.reopen, jira.resolve),
        (Flavour::Auto, None, None, None)
    );
    assert_eq!((jira.issue_type.as_str(), jira.labels), ("Task", vec!["ticketd".to_owned()]));
    assert_eq!([jira.poll, jira.index_lag].map(|span| span.as_secs()), [60, 300]);
    assert_eq!(jira.writes_per_second.get(), 20);
    assert_eq!(jira.default_board.as_deref(), Some("support"), "the only one");
    let [mailbox] = config.mailboxes.try_into().unwrap();
    assert_eq!((mailbox.first_days, mailbox.poll.as_secs()), (0, 60));
    assert_eq!(mailbox.filter.automatic, Automatic::Ignore);
    assert_eq!(mailbox.filter.per_sender_per_hour.get(), 30);
    assert!(mailbox.reply.enabled);
    assert_eq!(mailbox.reply.per_address_per_day.get(), 40);
    assert_eq!(config.desk.keep_days, 365);
    assert!(Files::with("").load(least()).unwrap().jira.is_none());
}

#[test]
fn the_address_of_a_session_stays_as_it_is_written() {
    for (written, kept) in [
        ("https://mail.example.org", "https://mail.example.org/"),
        ("https://mail.example.org/jmap/session", "https://mail.example.org/jmap/session"),
        ("https://mail.example.org/jmap/", "https://mail.example.org/jmap/"),
    ] {
        let toml = mailbox_with(&format!("jmap.url = '{written}'"));
        let config = Files::with(&toml).load(least()).unwrap();
        let MailSource::Jmap(jmap) = &config.mailboxes[0].source else { panic!() };
        assert_eq!(jmap.url.as_str(), kept);
    }
}

#[test]
fn the_environment_changes_a_mailbox_of_the_file() {
    let files = Files::with(&format!(
        "[[mailbox]]\nname = 'infra-2'\n{LEAST}[mailbox.reply]\nenabled = true\n{JIRA}"
    ));
    let mut variables = least();
    variables.extend(env(&[
        ("TICKETD_JIRA__BOARDS", "support=Support, infra = All of Infra"),
        ("TICKETD_JIRA__DEFAULT_BOARD", "support"),
        ("TICKETD_JIRA__USERS", "ann@example.org=5b10"),
        ("TICKETD_MAILBOX__INFRA_2__BOARD", "infra"),
        ("TICKETD_MAILBOX__INFRA_2__ALIASES", "a@example.org, b@example.org"),
        ("TICKETD_MAILBOX__INFRA_2__JMAP__USER", "me"),
        ("TICKETD_MAILBOX__INFRA_2__JMAP__PASSWORD", "beats the token of the file"),
        ("TICKETD_MAILBOX__INFRA_2__FILTER__AUTOMATIC", "ticket"),
        ("TICKETD_MAILBOX__INFRA_2__REPLY__ENABLED", "false"),
    ]));
    let config = files.load(variables).unwrap();
    let jira = config.jira.unwrap();
    assert_eq!(jira.boards[1].name, "All of Infra");
    assert_eq!(jira.users["ann@example.org"], "5b10");
    let [mailbox] = config.mailboxes.try_into().unwrap();
    assert_eq!(mailbox.place, Place::Jira("infra".into()));
    assert_eq!(mailbox.aliases, ["a@example.org", "b@example.org"]);
    assert_eq!(mailbox.filter.automatic, Automatic::Ticket);
    assert!(!mailbox.reply.enabled);
    let MailSource::Jmap(jmap) = mailbox.source else { panic!() };
    assert_eq!(jmap.user.as_deref(), Some("me"));
    assert!(matches!(jmap.credential, Credential::Password(_)));
}

#[test]
fn beside_a_mailbox_there_need_be_no_slash_token() {
    let key = env(&[("TICKETD_STORE__MASTER_KEY", "a key")]);
    let config = Files::with(&mailbox_with("poll = '1s'")).load(key.clone()).unwrap();
    assert!(config.redmine.slash_tokens.is_empty());
    let without_boards = JIRA.lines().filter(|line| !line.starts_with("boards"));
    let faults = Files::with(&without_boards.collect::<Vec<_>>().join("\n")).faults(key);
    assert!(faults[0].starts_with("redmine.slash_tokens: not set; "), "{faults:?}");
}

#[test]
fn every_fault_of_a_mailbox_names_its_line() {
    let name = "name: write a text of 1 to 32 of a-z and 0-9, with single - between them";
    let address = "write a mail address alone, such as support@example.org";
    let time = "write a time from 1s to 1h in quotes, such as \"30s\", \"5m\" or \"1h\"";
    let long = format!("name = '{}'", "a".repeat(33));
    for (line, expected) in [
        ("name = 'Support'", format!("[#1].{name}")),
        ("name = 'a_b'", format!("[#1].{name}")),
        ("name = 'a--b'", format!("[#1].{name}")),
        ("name = '-a'", format!("[#1].{name}")),
        ("name = ''", format!("[#1].{name}")),
        ("name = 7", format!("[#1].{name}")),
        (&long, format!("[#1].{name}")),
        ("address = 'geheim'", format!("[support].address: {address}")),
        ("address = 'S <a@b>'", format!("[support].address: {address}")),
        ("address = ['a@b']", "[support].address: write a text in quotes".into()),
        ("aliases = ['a@b', 'geheim']", format!("[support].aliases: item 2: {address}")),
        ("aliases = 'a@b'", "[support].aliases: write a list of texts".into()),
        (
            "aliases = ['support@EXAMPLE.org']",
            "[support].aliases: item 1: mailbox[support] has this address already".into(),
        ),
        ("source = 'imap'", "[support].source: \"imap\" is none of its values; write jm".into()),
        ("tracker = 'trello'", "[support].tracker: \"trello\" is none of its values; wr".into()),
        (
            "board = 'infra'",
            "[support].board: \"infra\" is not in jira.boards; write one of these: support".into(),
        ),
        ("category = 'x'", "[support].category: \"x\" is not in jira.categories; write".into()),
        ("first_days = 366", "[support].first_days: write a whole number from 0 to 365".into()),
        ("poll = '0s'", format!("[support].poll: {time}")),
        ("poll = '2h'", format!("[support].poll: {time}")),
        ("poll = '-5s'", format!("[support].poll: {time}")),
        ("poll = '5'", format!("[support].poll: {time}")),
        ("poll = 60", format!("[support].poll: {time}")),
        ("jmap.url = 'mail'", "[support].jmap.url: not an address (relative URL".into()),
        ("jmap.user = 'a:b'", "[support].jmap.user: a user's name holds no colon".into()),
        ("jmap.token = 'ge heim'", "[support].jmap.token: holds blanks or characters".into()),
        ("jmap.token_file = '/geheim/no'", "[support].jmap.token_file: set as well as".into()),
        (
            "jmap.tokn = 'geheim'",
            "[support].jmap.tokn: unknown key; did you mean mailbox[su".into(),
        ),
        ("filter.allowed_domains = ['@a.b']", {
            "[support].filter.allowed_domains: item 1: write a domain alone".into()
        }),
        ("filter.blocked_senders = ['a.b']", {
            "[support].filter.blocked_senders: item 1: write a mail address, or @ and a".into()
        }),
        ("filter.blocked_senders = ['@a.b', '@A.b']", {
            "[support].filter.blocked_senders: item 2: it stands here twice".into()
        }),
        ("filter.automatic = 'yes'", {
            "[support].filter.automatic: \"yes\" is none of its values; write ignore, ti".into()
        }),
        ("filter.per_sender_per_hour = 0", {
            "[support].filter.per_sender_per_hour: write a whole number from 1 to 10000".into()
        }),
        ("reply.enabled = 'yes'", "[support].reply.enabled: write true or false".into()),
        ("reply.locale = 'de'", "[support].reply.locale: \"de\" is no language of ticketd".into()),
        ("reply.portal_url = 'x'", "[support].reply.portal_url: not an address".into()),
        ("reply.template_file = 1", "[support].reply.template_file: write a text in qu".into()),
        ("reply.per_address_per_day = 1001", {
            "[support].reply.per_address_per_day: write a whole number from 1 to 1000".into()
        }),
        ("adress = 'x'", "[support].adress: unknown key; did you mean mailbox[support].add".into()),
        ("password = 'geheim'", {
            "[support].password: unknown key; did you mean mailbox[support].jmap.password?".into()
        }),
        ("jmpa.user = 'geheim'", {
            "[support].jmpa.user: unknown key; did you mean mailbox[support].jmap.user?".into()
        }),
        ("graph.tenat = 'geheim'", {
            "[support].graph.tenat: unknown key; did you mean mailbox[support].graph.tenant?".into()
        }),
        ("imap.host = 'geheim'", {
            "[support].imap.host: a mailbox has no such table, only jmap, graph, filter and r"
                .into()
        }),
        ("jmap.whatever = 'x'", "[support].jmap.whatever: unknown key; remove it".into()),
    ] {
        let faults = faults(&mailbox_with(line), &[]);
        let expected = format!("ticketd.toml:2: mailbox{expected}");
        assert!(faults[0].starts_with(&expected), "{line:?}: {faults:#?} is not {expected}");
        assert!(!faults.join("\n").replace("/geheim/no", "").contains("geheim"), "{faults:?}");
    }
}

#[test]
fn what_a_mailbox_must_have_is_told() {
    for (toml, expected) in [
        (format!("[[mailbox]]\n{LEAST}{JIRA}"), "ticketd.toml:1: mailbox[#1].name: not set; each"),
        (
            format!("[[mailbox]]\nname = 'a'\n{LEAST}"),
            "mailbox[a].tracker: \"jira\", but there is no Jira; set url under [jira], with boards,",
        ),
        (
            format!("[[mailbox]]\nname = 'a'\njmap = {{ url = 'http://x', token = 'x' }}\n{JIRA}"),
            "mailbox[a].address: not set; write the address that answers come from",
        ),
        (
            format!("[[mailbox]]\nname = 'a'\naddress = 'a@b'\njmap.token = 'x'\n{JIRA}"),
            "mailbox[a].jmap.url: not set; write the address of the JMAP server",
        ),
        (
            format!("[[mailbox]]\nname = 'a'\naddress = 'a@b'\njmap.url = 'http://x'\n{JIRA}"),
            "mailbox[a].jmap.password: not set; set password, password_file, token or token_file",
        ),
        (
            mailbox_with("jmap.password = 'geheim'").replace("jmap.token", "#"),
            "mailbox[support].jmap.user: not set; a password needs it, or set a token instead",
        ),
        (
            mailbox_with("jmap.password = 'geheim'"),
            "ticketd.toml:6: mailbox[support].jmap.token: set as well as \
             mailbox[support].jmap.password; remove one",
        ),
        (
            mailbox_with("jmap.token_file = '/none'").replace("jmap.token =", "#"),
            "ticketd.toml:2: mailbox[support].jmap.token_file: /none does not exist; create it",
        ),
        (
            mailbox_with("poll = '5s'").replace("boards", "#"),
            "mailbox[support].board: not set, and neither is jira.default_board; set one of them",
        ),
        (
            mailbox_with("poll = '5s'")
                + "[[mailbox]]\nname = 'support'\naddress = 'a@b'\n\
             jmap = { url = 'http://x', token = 'x' }\n",
            "ticketd.toml:12: mailbox[#2].name: another [[mailbox]] has this name; write another",
        ),
        (
            mailbox_with("poll = '5s'") + "[[mailbox]]\nname = 'b'\n" + LEAST,
            "ticketd.toml:13: mailbox[b].address: mailbox[support] has this address already; rem",
        ),
        (
            format!(
                "[[mailbox]]\nname = 'a'\naddress = 'a@b'\nsource = 'graph'\n[mailbox.graph]\n\
                 tenant = 'a'\nclient_id = 'b'\nclient_secret = 'c'\n\
                 authority = 'http://login.example.org'\nbase_url = 'http://127.0.0.1:1'\n{JIRA}"
            ),
            "mailbox[a].graph.authority: begins with http://, so secrets would go unencrypted;",
        ),
        ("[mailbox]\nname = 'a'".into(), "ticketd.toml:1: mailbox: there may be many: write [[m"),
        ("mailbox = ['a']".into(), "ticketd.toml:1: mailbox: write each mailbox under [[mailbox]]"),
        ("[[mailboxes]]\nname = 'a'".into(), "ticketd.toml:1: mailboxes: only [[mailbox]] has two"),
    ] {
        let faults = faults(&toml, &[]);
        assert_eq!(faults.len(), 1, "{toml}: {faults:#?}");
        assert!(faults[0].starts_with(expected), "{} is not {expected}", faults[0]);
    }
}

#[test]
fn every_fault_of_a_mailboxs_variable_is_told() {
    let toml = mailbox_with("poll = '5s'");
    for (name, text, expected) in [
        ("SUPPORT__POLL", "5", "mailbox[support].poll: write a time from 1s to 1h"),
        ("SUPPORT__REPLY__ENABLED", "yes", "mailbox[support].reply.enabled: write true or false"),
        ("SUPPORT__ALIASES", "a@b,geheim", "mailbox[support].aliases: item 2: write a mail"),
        ("SUPPORT__NAME", "other", "mailbox[support].name: only the file can set this; rem"),
        (
            "SUPPORT__JMAP__TOKN",
            "geheim",
            "mailbox[support].jmap.tokn: unknown key; did you mean \
             TICKETD_MAILBOX__SUPPORT__JMAP__TOKEN?",
        ),
        (
            "SUPORT__BOARD",
            "x",
            "mailbox[suport].board: unknown key; did you mean TICKETD_MAILBOX__SUPPORT__BOARD?",
        ),
        (
            "INFRA__BOARD",
            "x",
            "mailbox[infra].board: no [[mailbox]] of the file has this name, and a variable",
        ),
        ("SUPPORT", "x", "mailbox.support: there is no section [mailbox]; the sections are"),
    ] {
        let name = format!("TICKETD_MAILBOX__{name}");
        let faults = faults(&toml, &[(&name, text)]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let expected = format!("{name}: {expected}");
        assert!(faults[0].starts_with(&expected), "{} is not {expected}", faults[0]);
        assert!(!faults[0].contains("geheim"), "{}", faults[0]);
    }
}

#[test]
fn faults_of_all_mailboxes_are_told_at_once() {
    let toml = "[[mailbox]]\nname = 'a'\npoll = 'x'\n[mailbox.reply]\nlocale = 'x'\n\
                [[mailbox]]\nname = 'B'\nfirst_days = -1\njmap.url = 'x'\n[desk]\nkeep_days = 1\n";
    let all = Files::with(toml).load(least()).unwrap_err();
    let keys: Vec<_> = all.faults().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "mailbox[#2].name",
            "mailbox[a].address",
            "mailbox[a].tracker",
            "mailbox[a].poll",
            "mailbox[a].jmap.url",
            "mailbox[a].jmap.password",
            "mailbox[a].reply.locale",
            "mailbox[#2].address",
            "mailbox[#2].tracker",
            "mailbox[#2].first_days",
            "mailbox[#2].jmap.url",
            "mailbox[#2].jmap.password",
            "desk.keep_days",
        ]
    );
}

#[test]
fn debug_shows_no_secret_of_the_mail_road() {
    let toml = mailbox_with("poll = '5s'") + "webhook_secret = 'a-secret-of-the-webhook'\n";
    let shown = format!("{:?}", Files::with(&toml).load(least()).unwrap());
    for secret in ["token-of-jira", "token-of-jmap", "a-secret-of-the-webhook"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_mailbox_may_file_in_redmine() {
    let redmine = "[redmine]\napi_key = 'key-of-the-desk'\nattachment_bytes = 7\n\
                   users = { 'ann@example.org' = '5', 'bob@example.org' = 6 }\ntext_formatting = 'common_mark'\n";
    let toml = mailbox_with("tracker = 'redmine'").replace(JIRA, redmine);
    let with = |line: &str| toml.replace("tracker = 'redmine'", line);
    let config = Files::with(&with("tracker = 'redmine'\nproject = 'helpdesk'")).load(least());
    let config = config.unwrap();
    assert_eq!(config.mailboxes[0].place, Place::Redmine("helpdesk".into()));
    assert!(config.jira.is_none());
    let filing = config.redmine.filing.as_ref().unwrap();
    assert_eq!(filing.attachment_bytes, 7);
    assert_eq!((filing.users["ann@example.org"], filing.users["bob@example.org"]), (5, 6));
    assert_eq!(filing.text_formatting, crate::config::TextFormatting::CommonMark);
    assert!(!format!("{config:?}").contains("key-of-the-desk"));
    let no_key = faults(&mailbox_with("tracker = 'redmine'\nproject = 'a'"), &[]);
    assert!(no_key[0].starts_with("mailbox[support].tracker: \"redmine\", but redmine.api_key"));
    let boards = faults(&mailbox_with("project = 'a'"), &[]);
    assert!(boards[0].contains("project: set, but tracker is \"jira\", which has boards; remove"));
    for (line, expected) in [
        ("tracker = 'redmine'", "mailbox[support].project: not set; write the identifier of a"),
        ("tracker = 'redmine'\nproject = 'A B'", "mailbox[support].project: write the project's"),
        (
            "tracker = 'redmine'\nproject = 'a'\nboard = 'b'",
            "mailbox[support].board: set, but tracker is \"redmine\", which has projects; rem",
        ),
        (
            "tracker = 'redmine'\nproject = 'a'\ncategory = 'b'",
            "mailbox[support].category: set, but tracker is not \"jira\"; remove it",
        ),
    ] {
        let faults = faults(&with(line), &[]);
        assert_eq!(faults.len(), 1, "{line}: {faults:#?}");
        assert!(faults[0].contains(expected), "{} is not {expected}", faults[0]);
    }
}
