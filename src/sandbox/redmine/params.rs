//! The parameters of a write, from JSON or a form, as Rails reads them.

use serde_json::{Map, Value};

use crate::sandbox::wire::Request;

pub(super) type Params = Map<String, Value>;

/// The parameters of a body; none from a content type that Rails does not read.
///
/// # Errors
/// JSON that is none.
pub(super) fn of(request: &Request) -> Result<Params, serde_json::Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/json") && !request.body.is_empty() {
        return Ok(match serde_json::from_slice(&request.body)? {
            Value::Object(params) => params,
            _ => Params::new(),
        });
    }
    let mut params = Params::new();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        for (name, value) in url::form_urlencoded::parse(&request.body) {
            let value = Value::String(value.into_owned());
            match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                Some((outer, inner)) => {
                    let group = params.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(group) = group {
                        group.insert(inner.to_owned(), value);
                    }
                }
                None => {
                    params.insert(name.into_owned(), value);
                }
            }
        }
    }
    Ok(params)
}

/// The text of a value; a number stands for its digits and null for the empty text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// The text of a parameter, if it was sent.
pub(super) fn get(params: &Params, name: &str) -> Option<String> {
    params.get(name).map(text)
}

/// A parameter as a yes or no, with what Rails takes for yes.
pub(super) fn flag(params: &Params, name: &str) -> bool {
    get(params, name).is_some_and(|text| text == "true" || text == "1")
}
