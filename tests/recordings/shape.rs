//! Two JSON values side by side.

use serde_json::Value;

/// Where the two differ in keys or types; lists are compared entry by entry, one that is empty on
/// either side fits any other.
pub(crate) fn differences(recorded: &Value, answered: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", recorded, answered, &mut found);
    found
}

fn compare(at: &str, recorded: &Value, answered: &Value, found: &mut Vec<String>) {
    match (recorded, answered) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(other) => compare(&format!("{at}.{key}"), value, other, found),
                    None => found.push(format!("{at}.{key} is missing")),
                }
            }
            let more = new.keys().filter(|key| !old.contains_key(*key));
            found.extend(more.map(|key| format!("{at}.{key} was not recorded")));
        }
        (Value::Array(old), Value::Array(new)) => {
            if let Some(last) = old.last() {
                for (n, other) in new.iter().enumerate() {
                    let value = old.get(n).unwrap_or(last);
                    compare(&format!("{at}[{n}]"), value, other, found);
                }
            }
        }
        _ if kind(recorded) == kind(answered) => {}
        _ => found.push(format!("{at}: recorded {recorded}, answered {answered}")),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The value with every point in time blotted out.
pub(crate) fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), timeless(value))).collect()
        }
        Value::Array(list) => list.iter().map(timeless).collect(),
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => Value::from("<time>"),
        other => other.clone(),
    }
}

#[test]
fn differences_are_found_at_any_depth() {
    let old = serde_json::json!({ "a": [{ "b": 1, "c": null }], "d": [] });
    let new = serde_json::json!({ "a": [{ "b": 1.5, "e": true }], "d": [1] });
    assert_eq!(
        differences(&old, &new),
        [".a[0].b: recorded 1, answered 1.5", ".a[0].c is missing", ".a[0].e was not recorded",]
    );
}
