//! Foreign HTML as a tree that is safe to walk. A page built to be slow to parse is given up while
//! it is parsed ([`Page::parse`] gives `None`); [`bare`] still gives its words.

mod tree;

pub(crate) use tree::{Id, Page, ROOT};

/// Nothing that people write nests deeper; walks go no further.
pub(crate) const DEPTH_MAX: usize = 200;

/// The words of a page without its tags, line by line.
pub(crate) fn bare(html: &str) -> String {
    let mut words = String::new();
    let mut skipped: Option<String> = None;
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) if skipped.is_none() => words.push_str(text),
            Piece::Start(name) if ["script", "style", "head"].contains(&name.as_str()) => {
                skipped.get_or_insert(name);
            }
            Piece::End(name) if skipped.as_ref() == Some(&name) => skipped = None,
            Piece::Start(name) | Piece::End(name)
                if skipped.is_none()
                    && !INLINE.contains(&name.as_str())
                    && !words.ends_with('\n') =>
            {
                words.push('\n');
            }
            _ => {}
        }
    }
    for (entity, letter) in
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
    {
        words = words.replace(entity, letter);
    }
    words.trim().to_owned()
}

/// Whether a reader never sees this: code, settings, and what its style hides.
pub(crate) fn is_hidden(page: &Page, node: Id) -> bool {
    const NEVER: &[&str] = &[
        "head", "script", "style", "title", "meta", "link", "template", "object", "embed",
        "applet", "iframe", "noframes", "noembed", "svg", "math", "audio", "video", "canvas",
        "select", "base", "datalist",
    ];
    let kind = page.name(node);
    if kind.is_empty() {
        return false;
    }
    if NEVER.contains(&kind) || page.attribute(node, "hidden").is_some() {
        return true;
    }
    let Some(style) = page.attribute(node, "style") else { return false };
    let style: String =
        style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    style.split(';').any(|rule| match rule.trim_end_matches("!important").split_once(':') {
        Some(("display", "none") | ("visibility", "hidden") | ("mso-hide", "all")) => true,
        Some(("font-size", size)) => {
            let number = size.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            number.parse::<f32>().is_ok_and(|number| number == 0.0)
        }
        _ => false,
    })
}

/// What a reader sees of a node, without its shape.
pub(crate) fn words(page: &Page, node: Id) -> String {
    let mut words = String::new();
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        words.push_str(page.text(node).unwrap_or_default());
        if !is_hidden(page, node) {
            left.extend(page.children(node).iter().rev());
        }
        if matches!(page.name(node), "br" | "p" | "div" | "td" | "li") {
            words.push('\n');
        }
    }
    words
}

/// Elements that do not part words.
const INLINE: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "s", "small", "span", "strike", "strong", "tt", "u",
];
enum Piece<'h> {
    Text(&'h str),
    Start(String),
    End(String),
}

/// The page roughly as the parser's tokenizer sees it.
fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut left = html;
    std::iter::from_fn(move || {
        loop {
            if left.is_empty() {
                return None;
            }
            let Some(tag) = left.strip_prefix('<') else {
                let (text, rest) = left.split_at(left.find('<').unwrap_or(left.len()));
                left = rest;
                return Some(Piece::Text(text));
            };
            if let Some(comment) = tag.strip_prefix("!--") {
                left = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let end = tag.starts_with('/');
            let inner = tag.strip_prefix('/').unwrap_or(tag);
            if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || "!?".contains(c)) {
                left = tag;
                return Some(Piece::Text("<"));
            }
            let length = inner
                .find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/')
                .unwrap_or(inner.len());
            let (name, rest) = inner.split_at(length);
            left = rest.split_once('>').map_or("", |(_, rest)| rest);
            // A name of a megabyte is no name that anything below looks for.
            let name: String = name.chars().take(32).collect::<String>().to_ascii_lowercase();
            return Some(if end { Piece::End(name) } else { Piece::Start(name) });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_sees_is_hidden() {
        for (html, hidden) in [
            ("<p>x", false),
            ("<p hidden>x", true),
            ("<p style='DISPLAY : none'>x", true),
            ("<p style='color:red;visibility:hidden !important'>x", true),
            ("<p style='font-size:0px'>x", true),
            ("<p style='font-size:0.8em'>x", false),
            ("<p style='mso-hide:all'>x", true),
            ("<p style='margin:0'>x", false),
        ] {
            let page = Page::parse(html).unwrap();
            let node = page.walk(ROOT).find(|node| page.name(*node) == "p").unwrap();
            assert_eq!(is_hidden(&page, node), hidden, "{html}");
        }
        let page = "<title>t</title><p>a<noscript>n</noscript><script>b()</script><style>c</style><!-- d -->e";
        assert_eq!(words(&Page::parse(page).unwrap(), ROOT).trim(), "ane");
    }

    #[test]
    fn what_is_made_to_be_slow_is_given_up() {
        for (piece, parsed) in [
            ("<div>words", false),
            ("<div></foo>", false),
            ("<b a=1><p>words", false),
            ("<b a=1><table><td></b></table>", false),
            ("<span>words", true),
            ("<svg>words", true),
            ("<p>words", true),
            ("<li>words", true),
            ("<div><b>words</b></div>", true),
            ("<table><tr><td>a<td>words<tr><td>c</table>", true),
        ] {
            let mut text = String::new();
            for number in 0..20_000 {
                text.push_str(&piece.replace("a=1", &format!("a={number}")));
            }
            assert_eq!(Page::parse(&text).is_some(), parsed, "{piece}");
            assert!(bare(&text).contains("words") || !piece.contains("words"), "{piece}");
        }
    }

    #[test]
    fn bare_words_have_no_tags() {
        let page = "<style>p{}</style>a &lt; <b>b</b><p>c<!-- x --><script>y</script> 1 < 2";
        assert_eq!(bare(page), "a < b\nc 1 < 2");
    }
}
