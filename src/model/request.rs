//! What a caller of the API wants written: a ticket of their own, or a comment. Kept whole until the
//! tracker has it. Nothing here can fail, and no words of it show in a `Debug`.

use serde::{Deserialize, Serialize};

use super::{
    discreet::discreet,
    keys::{EffectId, IssueKey, Tracker},
    mail::Email,
};

/// People that one request makes watchers.
pub const WATCHERS_MAX: usize = 50;

/// A request by its number: the step of the case that carries it out.
pub type RequestId = EffectId;

/// A ticket to be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRequest {
    /// What it is called, on one line: 5 to 255 characters.
    pub title: String,
    /// What it says, as plain text with line ends: 5 characters or more.
    pub body: String,
    /// Who asks.
    pub reporter: Email,
    /// Where the issue is made, and where in there: the name of a board of Jira's, a project of Redmine's.
    pub tracker: Tracker,
    /// See `tracker`.
    pub place: String,
    /// What it is filed under, as it is configured.
    pub category: Option<String>,
    /// Who is to watch it.
    pub watchers: Vec<Email>,
    /// How much it matters, where the caller says.
    pub priority: Option<RequestPriority>,
    /// What is to hang on it.
    pub files: Vec<StoredFile>,
}

discreet!(NewRequest { tracker, place });

/// A comment to be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRemark {
    /// What it says, as plain text with line ends: 5 characters or more.
    pub body: String,
    /// Who says so.
    pub author: Email,
    /// Who is to watch the issue from now on.
    pub watchers: Vec<Email>,
    /// What is to hang on the issue.
    pub files: Vec<StoredFile>,
}

discreet!(NewRemark {});

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A ticket.
    Ticket(NewRequest),
    /// A comment.
    Remark(NewRemark),
}

impl Wanted {
    /// What is to hang on the issue.
    #[must_use]
    pub fn files(&self) -> &[StoredFile] {
        match self {
            Self::Ticket(new) => &new.files,
            Self::Remark(new) => &new.files,
        }
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &str {
        match self {
            Self::Ticket(new) => &new.body,
            Self::Remark(new) => &new.body,
        }
    }

    /// Who is to watch the issue.
    #[must_use]
    pub fn watchers(&self) -> &[Email] {
        match self {
            Self::Ticket(new) => &new.watchers,
            Self::Remark(new) => &new.watchers,
        }
    }
}

/// How much a request matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestPriority {
    /// Less than most.
    Low,
    /// More than most.
    High,
}

/// A file that a caller has sent, kept beside the store until the tracker has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// By what the store finds it.
    pub upload: UploadId,
    /// Its name, as the caller gave it.
    pub name: String,
    /// Its media type, as the caller gave it.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

discreet!(StoredFile { upload, size });

/// A kept file: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UploadId(pub Box<str>);

impl UploadId {
    /// The id of these bytes.
    #[must_use]
    pub fn of(bytes: [u8; 16]) -> Self {
        Self(base16ct::lower::encode_string(&bytes).into())
    }

    /// The bytes; `None` for what is no id.
    #[must_use]
    pub fn bytes(&self) -> Option<[u8; 16]> {
        base16ct::lower::decode_vec(&*self.0).ok()?.try_into().ok()
    }
}

/// Who asks, and by what a repeated request is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// A digest of the token's id and of the caller's `Idempotency-Key`; without a key every request
    /// is one of its own.
    pub key: Option<[u8; 16]>,
    /// A digest of what was asked: the same key for something else is refused.
    pub print: [u8; 16],
}

/// What the desk makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is written down, and will be done.
    New(RequestId),
    /// It was asked before, under the same key.
    Again(RequestId),
    /// Something else was asked under the same key.
    OtherRequest,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is written down, and will be done.
    Pending {
        /// Whether a try has failed already: it may take a while.
        delayed: bool,
    },
    /// The tracker has it.
    Done(IssueKey),
    /// The tracker does not take it.
    Refused {
        /// Why, in a word or a few; nothing of what was written.
        fault: String,
    },
}
