//! The client against a stand-in that plays recorded answers of Cyrus 3.6 and ill-mannered ones.

mod content;
mod drafts;
mod events;
mod heads;
mod mailbox;
mod news;
mod session;
mod stand;
mod whole;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/jmap/", $name))
    };
}
use recorded;
