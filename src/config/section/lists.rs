//! The getters of keys that hold several texts.

use std::collections::BTreeMap;

use super::{Origin, Section};
use crate::config::layers::Raw;
use crate::config::reader::Faulted;

/// Texts in pairs, and where they are set.
type Pairs = (Vec<(String, String)>, Origin);

impl Section<'_> {
    /// A list of texts, each made into its kept form by `check`; one that fails is a fault and is
    /// left out. A TOML list or a comma-separated variable.
    pub(in crate::config) fn list(
        &mut self,
        key: &str,
        mut check: impl FnMut(&str) -> Result<String, String>,
    ) -> Vec<String> {
        let Some(given) = self.take(key) else { return Vec::new() };
        let origin = self.origin(key, &given);
        let mut kept = Vec::new();
        for (index, text) in self.as_list(given.raw, &origin).unwrap_or_default().iter().enumerate()
        {
            let problem = match check(text.trim()) {
                Ok(text) if kept.contains(&text) => "it stands here twice; remove one".to_owned(),
                Ok(text) => {
                    kept.push(text);
                    continue;
                }
                Err(problem) => problem,
            };
            self.fault(&origin, format!("item {}: {problem}", index + 1));
        }
        kept
    }

    /// Texts by name: a TOML table, or a variable like `a=b, c=d`.
    pub(in crate::config) fn table(&mut self, key: &str) -> Result<Option<Pairs>, Faulted> {
        let Some(given) = self.take(key) else { return Ok(None) };
        let origin = self.origin(key, &given);
        let pairs = match given.raw {
            Raw::Table(table) => Some(table.into_iter().collect()),
            Raw::Variable(text) => pairs(&text),
            _ => None,
        };
        let written = "write texts by name: { \"name\" = \"text\" }, in a variable name=text,…";
        pairs.map(|pairs| Some((pairs, origin.clone()))).ok_or_else(|| self.fault(&origin, written))
    }

    /// A list of pairs: TOML tables of exactly the two `columns`, or a variable like `a=b, c=d`.
    pub(in crate::config) fn tables(
        &mut self,
        key: &str,
        columns: [&str; 2],
    ) -> Result<Option<Pairs>, Faulted> {
        let Some(given) = self.take(key) else { return Ok(None) };
        let origin = self.origin(key, &given);
        let pair = |mut table: BTreeMap<String, String>| {
            let pair = (table.remove(columns[0])?, table.remove(columns[1])?);
            table.is_empty().then_some(pair)
        };
        let pairs = match given.raw {
            Raw::Tables(tables) => tables.into_iter().map(pair).collect(),
            Raw::Variable(text) => pairs(&text),
            _ => None,
        };
        pairs.map(|pairs| Some((pairs, origin.clone()))).ok_or_else(|| {
            let [left, right] = columns;
            let problem = format!(
                "write a list of {{ {left} = \"…\", {right} = \"…\" }} and no other key, in a \
                 variable {left}={right},…"
            );
            self.fault(&origin, problem)
        })
    }

    pub(super) fn as_list(&mut self, raw: Raw, origin: &Origin) -> Result<Vec<String>, Faulted> {
        match raw {
            Raw::List(list) => Ok(list),
            Raw::Variable(text) => Ok(items(text.split(','))),
            _ => Err(self.fault(origin, "write a list of texts: [\"…\", \"…\"]")),
        }
    }
}

pub(super) fn items<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |item: String| {
        let (name, text) = item.split_once('=')?;
        Some((name.trim().to_owned(), text.trim().to_owned()))
    };
    items(text.split(',')).into_iter().map(pair).collect()
}
