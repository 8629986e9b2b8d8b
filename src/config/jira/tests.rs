//! Every fault of `[jira]`, and of `[desk]`.

use crate::config::mailbox::tests::{JIRA, faults};

#[test]
fn every_fault_of_jira_and_the_desk_names_its_line() {
    let boards = "jira.boards: write a list of { key = \"…\", name = \"…\" } and no other key";
    for (line, expected) in [
        ("flavour = 'server'", "jira.flavour: \"server\" is none of its values; write auto, cloud"),
        ("user = 'a:b'", "jira.user: a user's name holds no colon"),
        ("api_token = 'ge heim'", "jira.api_token: holds blanks or characters beyond ASCII"),
        ("api_token_file = '/geheim/no'", "jira.api_token_file: /geheim/no does not exist"),
        ("issue_type = \"a\\nb\"", "jira.issue_type: write a text of one line"),
        ("labels = ['a', 'b c']", "jira.labels: item 2: a label of Jira holds no blank"),
        ("categories = ['a', 'a']", "jira.categories: item 2: it stands here twice"),
        ("default_category = 'x'", "jira.default_category: \"x\" is not in jira.categories"),
        ("boards = ['support']", boards),
        ("boards = [{ key = 'support' }]", boards),
        ("boards = [{ key = 'a', nmae = 'b' }]", boards),
        ("boards = [{ key = 'a', name = 'b', id = 'c' }]", boards),
        ("boards = [{ key = 'a', name = '' }]", "jira.boards: board 1: write key and name as"),
        (
            "boards = [{ key = 'a', name = 'b' }, { key = 'a', name = 'c' }]",
            "jira.boards: board 2: another board has this key",
        ),
        ("default_board = 'x'", "jira.default_board: \"x\" is not in jira.boards"),
        ("webhook_secret = 'geheim'", "jira.webhook_secret: shorter than 16 characters"),
        ("poll = '61m'", "jira.poll: write a time from 1s to 1h"),
        ("index_lag = 'soon'", "jira.index_lag: write a time from 1s to 1h"),
        ("users = ['a@b']", "jira.users: write texts by name"),
        ("users = { 'geheim' = 'x' }", "jira.users: entry 1: write a mail address alone"),
        ("users = { 'geheim@b' = '' }", "jira.users: entry 1: write the account id (Cloud)"),
        (
            "users = { 'a@b' = 'x', 'a@B' = 'geheim' }",
            "jira.users: entry 2: another entry has this address",
        ),
        ("writes_per_second = 0", "jira.writes_per_second: write a whole number from 1 to 1000"),
        ("reopen = true", "jira.reopen: write a text in quotes"),
        ("resolve = 7", "jira.resolve: write a text in quotes"),
        ("api_tokn = 'geheim'", "jira.api_tokn: unknown key; did you mean jira.api_token?"),
        ("\n[desk]\nkeep_days = 29", "desk.keep_days: write a whole number from 30 to 3650"),
        ("\n[desk]\nkeepdays = 29", "desk.keepdays: unknown key; did you mean desk.keep_days?"),
    ] {
        let token = if line.starts_with("api_token") { "" } else { "api_token = 'x'\n" };
        let toml = match line.strip_prefix('\n') {
            Some(desk) => format!("\n{desk}"),
            None => format!("[jira]\n{line}\n{token}url = 'http://x'"),
        };
        let faults = faults(&toml, &[]);
        assert_eq!(faults.len(), 1, "{line:?}: {faults:#?}");
        let number = if line.contains("[desk]") { 3 } else { 2 };
        let expected = format!("ticketd.toml:{number}: {expected}");
        assert!(faults[0].starts_with(&expected), "{line:?}: {} is not {expected}", faults[0]);
        assert!(!faults[0].replace("/geheim/no", "").contains("geheim"), "{}", faults[0]);
    }
}

#[test]
fn a_jira_has_address_and_token_or_neither() {
    for (toml, expected) in [
        ("[jira]\nurl = 'http://x'", "jira.api_token: not set; Jira makes a token under the prof"),
        ("[jira]\napi_token = 'x'", "jira.url: not set, but jira.api_token is; set both or none"),
        ("[jira]\nurl = 'x'\napi_token = 'x'", "ticketd.toml:2: jira.url: not an address"),
    ] {
        let faults = faults(toml, &[]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with(expected), "{} is not {expected}", faults[0]);
    }
}

#[test]
fn pairs_in_a_variable_are_told_how() {
    for (name, text) in [("BOARDS", "support"), ("USERS", "a@b")] {
        let name = format!("TICKETD_JIRA__{name}");
        let faults = faults(JIRA, &[(&name, text)]);
        assert!(faults[0].contains("in a variable"), "{faults:?}");
    }
}
