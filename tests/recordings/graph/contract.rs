//! The documented contract, and what in an exchange is not as it says. A complaint names the place
//! and what stands there.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::wire::Exchange;

/// Words of a filter that name no property.
const WORDS: [&str; 13] =
    ["and", "or", "not", "eq", "ne", "ge", "gt", "le", "lt", "asc", "desc", "true", "false"];

pub(super) struct Contract(Value);

/// What a request may say of a type: only the properties of this list, of the type itself.
#[derive(Clone, Copy)]
enum May<'a> {
    Answer,
    Send(&'a str),
}

impl Contract {
    pub(super) fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graph/contract.json");
        Self(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
    }

    fn properties(&self, kind: &str) -> &Map<String, Value> {
        let properties = self.0["types"][kind].as_object();
        properties.unwrap_or_else(|| panic!("{kind} is not in the contract"))
    }

    /// Where an answer is not of this type.
    pub(super) fn strays(&self, kind: &str, at: &str, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.hold(kind, at, value, May::Answer, &mut found);
        found
    }

    fn hold(&self, kind: &str, at: &str, value: &Value, may: May<'_>, found: &mut Vec<String>) {
        if let Some(kind) = kind.strip_suffix("[]") {
            match value.as_array() {
                Some(list) => {
                    for (n, one) in list.iter().enumerate() {
                        self.hold(kind, &format!("{at}[{n}]"), one, may, found);
                    }
                }
                None => found.push(format!("{at} is no list: {value}")),
            }
            return;
        }
        if self.0["types"][kind].is_object() {
            self.hold_object(kind, at, value, may, found);
            return;
        }
        let text = value.as_str();
        let whole = |most: u64| value.as_u64().is_some_and(|number| number <= most);
        let right = match kind {
            "string" => text.is_some(),
            "boolean" => value.is_boolean(),
            "int32" => whole(i32::MAX.unsigned_abs().into()),
            "int64" => whole(i64::MAX.unsigned_abs()),
            "dateTimeOffset" => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            "guid" => text.is_some_and(|text| uuid::Uuid::parse_str(text).is_ok()),
            "binary" => text.is_some_and(|text| STANDARD.decode(text).is_ok()),
            words => text.is_some_and(|text| words.split('|').any(|word| word == text)),
        };
        if !right {
            found.push(format!("{at}: {value} is not of {kind}"));
        }
    }

    fn hold_object(
        &self,
        kind: &str,
        at: &str,
        value: &Value,
        may: May<'_>,
        found: &mut Vec<String>,
    ) {
        let Some(map) = value.as_object() else {
            found.push(format!("{at} is no {kind}: {value}"));
            return;
        };
        let mut kind = kind;
        let derived = &self.0["derived"][kind];
        if derived.is_array() {
            let said = map.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
            let said = said.trim_start_matches("#microsoft.graph.");
            if !has(derived, said) {
                found.push(format!("{at} says no kind of {kind}: {said:?}"));
                return;
            }
            kind = said;
        }
        let known = self.properties(kind);
        for (name, inner) in map {
            let at = format!("{at}.{name}");
            if name.contains("@odata.") {
                if matches!(may, May::Send(_)) && name != "@odata.type" {
                    found.push(format!("{at} is for answers"));
                }
                continue;
            }
            let Some(inner_kind) = known.get(name).and_then(Value::as_str) else {
                found.push(format!("{at} is not documented for {kind}"));
                continue;
            };
            if let May::Send(page) = may {
                let list = &self.0["writable"][page];
                if list.is_array() && !has(list, name) {
                    found.push(format!("{at} cannot be written by {page}"));
                }
            }
            // What is within is held by its type alone, but for the message of an answer.
            let inner_may = match may {
                May::Send(_) if name == "message" => May::Send("Create message"),
                May::Send(_) => May::Send("-"),
                May::Answer => May::Answer,
            };
            if !(inner.is_null() && matches!(may, May::Answer)) {
                self.hold(inner_kind, &at, inner, inner_may, found);
            }
        }
    }

