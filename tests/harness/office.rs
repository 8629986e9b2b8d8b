//! Where the mailbox is: a JMAP server or Microsoft 365.

use ticketd::config;
use ticketd::sandbox::{Graph, GraphSetup, Jmap, JmapSetup, Submission};

/// A stand-in with the mailbox of the tests.
pub(crate) trait Office: Sized + Send + 'static {
    /// What it is like before it opens.
    type Setup: Clone + Default + Send;

    /// Starts.
    fn open(setup: Self::Setup) -> impl Future<Output = Self> + Send;
    /// How ticketd reaches it.
    fn source(&self) -> config::MailSource;
    /// A letter arrives; gives its id.
    fn deliver(&self, raw: Vec<u8>) -> String;
    /// What left, the oldest first.
    fn submissions(&self) -> Vec<Submission>;
    /// How often somebody asked for the changes.
    fn reads(&self) -> usize;
}

impl Office for Jmap {
    type Setup = JmapSetup;

    async fn open(setup: JmapSetup) -> Self {
        Self::start_with(setup).await.unwrap()
    }

    fn source(&self) -> config::MailSource {
        jmap_source(&self.session_url())
    }

    fn deliver(&self, raw: Vec<u8>) -> String {
        self.deliver(raw)
    }

    fn submissions(&self) -> Vec<Submission> {
        self.submissions()
    }

    fn reads(&self) -> usize {
        self.ledger().iter().filter(|call| call.target.contains("Email/changes")).count()
    }
}

impl Office for Graph {
    type Setup = GraphSetup;

    async fn open(setup: GraphSetup) -> Self {
        Self::start_with(setup).await.unwrap()
    }

    fn source(&self) -> config::MailSource {
        config::MailSource::Graph(config::Graph {
            tenant: Self::TENANT.to_owned(),
            client_id: Self::CLIENT_ID.to_owned(),
            sign_in: config::SignIn::Secret(Self::CLIENT_SECRET.into()),
            authority: self.url(),
            base_url: self.url(),
            webhooks: false,
            mark: config::Mark::None,
        })
    }

    fn deliver(&self, raw: Vec<u8>) -> String {
        self.deliver(raw)
    }

    fn submissions(&self) -> Vec<Submission> {
        self.submissions()
    }

    /// A round asks about both folders, and so does who finds out where the changes begin.
    fn reads(&self) -> usize {
        usize::try_from(self.requests("GET messages/delta")).unwrap() / 2
    }
}

/// A JMAP server at this address.
pub(crate) fn jmap_source(url: &url::Url) -> config::MailSource {
    config::MailSource::Jmap(config::Jmap {
        url: url.clone(),
        user: Some(Jmap::USER.to_owned()),
        credential: config::Credential::Password(Jmap::PASSWORD.into()),
    })
}
