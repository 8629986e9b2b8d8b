//! The same for HTML: mail programs mark what they quote with elements of their own.

use std::collections::{HashMap, HashSet};

use super::marks::announces;
use crate::model::html::{Id, Page, ROOT, is_hidden, words};

/// Elements above an announcement that may be a part of it.
const CLIMB_MAX: usize = 10;

/// The HTML without the mail that it quotes at its end, and whether something was cut.
#[must_use]
pub fn without_quote_html(html: &str) -> (String, bool) {
    let whole = || (html.to_owned(), false);
    let Some(page) = Page::parse(html) else { return whole() };
    let order: Vec<Id> = page.walk(ROOT).collect();
    let hidden = below(&page, &order, |node| is_hidden(&page, node));
    let Some(first) = order.iter().position(|node| kind(&page, *node).is_some()) else {
        return whole();
    };
    let open = kind(&page, order[first]) == Some(Kind::Rest);
    let mut dropped: HashSet<Id> = HashSet::new();
    if open {
        dropped.extend(rest(&page, order[first]));
    } else {
        // From here on everything must be quote.
        let marked = |node: &&Id| kind(&page, **node).is_some();
        let quotes: HashSet<Id> = order[first..].iter().filter(marked).copied().collect();
        if has_own(&page, &order, first, &quotes, &hidden) {
            return whole();
        }
        dropped = quotes;
    }
    dropped.extend(announcement(&page, &order[..first], &hidden));
    let gone = below(&page, &order, |node| dropped.contains(&node));
    if !order.iter().any(|node| has_words(&page, *node, &hidden) && !gone.contains(node)) {
        return whole();
    }
    (page.write(&dropped), true)
}

#[derive(PartialEq, Eq)]
enum Kind {
    /// This element is a quote.
    Quote,
    /// Everything from here on is.
    Rest,
}

