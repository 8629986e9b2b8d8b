//! What becomes of Jira's words in a mail: a subject that carries the key, HTML that a mail program
//! may show, and the same as plain text. Jira's HTML is not trusted: agents paste what they got.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::{
    html::{Page, bare},
    issue_text::{one_line, without_keys, without_prefix},
    keys::IssueKey,
};

/// The longest line of a mail, in bytes (RFC 5322, 2.1.1), and so the longest subject.
const SUBJECT_MAX: usize = 998;
/// Columns of the plain text.
const WIDTH: usize = 76;

/// The subject of an answer: `Re: Printer on fire [SUP-12]`.
#[must_use]
pub fn subject(key: &IssueKey, original: &str) -> String {
    let text = without_keys(&one_line(original));
    let mut text = text.as_str();
    while let Some(rest) = without_prefix(text, false) {
        text = rest;
    }
    let room = SUBJECT_MAX.saturating_sub("Re:  []".len() + key.as_str().len());
    let text = text[..text.floor_char_boundary(room)].trim();
    let blank = if text.is_empty() { "" } else { " " };
    format!("Re:{blank}{text} [{key}]")
}

/// Jira's HTML, fit for a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The HTML. Its images are parts of the mail: `cid:attachment-ID@ticketd`.
    pub html: String,
    /// The ids of the attachments that it shows, each once.
    pub images: Vec<String>,
}

/// The content id of an attachment that a mail shows.
#[must_use]
pub fn content_id(attachment: &str) -> String {
    format!("attachment-{attachment}@ticketd")
}

/// Makes a `renderedBody` fit for a mail: no scripts and styles, nothing from elsewhere, links
/// with their whole address (`base` is Jira's), people by their names.
#[must_use]
pub fn html_from_rendered(html: &str, base: &Url) -> Rendered {
    if Page::parse(html).is_none() {
        return Rendered { html: ammonia::clean_text(&bare(html)), images: Vec::new() };
    }
    let images = Arc::new(Mutex::new(Vec::new()));
    let links = Links { base: base.clone(), images: Arc::clone(&images) };
    let clean = Builder::default()
        .rm_generic_attributes(["lang", "title"])
        .rm_tag_attributes("img", ["align"])
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(move |element, name, value| links.filter(element, name, value))
        .clean(html)
        .to_string();
    let images = images.lock().map(|images| images.clone()).unwrap_or_default();
    Rendered { html: without_lost_images(&clean), images }
}

/// Rewrites where links and images lead.
struct Links {
    base: Url,
    images: Arc<Mutex<Vec<String>>>,
}

