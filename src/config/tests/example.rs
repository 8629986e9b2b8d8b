//! A full example of the mail road: every key is set to something that is not its default.

use secrecy::ExposeSecret;

use super::*;
use crate::locale::Locale;

/// `TOKEN_FILE` stands for a file that holds a token.
const EXAMPLE: &str = "\
[jira]
url = 'https://example.org/jira'
flavour = 'datacenter'
user = 'ticketd@example.org'
api_token = 'token-of-jira'
issue_type = 'Service Request'
labels = ['mail', 'ticketd']
categories = ['Access, or none', 'Network']
default_category = 'Network'
boards = [{ key = 'support', name = 'Support' }, { key = 'infra', name = 'Infra, all' }]
default_board = 'support'
webhook_secret = 'a-secret-of-the-webhook'
poll = '2m'
index_lag = '10m'
writes_per_second = 3
reopen = 'Open again'
resolve = 'Close'
[jira.users]
'Ann@Example.org' = '5b10'
'bob@example.org' = 'bob'

[[mailbox]]
name = 'support'
address = 'Support@Example.ORG'
aliases = ['help@example.org', 'desk@EXAMPLE.org']
source = 'jmap'
tracker = 'jira'
board = 'infra'
category = 'Access, or none'
first_days = 7
poll = '1m 30s'
[mailbox.jmap]
url = 'https://mail.example.org/cyrus'
user = 'support'
password = 'password-of-jmap'
[mailbox.filter]
allowed_domains = ['Example.org']
blocked_senders = ['noise@Example.org', '@Spam.example']
automatic = 'ticket'
per_sender_per_hour = 5
[mailbox.reply]
enabled = false
locale = 'ko'
portal_url = 'https://portal.example.org'
template_file = '/etc/ticketd/reply.txt'
per_address_per_day = 3

[[mailbox]]
name = 'infra-2'
address = 'infra@example.org'
[mailbox.jmap]
url = 'http://127.0.0.1:8080'
token_file = 'TOKEN_FILE'

[[mailbox]]
name = 'office'
address = 'office@example.org'
source = 'graph'
[mailbox.graph]
tenant = 'contoso.example'
client_id = '24d3b144-21ae'
client_secret_file = 'TOKEN_FILE'
authority = 'https://login.microsoftonline.us'
base_url = 'https://graph.microsoft.us'
webhooks = true
mark = 'move'
mark_folder = 'Done by ticketd'

[desk]
keep_days = 30

[http]
public_url = 'https://ticketd.example.org'
";

#[test]
fn a_full_example_is_read() {
    let token = Files::with("");
    let token = token.secret("token-of-infra\n");
    let config = Files::with(&EXAMPLE.replace("TOKEN_FILE", &token)).load(least()).unwrap();

    let jira = config.jira.unwrap();
    assert_eq!(jira.url.as_str(), "https://example.org/jira/");
    assert_eq!(jira.flavour, Flavour::DataCenter);
    assert_eq!(jira.user.as_deref(), Some("ticketd@example.org"));
    assert_eq!(jira.api_token.expose_secret(), "token-of-jira");
    assert_eq!(jira.issue_type, "Service Request");
    assert_eq!(jira.labels, ["mail", "ticketd"]);
    assert_eq!(jira.categories, ["Access, or none", "Network"]);
    assert_eq!(jira.default_category.as_deref(), Some("Network"));
    let boards: Vec<_> = jira.boards.iter().map(|b| (&*b.key, &*b.name)).collect();
    assert_eq!(boards, [("support", "Support"), ("infra", "Infra, all")]);
    assert_eq!(jira.default_board.as_deref(), Some("support"));
    assert_eq!(jira.webhook_secret.unwrap().expose_secret(), "a-secret-of-the-webhook");
    assert_eq!([jira.poll, jira.index_lag].map(|span| span.as_secs()), [120, 600]);
    assert_eq!(jira.writes_per_second.get(), 3);
    assert_eq!(jira.reopen.as_deref(), Some("Open again"));
    assert_eq!(jira.resolve.as_deref(), Some("Close"));
    let users: Vec<_> = jira.users.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(users, [("Ann@example.org", "5b10"), ("bob@example.org", "bob")]);

    let [support, infra, office] = config.mailboxes.try_into().unwrap();
    assert_eq!(support.name, "support");
    assert_eq!(support.address, "Support@example.org");
    assert_eq!(support.aliases, ["help@example.org", "desk@example.org"]);
    assert_eq!(support.place, Place::Jira("infra".into()));
    assert_eq!(support.category.as_deref(), Some("Access, or none"));
    assert_eq!(support.first_days, 7);
    assert_eq!(support.poll.as_secs(), 90);
    let MailSource::Jmap(jmap) = support.source else { panic!("no JMAP") };
    assert_eq!(jmap.url.as_str(), "https://mail.example.org/cyrus");
    assert_eq!(jmap.user.as_deref(), Some("support"));
    let Credential::Password(password) = jmap.credential else { panic!("no password") };
    assert_eq!(password.expose_secret(), "password-of-jmap");
    assert_eq!(support.filter.allowed_domains, ["example.org"]);
    assert_eq!(support.filter.blocked_senders, ["noise@example.org", "@spam.example"]);
    assert_eq!(support.filter.automatic, Automatic::Ticket);
    assert_eq!(support.filter.per_sender_per_hour.get(), 5);
    assert!(!support.reply.enabled);
    assert_eq!(support.reply.locale, Locale::Ko);
    assert_eq!(support.reply.portal_url.unwrap().as_str(), "https://portal.example.org/");
    assert_eq!(support.reply.template_file.unwrap().as_os_str(), "/etc/ticketd/reply.txt");
    assert_eq!(support.reply.per_address_per_day.get(), 3);

    assert_eq!(infra.name, "infra-2");
    assert_eq!(infra.place, Place::Jira("support".into()), "the default");
    let MailSource::Jmap(jmap) = infra.source else { panic!("no JMAP") };
    let Credential::TokenFile(path) = jmap.credential else { panic!("no file") };
    assert_eq!(path.as_os_str(), token.as_str());
    let MailSource::Graph(graph) = office.source else { panic!("no Graph") };
    assert_eq!((&*graph.tenant, &*graph.client_id), ("contoso.example", "24d3b144-21ae"));
    let SignIn::Secret(secret) = graph.sign_in else { panic!("no secret") };
    assert_eq!(secret.expose_secret(), "token-of-infra");
    assert_eq!(graph.authority.as_str(), "https://login.microsoftonline.us/");
    assert_eq!(graph.base_url.as_str(), "https://graph.microsoft.us/");
    assert!(graph.webhooks);
    assert_eq!(graph.mark, Mark::Move("Done by ticketd".to_owned()));
    assert_eq!(config.desk.keep_days, 30);
}
