//! Back references: `"#ids": {"resultOf": "a", "name": "Email/query", "path": "/ids/*/id"}`
//! (RFC 8620, 3.7).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::args::MethodError;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    result_of: String,
    name: String,
    path: String,
}

/// The arguments with every reference replaced by what it points to.
pub(super) fn resolve(
    map: &Map<String, Value>,
    answers: &[(String, Value, String)],
) -> Result<Map<String, Value>, MethodError> {
    let mut resolved = Map::new();
    for (key, value) in map {
        let (key, value) = match key.strip_prefix('#') {
            Some(name) if map.contains_key(name) => return Err(MethodError::arguments(&[name])),
            Some(name) => (name, follow(value, answers)),
            None => (key.as_str(), Some(value.clone())),
        };
        let value = value.ok_or_else(|| MethodError::kind("invalidResultReference"))?;
        resolved.insert(key.to_owned(), value);
    }
    Ok(resolved)
}

fn follow(value: &Value, answers: &[(String, Value, String)]) -> Option<Value> {
    let wanted = Reference::deserialize(value).ok()?;
    let (_, answer, _) =
        answers.iter().find(|(name, _, id)| *id == wanted.result_of && *name == wanted.name)?;
    let steps: Vec<&str> = wanted.path.strip_prefix('/')?.split('/').collect();
    pointed(answer, &steps)
}

/// A JSON pointer in which `*` stands for every entry of a list; lists of lists become one.
fn pointed(value: &Value, steps: &[&str]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match value {
        Value::Array(list) if *step == "*" => {
            let mut all = Vec::new();
            for item in list {
                match pointed(item, rest)? {
                    Value::Array(more) => all.extend(more),
                    one => all.push(one),
                }
            }
            Some(Value::Array(all))
        }
        Value::Array(list) => pointed(list.get(step.parse::<usize>().ok()?)?, rest),
        Value::Object(map) => pointed(map.get(&step.replace("~1", "/").replace("~0", "~"))?, rest),
        _ => None,
    }
}

#[test]
fn a_reference_walks_lists() {
    let answer = serde_json::json!({ "list": [{ "ids": ["a", "b"] }, { "ids": ["c"] }], "n": 1 });
    let answers = [("X/get".to_owned(), answer, "0".to_owned())];
    let cases = [
        ("/list/*/ids", serde_json::json!(["a", "b", "c"])),
        ("/list/1/ids/0", serde_json::json!("c")),
        ("/n", serde_json::json!(1)),
    ];
    for (path, expected) in cases {
        let value = serde_json::json!({ "resultOf": "0", "name": "X/get", "path": path });
        assert_eq!(follow(&value, &answers), Some(expected), "{path}");
    }
    for (name, path) in [("X/get", "/none"), ("Y/get", "/n"), ("X/get", "n")] {
        let value = serde_json::json!({ "resultOf": "0", "name": name, "path": path });
        assert_eq!(follow(&value, &answers), None, "{name} {path}");
    }
}
