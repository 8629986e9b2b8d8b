//! A request to a mailbox: what it prefers, and the `OData` options in its query ("Use query
//! parameters to customize responses"). An option that does not fit is refused, as Graph does.

use jiff::Timestamp;
use serde_json::Value;

use super::error::Refusal;
use crate::sandbox::wire::Request;

/// The largest page.
const LARGEST: usize = 1_000;
/// A page when nobody says how large.
pub(super) const PAGE: usize = 10;

pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    /// The user as the path names it: `me`, or `users/x`.
    pub(super) path: String,
    /// The number of its mailbox.
    pub(super) mailbox: usize,
    pub(super) prefer: Prefer,
    pub(super) now: Timestamp,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Prefer {
    pub(super) immutable: bool,
    /// `outlook.body-content-type="text"`.
    pub(super) text: bool,
    pub(super) page: Option<usize>,
}

impl Prefer {
    pub(super) fn of(request: &Request) -> Self {
        let mut prefer = Self::default();
        let values = request.headers.get_all("prefer");
        let values = values.iter().filter_map(|value| value.to_str().ok());
        for one in values.flat_map(|value| value.split([',', ';'])) {
            let Some((name, value)) = one.split_once('=') else { continue };
            let value = value.trim().trim_matches('"').to_lowercase();
            match name.trim().to_lowercase().as_str() {
                "idtype" => prefer.immutable = value == "immutableid",
                "outlook.body-content-type" => prefer.text = value == "text",
                "odata.maxpagesize" => {
                    prefer.page = value.parse().ok().filter(|size| *size > 0);
                }
                _ => {}
            }
        }
        prefer
    }

    /// What of it was heeded: `Preference-Applied`.
    pub(super) fn applied(self) -> Option<&'static str> {
        self.text.then_some("outlook.body-content-type=\"text\"")
    }
}

impl Ask<'_> {
    /// Where the stand-in was reached, without a slash at the end.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.request.header("host").unwrap_or_default())
    }

    /// The value of an option, whose name may stand without its dollar.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.request.query(name).or_else(|| self.request.query(name.trim_start_matches('$')))
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.option(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Refusal::bad(format!("Invalid value '{text}' for {name} query option found."))
        })
    }

    pub(super) fn top(&self) -> Result<Option<usize>, Refusal> {
        let top = self.number("$top")?;
        if top.is_some_and(|top| top == 0 || top > LARGEST) {
            let text = "The limit for Top query is 1000. The value from the incoming request is too large.";
            return Err(Refusal::bad(text));
        }
        Ok(top)
    }

    pub(super) fn skip(&self) -> Result<usize, Refusal> {
        Ok(self.number("$skip")?.unwrap_or(0))
    }

    /// The JSON of the body; nothing for an empty one.
    pub(super) fn body(&self) -> Result<Value, Refusal> {
        if self.request.body.is_empty() {
            return Ok(Value::Null);
        }
        let json = self.request.header("content-type").is_none_or(|kind| kind.contains("json"));
        if !json {
            let text = "A media type of the request is not supported by the stand-in.";
            return Err(Refusal::new(415, "UnsupportedMediaType", text));
        }
        serde_json::from_slice(&self.request.body).map_err(|_| {
            Refusal::bad(
                "Unable to read JSON request payload. Please ensure Content-Type header \
                          is set and payload is of valid JSON format.",
            )
        })
    }
}

/// The properties chosen by `$select`; all of the usual ones for `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Select(pub(super) Option<Vec<String>>);

impl Select {
    /// # Errors
    /// 400 for a property that the type does not have.
    pub(super) fn parse(text: Option<&str>, kind: &str, known: &[&str]) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Self(None)) };
        let mut chosen = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let Some(found) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
                let text = format!("Could not find a property named '{name}' on type '{kind}'.");
                return Err(Refusal::new(400, "RequestBroker--ParseUri", text));
            };
            chosen.push((*found).to_owned());
        }
        Ok(Self(Some(chosen)))
    }

    /// Whether this property is asked for by name.
    pub(super) fn names(&self, property: &str) -> bool {
        self.0.as_ref().is_some_and(|chosen| chosen.iter().any(|name| name == property))
    }

    /// Leaves only what was chosen, and what always comes.
    pub(super) fn narrow(&self, object: &mut Value) {
        let (Some(chosen), Some(map)) = (&self.0, object.as_object_mut()) else { return };
        map.retain(|name, _| name == "id" || name.contains('@') || chosen.contains(name));
    }
}
