//! A reader of tickets between two stand-ins of trackers, without a ticketd around it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use serde_json::json;
use ticketd::actors::{
    Boards, JiraReading, ReadFault, ReaderBoard, ReaderPlace, RedmineReading, TicketReader,
};
use ticketd::clients::{JiraAuth, JiraClient, JiraSettings, RedmineClient, RedmineDesk};
use ticketd::model::ids::ProjectRef;
use ticketd::model::mail::Email;
use ticketd::model::ticket_query::{Field, Sort, TicketQuery};
use ticketd::model::ticket_view::TicketView;
use ticketd::sandbox::{Deployment, Jira, JiraSetup, Redmine};
use ticketd::telemetry::Metrics;

pub(crate) const EVERY: [Field; 4] =
    [Field::Watchers, Field::Comments, Field::Attachments, Field::Rendered];

pub(crate) struct Desk {
    pub(crate) jira: Jira,
    pub(crate) redmine: Redmine,
    pub(crate) reader: TicketReader,
}

/// Two boards of Jira's and two of Redmine's, of which these are shown.
pub(crate) async fn desk(
    flavour: Deployment,
    shown: &[&str],
    categories: &[&str],
    key: &str,
) -> Desk {
    ticketd::prepare_process();
    let jira = Jira::start_with(JiraSetup { flavour, ..JiraSetup::default() }).await.unwrap();
    let redmine = Redmine::start().await.unwrap();
    let reader = reader(&jira, flavour, Some((&redmine, key)), shown, categories);
    Desk { jira, redmine, reader }
}

pub(crate) fn reader(
    jira: &Jira,
    flavour: Deployment,
    redmine: Option<(&Redmine, &str)>,
    shown: &[&str],
    categories: &[&str],
) -> TicketReader {
    let auth = match flavour {
        Deployment::Cloud => {
            JiraAuth::Basic { user: Jira::USER.to_owned(), token: Jira::API_TOKEN.into() }
        }
        Deployment::DataCenter => JiraAuth::Bearer(Jira::API_TOKEN.into()),
    };
    let client = JiraClient::new(
        JiraSettings {
            url: jira.url(),
            auth,
            cloud: None,
            writes_per_second: NonZeroU32::new(1_000).unwrap(),
            limit: Duration::from_secs(10),
        },
        Metrics::new(),
    );
    let client = client.unwrap();
    let names = ["Support", "Operations", "Nowhere"].map(str::to_owned);
    let jira = JiraReading {
        client: client.clone(),
        boards: Boards::new(client, names),
        categories: categories.iter().map(|one| (*one).to_owned()).collect(),
        users: BTreeMap::from([(email("carol@example.org"), carol(flavour).to_owned())]),
    };
    let redmine = redmine.map(|(redmine, key)| RedmineReading {
        client: RedmineDesk::new(
            &RedmineClient::new(redmine.url(), Metrics::new()).unwrap(),
            Redmine::user_key(key).into(),
        ),
        users: BTreeMap::from([(email("bob@example.org"), 7)]),
    });
    let boards = shown.iter().map(|key| ReaderBoard {
        key: (*key).to_owned(),
        place: match *key {
            "support" => ReaderPlace::Jira("Support".to_owned()),
            "ops" => ReaderPlace::Jira("Operations".to_owned()),
            "nowhere" => ReaderPlace::Jira("Nowhere".to_owned()),
            project => ReaderPlace::Redmine(ProjectRef::parse(project).unwrap()),
        },
    });
    TicketReader::new(boards.collect(), Some(jira), redmine)
}

fn carol(flavour: Deployment) -> &'static str {
    match flavour {
        Deployment::Cloud => "557058:c0c0c0c0-0004-4000-8000-000000000004",
        Deployment::DataCenter => "carol",
    }
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn query() -> TicketQuery {
    TicketQuery {
        boards: Vec::new(),
        categories: Vec::new(),
        reporter: None,
        assignee: None,
        watcher: None,
        status: None,
        text: None,
        fields: BTreeSet::new(),
        limit: NonZeroU8::new(20).unwrap(),
        sort: Sort::NewestFirst,
        cursor: None,
    }
}

pub(crate) fn keys(tickets: &[TicketView]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket.key.as_str()).collect()
}

impl Desk {
    /// The keys of a page.
    pub(crate) async fn list(&self, query: &TicketQuery) -> Result<Vec<String>, ReadFault> {
        let page = self.reader.list(query).await?;
        Ok(keys(&page.tickets).into_iter().map(str::to_owned).collect())
    }

    pub(crate) async fn get(&self, key: &str) -> Option<TicketView> {
        let key = TicketReader::key(key).unwrap();
        self.reader.get(&key, &EVERY.into()).await.unwrap()
    }

    pub(crate) fn put_redmine(&self, project: &str, subject: &str) -> reqwest::RequestBuilder {
        let issue = json!({"issue": {"project_id": project, "subject": subject}});
        let url = self.redmine.url().join("issues.json").unwrap();
        caller().post(url).header("X-Redmine-API-Key", Redmine::user_key("bot")).json(&issue)
    }
}

/// Asks a stand-in as somebody else than ticketd does.
pub(crate) fn caller() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}

/// What of the ledger from there on was asked, without the questions which Jira it is.
pub(crate) fn asked(jira: &Jira, from: usize) -> Vec<String> {
    let calls = jira.ledger().split_off(from);
    let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
    let lines = calls.iter().map(|call| format!("{} {}", call.method, path(&call.target)));
    lines.filter(|line| !line.contains("serverInfo")).collect()
}
