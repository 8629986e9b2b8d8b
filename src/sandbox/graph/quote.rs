//! `uniqueBody`: what of a body is new in its conversation. Exchange compares the mails; here the
//! usual marks of a quotation end it.

use super::item::Body;

const HTML_MARKS: [&str; 5] = [
    "<blockquote",
    "<div class=\"gmail_quote",
    "<div id=\"divrplyfwdmsg",
    "<hr ",
    "<div id=\"appendonsend",
];

pub(super) fn without(body: &Body) -> Body {
    if body.html {
        let lower = body.content.to_ascii_lowercase();
        let Some(at) = HTML_MARKS.iter().filter_map(|mark| lower.find(mark)).min() else {
            return body.clone();
        };
        let content = format!("{}</body></html>", &body.content[..at]);
        return Body { html: true, content };
    }
    let lines: Vec<&str> = body.content.lines().collect();
    let end = lines.iter().position(|line| {
        line.starts_with("-----Original Message-----")
            || line.starts_with("________________________________")
            || (line.starts_with("On ") && line.trim_end().ends_with("wrote:"))
    });
    let mut kept = lines[..end.unwrap_or(lines.len())].to_vec();
    while kept.last().is_some_and(|line| line.starts_with('>') || line.trim().is_empty()) {
        kept.pop();
    }
    Body { html: false, content: kept.join("\n") + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quotation_is_left_out() {
        let cases = [
            (false, "New.\n\nOn Monday Bob wrote:\n> old\n", "New.\n"),
            (false, "New.\n> old\n> older\n", "New.\n"),
            (false, "> asked\nanswered\n", "> asked\nanswered\n"),
            (true, "<p>New.</p><blockquote>old</blockquote>", "<p>New.</p></body></html>"),
            (true, "<p>New.</p>", "<p>New.</p>"),
        ];
        for (html, content, expected) in cases {
            let body = Body { html, content: content.to_owned() };
            assert_eq!(without(&body).content, expected);
        }
    }
}