impl Links {
    fn filter<'a>(&self, element: &str, name: &str, value: &'a str) -> Option<Cow<'a, str>> {
        match (element, name) {
            ("img", "src") => {
                let id = self.attachment(value)?;
                let content_id = format!("cid:{}", content_id(&id));
                if let Ok(mut images) = self.images.lock()
                    && !images.contains(&id)
                {
                    images.push(id);
                }
                Some(content_id.into())
            }
            (_, "href") => {
                let url = self.base.join(value.trim()).ok()?;
                // A mention: outside of Jira it leads nowhere.
                let person = self.is_ours(&url)
                    && (url.path().ends_with("/ViewProfile.jspa")
                        || url.path().contains("/people/"));
                (!person).then(|| url.to_string().into())
            }
            (_, "cite" | "src") => None,
            _ => Some(value.into()),
        }
    }

    fn is_ours(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// The id in the address of an attachment or its thumbnail.
    fn attachment(&self, source: &str) -> Option<String> {
        let url = self.base.join(source.trim()).ok()?;
        if !self.is_ours(&url) {
            return None;
        }
        let parts: Vec<&str> = url.path_segments()?.collect();
        parts.windows(3).find_map(|parts| match *parts {
            ["secure", "attachment" | "thumbnail", id]
            | ["attachment", "content" | "thumbnail", id]
            | [_, "attachment", id] => is_id(id).then(|| id.to_owned()),
            ["attachment", id, _] => is_id(id).then(|| id.to_owned()),
            _ => None,
        })
    }
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Puts its description where an image has no source. The HTML is ours: attributes stand between
/// double quotes, and nothing between these ends them.
fn without_lost_images(html: &str) -> String {
    let mut shown = String::with_capacity(html.len());
    let mut left = html;
    while let Some((before, tag)) = left.split_once("<img") {
        shown.push_str(before);
        let mut quoted = false;
        let end = tag.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let (attributes, rest) = tag.split_at(end.unwrap_or(tag.len()));
        if attributes.contains(" src=\"cid:") {
            shown.push_str("<img");
            shown.push_str(attributes);
            shown.push('>');
        } else if let Some((_, alt)) = attributes.split_once(" alt=\"") {
            let alt = alt.split('"').next().unwrap_or_default();
            shown.push_str(&alt.replace('<', "&lt;").replace('>', "&gt;"));
        }
        left = rest.strip_prefix('>').unwrap_or(rest);
    }
    shown.push_str(left);
    shown
}

/// The plain text beside a mail's HTML.
#[must_use]
pub fn text_from_html(html: &str) -> String {
    if Page::parse(html).is_none() {
        return bare(html);
    }
    let text = html2text::config::plain()
        .allow_width_overflow()
        .no_link_wrapping()
        .string_from_read(html.as_bytes(), WIDTH);
    let Ok(text) = text else { return bare(html) };
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Foreign text as HTML that shows it as it was written.
#[must_use]
pub fn html_of_line(text: &str) -> String {
    ammonia::clean_text(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(html: &str) -> Rendered {
        html_from_rendered(html, &Url::parse("https://jira.example/").unwrap())
    }

    #[test]
    fn the_subject_carries_the_key_once() {
        let key = IssueKey::parse("SUP-12").unwrap();
        for (original, answer) in [
            ("Printer", "Re: Printer [SUP-12]"),
            ("Re: AW: Printer [SUP-12]", "Re: Printer [SUP-12]"),
            ("Fwd: Printer\r\nBcc: x", "Re: Fwd: Printer Bcc: x [SUP-12]"),
            ("[OLD-1] Printer", "Re: Printer [SUP-12]"),
            ("", "Re: [SUP-12]"),
        ] {
            assert_eq!(subject(&key, original), answer, "{original:?}");
        }
        let long = subject(&key, &"é".repeat(2_000));
        assert!(long.len() <= 998 && long.ends_with("é [SUP-12]"));
    }

    #[test]
    fn jiras_html_becomes_mail() {
        for (html, expected, images) in [
            ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>", &[][..]),
            (
                "<p style='x' class='y' onclick='z'>a<script>b</script><style>c</style></p>",
                "<p>a</p>",
                &[],
            ),
            (
                "<a href='/browse/SUP-1' class='issue-link' title='x'>SUP-1</a>",
                "<a href=\"https://jira.example/browse/SUP-1\">SUP-1</a>",
                &[],
            ),
            ("<a href='javascript:x()'>y</a>", "<a>y</a>", &[]),
            (
                "<a href='https://jira.example/secure/ViewProfile.jspa?name=bob' class='user-hover'>Bob</a>",
                "<a>Bob</a>",
                &[],
            ),
            (
                "<img src='/secure/attachment/10/a.png' alt='a'>",
                "<img src=\"cid:attachment-10@ticketd\" alt=\"a\">",
                &["10"],
            ),
            (
                "<img src='https://jira.example/rest/api/3/attachment/content/11'>",
                "<img src=\"cid:attachment-11@ticketd\">",
                &["11"],
            ),
            (
                "<img src='/secure/thumbnail/12/_thumb_12.png'><img src='/attachment/13/x'><img src='/attachment/13/x'>",
                "<img src=\"cid:attachment-12@ticketd\"><img src=\"cid:attachment-13@ticketd\"><img src=\"cid:attachment-13@ticketd\">",
                &["12", "13"],
            ),
            (
                "<img src='https://evil.example/secure/attachment/10/a.png' alt='1 < 2 > &quot;'>x",
                "1 &lt; 2 &gt; &quot;x",
                &[],
            ),
            (
                "<img src='//evil.example/p.gif'>x<img src='cid:y'><img src='data:image/png;base64,x'>",
                "x",
                &[],
            ),
        ] {
            let rendered = clean(html);
            assert_eq!(rendered.html, expected, "{html}");
            assert_eq!(rendered.images, images, "{html}");
        }
    }

    #[test]
    fn the_plain_text_reads_like_a_mail() {
        for (html, text) in [
            ("<p>a <b>b</b></p><p>c</p>", "a **b**\n\nc"),
            ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
            ("<blockquote>a</blockquote>", "> a"),
            ("", ""),
        ] {
            assert_eq!(text_from_html(html), text, "{html}");
        }
        let links = text_from_html("<p>see <a href='https://x.example/'>here</a></p>");
        assert!(links.contains("https://x.example/"), "{links}");
    }

    #[test]
    fn no_page_takes_long_or_stops_us() {
        for page in [
            format!("{}x{}", "<table><tr><td>".repeat(200), "</td></tr></table>".repeat(200)),
            "\0".repeat(100_000),
            "<div>".repeat(20_000),
            "<span>x".repeat(10_000),
            "<b a=1><p>x".repeat(10_000),
            "<blockquote>x".repeat(2_000),
            "<ul><li>x".repeat(2_000),
            "<img alt='".repeat(10_000),
        ] {
            assert!(clean(&page).images.is_empty());
            let _ = text_from_html(&page);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_fetched_and_nothing_runs(
            parts in prop::collection::vec(
                prop_oneof!["<(img|a|p|svg|style|script|math|b)( (src|href|alt|onload|style)=['\"]?(//x|http:x|cid:y|javascript:z|<i>|\"|>|/attachment/1/x)['\"]?){0,2}>", "</(a|p|svg|style|b)>", "\\PC{0,3}"],
                0..8,
            ),
        ) {
            let html = clean(&parts.concat()).html;
            for tag in html.split('<').skip(1) {
                prop_assert!(!tag.starts_with("script") && !tag.starts_with("style"), "{}", html);
                if tag.starts_with("img") {
                    prop_assert!(tag.contains("src=\"cid:attachment-"), "{}", html);
                }
            }
            prop_assert_eq!(clean(&html).html.contains("javascript:"), html.contains("javascript:"));
        }
    }
}
