//! The arguments of a method call, and the errors that refuse them (RFC 8620, 3.6.2).

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The limits that the session tells.
pub(super) mod only {
    pub(crate) const OBJECTS: usize = 4_096;
    pub(crate) const CALLS: usize = 50;
    pub(crate) const REQUEST_BYTES: usize = 10_485_760;
}

/// The arguments of an `error` answer.
#[derive(Debug)]
pub(super) struct MethodError(pub(super) Value);

pub(super) type Outcome = Result<Value, MethodError>;

impl MethodError {
    pub(super) fn kind(kind: &str) -> Self {
        Self(json!({ "type": kind }))
    }

    /// Names the arguments that are wrong, as Cyrus does.
    pub(super) fn arguments(names: &[&str]) -> Self {
        Self(json!({ "type": "invalidArguments", "arguments": names }))
    }
}

pub(super) struct Args<'a> {
    pub(super) map: Map<String, Value>,
    /// What `#x` stands for: ids of what this request has created.
    pub(super) created: &'a mut HashMap<String, String>,
}

impl Args<'_> {
    /// The value, unless it is missing or null.
    pub(super) fn some(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn typed<'v, T>(
        &'v self,
        name: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, MethodError> {
        let read = |value| read(value).ok_or_else(|| MethodError::arguments(&[name]));
        self.some(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, MethodError> {
        Ok(self.typed(name, Value::as_bool)?.unwrap_or(false))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, MethodError> {
        self.typed(name, |value| usize::try_from(value.as_u64()?).ok())
    }

    pub(super) fn signed(&self, name: &str) -> Result<Option<i64>, MethodError> {
        self.typed(name, Value::as_i64)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, MethodError> {
        self.typed(name, Value::as_str)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, MethodError> {
        self.typed(name, Value::as_object)
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, MethodError> {
        self.typed(name, strings)
    }

    /// A list of ids, those of this request's own creations filled in.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<String>>, MethodError> {
        let ids = self.strings(name)?;
        Ok(ids.map(|ids| ids.iter().map(|id| self.resolve(id)).collect()))
    }

    /// `#d1` is the id of what was created as `d1`; an unknown one stays and is not found.
    pub(super) fn resolve(&self, id: &str) -> String {
        let created = id.strip_prefix('#').and_then(|key| self.created.get(key));
        created.map_or_else(|| id.to_owned(), Clone::clone)
    }
}

pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect()
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
