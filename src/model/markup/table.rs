//! Which tables are tables: mails use most of them to lay out a page.

use crate::model::html::{Id, Page, words};

/// The cells of a table of data: two rows or more, each of two short cells or more.
pub(super) fn cells(page: &Page, table: Id) -> Option<Vec<Vec<Id>>> {
    let (mut rows, mut left) = (Vec::new(), vec![table]);
    while let Some(node) = left.pop() {
        for child in page.children(node).iter().rev() {
            match page.name(*child) {
                "thead" | "tbody" | "tfoot" | "tr" => left.push(*child),
                "caption" => return None,
                _ => {}
            }
        }
        if page.name(node) == "tr" {
            let cell = |id: &Id| matches!(page.name(*id), "td" | "th");
            rows.push(page.children(node).iter().copied().filter(cell).collect::<Vec<_>>());
        }
    }
    let simple = |cell: &Id| {
        let rich = |id: Id| {
            matches!(
                page.name(id),
                "table" | "ul" | "ol" | "pre" | "blockquote" | "img" | "a" | "h1" | "h2" | "h3"
            )
        };
        // A long walk is a long cell.
        page.walk(*cell).take(100).all(|id| !rich(id))
            && page.walk(*cell).take(101).count() <= 100
            && words(page, *cell).len() <= 500
    };
    let data = rows.len() > 1 && rows.iter().all(|row| row.len() > 1 && row.iter().all(simple));
    data.then_some(rows)
}