    /// What is not as documented in a request and its answer.
    pub(super) fn complaints(&self, exchange: &Exchange) -> Vec<String> {
        let (path, query) = exchange.target.split_once('?').unwrap_or((&exchange.target, ""));
        let what = format!("{} {path}", exchange.method);
        let Some(call) = self.call(&exchange.method, path) else {
            return vec![format!("{what} is not documented")];
        };
        let mut found = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if has(&self.0["options"], &name) {
                self.option(call["of"].as_str().unwrap_or_default(), &name, &value, &mut found);
            } else {
                found.push(format!("{name} is no documented option"));
            }
        }
        self.sent(call, &exchange.sent, &mut found);
        self.answered(call, exchange, path.contains("/oauth2/"), &mut found);
        found.into_iter().map(|one| format!("{what}: {one}")).collect()
    }

    /// The call whose template fits best: one with fewer places that are left open.
    fn call(&self, method: &str, path: &str) -> Option<&Value> {
        let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
        let calls = self.0["calls"].as_object().unwrap();
        let fitting = calls.iter().filter(|(template, _)| {
            let (wanted, template) = template.split_once(' ').unwrap();
            let template: Vec<&str> = template.trim_matches('/').split('/').collect();
            wanted == method
                && template.len() == steps.len()
                && template.iter().zip(&steps).all(|(want, step)| want == step || *want == "{}")
        });
        fitting.min_by_key(|(template, _)| template.matches("{}").count()).map(|(_, call)| call)
    }

    fn sent(&self, call: &Value, body: &[u8], found: &mut Vec<String>) {
        let page = call["page"].as_str().unwrap();
        if call["form"] == true {
            let form: Vec<(String, String)> =
                url::form_urlencoded::parse(body).into_owned().collect();
            let grant = form.iter().find(|(name, _)| name == "grant_type");
            let form_name = grant.map_or(page, |(_, grant)| grant);
            for (name, _) in &form {
                if !has(&self.0["forms"][form_name], name) {
                    found.push(format!("{name} is not documented for {form_name}"));
                }
            }
        } else if let Some(kind) = call["sends"].as_str() {
            match serde_json::from_slice(body) {
                Ok(body) => self.hold(kind, "sent", &body, May::Send(page), found),
                Err(error) => found.push(format!("sent no JSON: {error}")),
            }
        } else if !body.is_empty() && call["raw"] != true {
            found.push("a body is sent where none is documented".to_owned());
        }
    }

    fn answered(&self, call: &Value, exchange: &Exchange, entra: bool, found: &mut Vec<String>) {
        let refused = exchange.status >= 400;
        if exchange.answered.is_empty() || (call["raw"] == true && !exchange.is_json()) {
            if refused {
                found.push(format!("a refusal {} without a body", exchange.status));
            }
            return;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(&exchange.answered) else {
            found.push("the answer is no JSON".to_owned());
            return;
        };
        let strays = match (refused, call["of"].as_str()) {
            (true, _) if entra => self.strays("entraError", "answered", &answer),
            (true, _) => self.strays("errorAnswer", "answered", &answer),
            (false, Some(kind)) if call["list"] == true => self.page(kind, &answer),
            (false, Some(kind)) => self.strays(kind, "answered", &answer),
            (false, None) => vec!["an answer where none is documented".to_owned()],
        };
        found.extend(strays);
    }

    /// A page of a collection.
    fn page(&self, kind: &str, answer: &Value) -> Vec<String> {
        let names = answer.as_object().into_iter().flat_map(Map::keys);
        let more = names.filter(|name| *name != "value" && !name.starts_with("@odata."));
        let mut found: Vec<String> =
            more.map(|name| format!("{name} is not documented for a page")).collect();
        found.extend(self.strays(&format!("{kind}[]"), "value", &answer["value"]));
        found
    }

    fn option(&self, kind: &str, name: &str, value: &str, found: &mut Vec<String>) {
        match name {
            "$select" => value.split(',').for_each(|one| self.named(kind, one.trim(), found)),
            "$filter" | "$orderby" => self.filter(kind, value, found),
            "$expand" => {
                for one in divided(value, ',') {
                    let (one, options) = one.split_once('(').unwrap_or((one, ")"));
                    self.named(kind, one, found);
                    let inner = self.properties(kind).get(one).and_then(Value::as_str);
                    let inner = inner.unwrap_or_default().trim_end_matches("[]");
                    for option in divided(options.trim_end_matches(')'), ';') {
                        match option.split_once('=') {
                            Some((name, value)) => self.option(inner, name, value, found),
                            None => found.push(format!("{option} is no option")),
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn named(&self, kind: &str, name: &str, found: &mut Vec<String>) {
        let (kind, name) = match name.strip_prefix("microsoft.graph.") {
            Some(cast) => cast.split_once('/').unwrap_or((cast, "")),
            None => (kind, name),
        };
        let known = self.0["types"][kind].get(name).is_some();
        if !known {
            found.push(format!("{name} is asked for, and not documented for {kind:?}"));
        }
    }

    fn filter(&self, kind: &str, text: &str, found: &mut Vec<String>) {
        // What is quoted names nothing; a doubled quote divides a text in two.
        let bare: String = text.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
        let mut element = ("", "");
        for word in bare.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()) {
            let number = word.starts_with(|first: char| first.is_ascii_digit());
            if number || WORDS.contains(&word) {
                continue;
            }
            if let Some(variable) = word.strip_suffix(':') {
                element.0 = variable;
            } else if let Some((list, "Any" | "any")) = word.split_once('/') {
                self.named(kind, list, found);
                let of = self.properties(kind).get(list).and_then(Value::as_str);
                element.1 = of.unwrap_or_default().trim_end_matches("[]");
            } else if let Some((variable, name)) = word.split_once('/')
                && variable == element.0
            {
                self.named(element.1, name, found);
            } else {
                self.named(kind, word, found);
            }
        }
    }
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().into_iter().flatten().any(|one| one == name)
}

/// Divides at a mark that stands in no bracket and no quotes.
fn divided(text: &str, mark: char) -> Vec<&str> {
    let (mut depth, mut quoted, mut start, mut pieces) = (0, false, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            letter if letter == mark && depth == 0 && !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces.into_iter().filter(|piece| !piece.is_empty()).collect()
}

/// The path as it is read: `Users('x')` is one step.
pub(super) fn decoded(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let steps = path.split('/').map(|step| {
        let step = percent_decode_str(step).decode_utf8_lossy();
        step.replace('/', "%2F")
    });
    let path = steps.collect::<Vec<_>>().join("/");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}
