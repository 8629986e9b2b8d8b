//! The boards that callers of the API see: those of `jira.boards` and of `redmine.boards` together.

use super::*;

const JIRA: &str = "[jira]\nurl = 'https://jira.example.org'\napi_token = 'token-of-jira'\n\
                    boards = [{ key = 'support', name = 'Support' }]\n";

#[test]
fn boards_of_both_trackers_stand_side_by_side() {
    let redmine = "[redmine]\napi_key = 'key-of-redmine'\n\
                   boards = [{ key = ' infra ', project = 'infra-2' }]\n";
    let config = Files::with(&format!("{JIRA}{redmine}")).load(least()).unwrap();
    let boards = config.api_boards();
    let shown: Vec<_> = boards.iter().map(|board| (&*board.key, &board.place)).collect();
    assert_eq!(
        shown,
        [
            ("support", &Place::Jira("support".to_owned())),
            ("infra", &Place::Redmine("infra-2".to_owned()))
        ]
    );
    assert!(Files::with("").load(least()).unwrap().api_boards().is_empty());
}

#[test]
fn every_fault_of_a_board_names_it() {
    let key = "api_key = 'key-of-redmine'\n";
    for (boards, fault) in [
        ("{ key = 'support', project = 'infra' }", "board 1: a board of jira.boards has this key"),
        (
            "{ key = 'infra', project = 'a' }, { key = 'infra', project = 'b' }",
            "board 2: another board has this key",
        ),
        (
            "{ key = 'a', project = 'infra' }, { key = 'b', project = 'infra' }",
            "board 2: another board has this project",
        ),
        (
            "{ key = 'infra', project = 'Infra' }",
            "board 1: write the project's identifier, as its address shows it: a-z, 0-9, - and _",
        ),
        ("{ key = 'infra', project = '' }", "board 1: write the project's identifier"),
        ("{ key = '', project = 'infra' }", "board 1: "),
        ("{ key = 'infra' }", "redmine.boards"),
        ("{ key = 'infra', name = 'Infra' }", "redmine.boards"),
        ("'infra'", "redmine.boards"),
    ] {
        let toml = format!("{JIRA}[redmine]\n{key}boards = [{boards}]\n");
        let faults = Files::with(&toml).faults(least());
        let told: Vec<_> = faults.iter().filter(|line| line.contains("redmine.boards")).collect();
        assert_eq!(told.len(), 1, "{boards}: {faults:?}");
        assert!(told[0].contains(fault), "{boards}: {faults:?}");
        assert!(told[0].contains(":7: "), "{boards}: {faults:?}");
    }
    let without = "[redmine]\nboards = [{ key = 'infra', project = 'infra' }]\n";
    let faults = Files::with(without).faults(least());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("redmine.api_key: not set; "), "{faults:?}");
}
