//! placeholder
pub(crate) const ORDER: &str = "CHAOS_NAIVE";
pub(crate) const STATE: &str = "CHAOS_STATE";
pub(crate) const JIRA: &str = "CHAOS_JIRA";
pub(crate) const JMAP: &str = "CHAOS_JMAP";