fn kind(page: &Page, node: Id) -> Option<Kind> {
    let id = page.attribute(node, "id").unwrap_or_default();
    if matches!(id, "divRplyFwdMsg" | "appendonsend") {
        return Some(Kind::Rest);
    }
    let cite = page.name(node) == "blockquote"
        && page.attribute(node, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("cite"));
    let classes = ["gmail_quote", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix"];
    let quote = cite || classes.iter().any(|class| page.has_class(node, class));
    quote.then_some(Kind::Quote)
}

/// Where a node stands.
#[derive(Clone, Copy)]
enum Place {
    /// Outside all quotes.
    Outside,
    /// In what only quotes, or announces a quote.
    Quoted,
    /// In a paragraph of an element that holds a quote, and perhaps more.
    Among { quote: Id, paragraph: Id },
}

/// Whether from `first` on a node shows words of the writer: none stand in a quote, but Gmail puts
/// answers between the quotes into the element around them.
fn has_own(
    page: &Page,
    order: &[Id],
    first: usize,
    quotes: &HashSet<Id>,
    hidden: &HashSet<Id>,
) -> bool {
    let mut places: HashMap<Id, Place> = HashMap::new();
    let mut announcing: HashMap<Id, bool> = HashMap::new();
    for (number, node) in order.iter().enumerate() {
        let place = match page.parent(*node) {
            None => Place::Outside,
            Some(above) if is_quoting(page, above) => Place::Quoted,
            Some(quote) if quotes.contains(&quote) => Place::Among { quote, paragraph: *node },
            Some(above) => places.get(&above).copied().unwrap_or(Place::Outside),
        };
        places.insert(*node, place);
        if number < first || !has_words(page, *node, hidden) {
            continue;
        }
        let own = match place {
            Place::Outside => true,
            Place::Quoted => false,
            Place::Among { quote, paragraph } => {
                !page.has_class(quote, "yahoo_quoted")
                    && !page.has_class(quote, "protonmail_quote")
                    && !*announcing
                        .entry(paragraph)
                        .or_insert_with(|| announces(&words(page, paragraph)))
            }
        };
        if own {
            return true;
        }
    }
    false
}

fn is_quoting(page: &Page, node: Id) -> bool {
    page.name(node) == "blockquote"
        || page.has_class(node, "gmail_attr")
        || page.has_class(node, "moz-cite-prefix")
}

fn has_words(page: &Page, node: Id, hidden: &HashSet<Id>) -> bool {
    page.text(node).is_some_and(|text| !text.trim().is_empty()) && !hidden.contains(&node)
}

/// A node and all that follows it.
fn rest(page: &Page, node: Id) -> Vec<Id> {
    let (mut rest, mut node) = (vec![node], node);
    while let Some(parent) = page.parent(node) {
        let siblings = page.children(parent);
        let at = siblings.iter().position(|each| *each == node).unwrap_or(siblings.len());
        rest.extend(siblings.iter().skip(at + 1));
        node = parent;
    }
    rest
}

/// The paragraph right above that says whose words follow.
fn announcement(page: &Page, before: &[Id], hidden: &HashSet<Id>) -> Option<Id> {
    let mut found = *before.iter().rfind(|node| has_words(page, **node, hidden))?;
    let mut best = None;
    for _ in 0..CLIMB_MAX {
        let Some(parent) = page.parent(found) else { break };
        if announces(&words(page, found)) {
            best = Some(found);
        }
        if matches!(page.name(parent), "body" | "html" | "") {
            break;
        }
        found = parent;
    }
    best
}

/// The marked nodes and all below them; `order` names each node after the one above it.
fn below(page: &Page, order: &[Id], marked: impl Fn(Id) -> bool) -> HashSet<Id> {
    let mut found = HashSet::new();
    for node in order {
        let above = page.parent(*node);
        if above.is_some_and(|above| found.contains(&above)) || marked(*node) {
            found.insert(*node);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(html: &str) -> (String, bool) {
        let (html, cut) = without_quote_html(html);
        let words = words(&Page::parse(&html).unwrap(), ROOT);
        (words.split_whitespace().collect::<Vec<_>>().join(" "), cut)
    }

    #[test]
    fn a_marked_quote_at_the_end_is_cut() {
        let on = "On Mon, 1 Jan 2024 at 10:00, Bob &lt;b@x.example&gt; wrote:";
        for html in [
            format!("<div>yes &amp; no</div><div class='gmail_quote'><div class='gmail_attr'>{on}<br></div><blockquote class='gmail_quote'>old</blockquote></div>"),
            format!("<div>yes &amp; no</div><div class='gmail_quote'>{on}<br><blockquote>old</blockquote></div><br>"),
            format!("<p>yes &amp; no</p><div class='moz-cite-prefix'>{on}</div><blockquote type='cite'>old</blockquote>"),
            format!("<p>yes &amp; no</p><div>{on}</div><blockquote type='cite'>old</blockquote><br>"),
            format!("<div>yes &amp; no<br><blockquote type='CITE'><div>{on}</div>old</blockquote></div>"),
            "<div>yes &amp; no</div><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>From: Bob</div><div>old</div>".to_owned(),
            "<div><div>yes &amp; no</div><div id='divRplyFwdMsg'>From: Bob</div></div><div>old</div>".to_owned(),
        ] {
            assert_eq!(own(&html), ("yes & no".to_owned(), true), "{html}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for html in [
            "<p>plain</p><blockquote>my own quote</blockquote>",
            "<blockquote type='cite'>a</blockquote>answer<blockquote type='cite'>b</blockquote>",
            "<p>Hi</p><blockquote type='cite'>a</blockquote><p>answer</p>",
            "<p>Hi</p><div class='gmail_quote'><blockquote>a</blockquote>answer<blockquote>b</blockquote></div>",
            "<p>FYI</p><div class='gmail_quote'><div class='gmail_attr'>Forwarded</div>the news</div>",
            "<div id='divRplyFwdMsg'>From: Bob</div><div>forwarded</div>",
            "<blockquote type='cite'>only</blockquote>",
            "",
        ] {
            assert_eq!(without_quote_html(html), (html.to_owned(), false), "{html}");
        }
    }

    #[test]
    fn what_is_left_is_the_same_page() {
        let html = "<p title='a\"&lt;b'>x &amp;amp; <img src='cid:1'>\u{a0}</p><script>if (a<b) {}</script><div class='gmail_quote'></div>";
        let (left, _) = without_quote_html(html);
        assert!(
            left.contains("<p title=\"a&quot;&lt;b\">x &amp;amp; <img src=\"cid:1\">"),
            "{left}"
        );
    }
    #[test]
    fn no_page_takes_long() {
        let deep = "<span>x".repeat(20_000);
        let start = std::time::Instant::now();
        for html in [
            format!("{deep}<blockquote type='cite'>old</blockquote>"),
            format!("<p>Hi<blockquote type='cite'>{deep}</blockquote>"),
            format!("<p>Hi<div class='gmail_quote'>{deep}</div>"),
            format!("<p>Hi<div id='appendonsend'></div>{deep}"),
            "<span class='gmail_quote'><b>x".repeat(8_000),
        ] {
            let _ = without_quote_html(&html);
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
