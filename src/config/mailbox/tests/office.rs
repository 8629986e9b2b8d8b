//! A mailbox of Microsoft 365: every fault of its table.

use super::*;

/// A mailbox of Microsoft 365 with these lines in its table.
fn office_with(lines: &[&str]) -> String {
    let needed = ["tenant = 'contoso.example'", "client_id = 'b'", "client_secret = 'c'"];
    let key = |line: &str| line.split(' ').next().map(str::to_owned);
    let others = needed.iter().filter(|other| lines.iter().all(|line| key(line) != key(other)));
    let lines: Vec<_> = lines.iter().chain(others).copied().collect();
    format!(
        "[[mailbox]]\nname = 'a'\naddress = 'a@b'\nsource = 'graph'\n[mailbox.graph]\n{}\n{JIRA}",
        lines.join("\n")
    )
}

#[test]
fn every_fault_of_a_mailbox_of_microsoft_is_told() {
    let tenant = "tenant: write the tenant's id or a domain of it, such as contoso.example";
    let client = "client_id: write the application's id, such as 24d3b144-";
    for (lines, expected) in [
        (&["tenant = ' '"][..], "tenant: not set; write the tenant's id or domain"),
        (&["tenant = 'a b'"], tenant),
        (&["tenant = 'a/b'"], tenant),
        (&["tenant = '..'"], tenant),
        (&["client_id = ''"], "client_id: not set; write the application's id (Entra"),
        (&["client_id = 'a b'"], client),
        (&["client_id = 'a/b'"], client),
        (&["client_id = '.'"], client),
        (&["webhooks = true"], "webhooks: true, but http.public_url is not set; set that to"),
        (&["mark_folder = 'x'"], "mark_folder: set, but mark is not \"move\"; set that, or re"),
        (&["mark_category = 'x'"], "mark_category: set, but mark is not \"category\"; set that"),
        (
            &["mark = 'move'", "mark_folder = 'x'", "mark_category = 'x'"],
            "mark_category: set, but mark is not \"category\"; set that, or remove this",
        ),
        (&["mark = 'move'"], "mark_folder: not set; mark = \"move\" needs it"),
        (
            &["client_secret = ''", "certificate = 'geheim'", "key = 'geheim'"],
            "certificate: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)",
        ),
    ] {
        let faults = faults(&office_with(lines), &[]);
        assert_eq!(faults.len(), 1, "{lines:?}: {faults:#?}");
        let expected = format!("mailbox[a].graph.{expected}");
        assert!(faults[0].contains(&expected), "{} is not {expected}", faults[0]);
        assert!(!faults[0].contains("geheim"), "{}", faults[0]);
    }
}

#[test]
fn graph_must_be_able_to_reach_us() {
    let toml = office_with(&["webhooks = true"]);
    for (url, fine) in [
        ("https://ticketd.example.org", true),
        ("http://127.0.0.1:8080", true),
        ("http://ticketd.example.org", false),
    ] {
        let url = env(&[("TICKETD_HTTP__PUBLIC_URL", url)]);
        let loaded = Files::with(&toml).load(least().into_iter().chain(url).collect());
        assert_eq!(loaded.is_ok(), fine, "{loaded:?}");
    }
}

#[test]
fn a_table_of_graph_needs_its_source() {
    let toml = mailbox_with("poll = '5s'") + "[mailbox.graph]\ntenant = 'a'\nclient_id = 'b'\n";
    for (from, to, expected) in [
        ("", "", "graph.tenant: set, but the mailbox's source is not \"graph\"; write source ="),
        ("poll = '5s'", "source = 'grap'", "source: \"grap\" is none of its values"),
    ] {
        // The mailbox's own table comes before the others.
        let (mailbox, rest) = toml.split_once("[jira]").unwrap();
        let (jira, graph) = rest.split_once("[mailbox.graph]").unwrap();
        let toml = format!("{mailbox}[mailbox.graph]{graph}[jira]{jira}").replace(from, to);
        let faults = faults(&toml, &[]);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].contains(expected), "{}", faults[0]);
    }
}
