//! A tracker's HTML, fit for a page of somebody else's: no script, style, form or frame can be in it,
//! and links and images have their whole address.

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::html::{Page, bare};

/// Cleans HTML; `base` is where its tracker's pages start. What is too deep to be read becomes text.
#[must_use]
pub fn clean(html: &str, base: &Url) -> String {
    if Page::parse(html).is_none() {
        return ammonia::clean_text(&bare(html));
    }
    Builder::default()
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::RewriteWithBase(base.clone()))
        .clean(html)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_left() {
        let base = Url::parse("https://jira.example/j/").unwrap();
        for (html, expected) in [
            ("<p>a &amp; <b>b</b></p>", "<p>a &amp; <b>b</b></p>"),
            ("<script>alert(1)</script>x", "x"),
            ("<img src=x onerror=alert(1)>", r#"<img src="https://jira.example/j/x">"#),
            (
                r#"<a href="/browse/SUP-1" onclick="x()">y</a>"#,
                r#"<a href="https://jira.example/browse/SUP-1" rel="noopener noreferrer">y</a>"#,
            ),
            (r#"<a href="javascript:x()">y</a>"#, r#"<a rel="noopener noreferrer">y</a>"#),
            (r#"<p style="position:fixed" class="x" id="y">z</p>"#, "<p>z</p>"),
            ("<iframe src=//evil.example></iframe><form action=/><input></form>", ""),
            (
                "<svg><style><img src=x onerror=alert(1)></style></svg>",
                r#"<img src="https://jira.example/j/x">"#,
            ),
            ("<meta http-equiv=refresh content=0><base href=//evil.example>t", "t"),
        ] {
            assert_eq!(clean(html, &base), expected, "{html}");
        }
    }

    #[test]
    fn what_is_too_deep_becomes_text() {
        let base = Url::parse("https://jira.example/").unwrap();
        let html = format!("{}<script>x</script>deep", "<div>".repeat(100_000));
        let clean = clean(&html, &base);
        assert!(clean.contains("deep") && !clean.contains('<'), "{}", clean.len());
    }
}
