//! Which images of a rendered comment are attachments of this Jira. Nothing fails: what is not
//! understood is no image of ours.

use url::Url;

use crate::model::jira::Image;

/// Where attachments and their thumbnails lie, below the base. Source: `Attachment.content` and
/// `.thumbnail`: the first two are Data Center's, the others Cloud's in both versions.
const PLACES: [&str; 4] =
    ["secure/attachment/", "secure/thumbnail/", "/attachment/content/", "/attachment/thumbnail/"];

/// The images that are attachments of the Jira at `base`, each `src` once.
pub(super) fn images(html: &str, base: &Url) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    for tag in html.split('<').filter(|tag| tag.get(..4).is_some_and(is_image)) {
        let Some(src) = source(tag) else { continue };
        let Some(attachment) = attachment(src, base) else { continue };
        if images.iter().all(|image| image.src != src) {
            images.push(Image { src: src.to_owned(), attachment });
        }
    }
    images
}

fn is_image(start: &str) -> bool {
    let (name, end) = start.split_at(3);
    name.eq_ignore_ascii_case("img") && end.starts_with(|c: char| c.is_ascii_whitespace())
}

/// The value of ` src="…"`.
fn source(tag: &str) -> Option<&str> {
    let tag = tag.split('>').next()?;
    let (_, value) = tag.split_once(" src=")?;
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    value[1..].split(quote).next()
}

fn attachment(src: &str, base: &Url) -> Option<u64> {
    let url = base.join(src).ok()?;
    let below = url.path().strip_prefix(base.path())?;
    let ours = url.origin() == base.origin();
    let id = PLACES.iter().find_map(|place| {
        let (before, id) = below.split_once(place)?;
        (before.is_empty() || before.starts_with("rest/api/")).then_some(id)
    })?;
    let id = id.split('/').next()?.parse().ok()?;
    ours.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_attachments_of_this_jira_are_images_of_ours() {
        for (html, expected) in [
            (r#"<p><img src="https://jira.example/j/secure/attachment/7/a.png" /></p>"#, Some(7)),
            (r#"<img class="x" alt='y' src='/j/secure/attachment/7/a.png'>"#, Some(7)),
            (r#"<IMG src="/j/secure/thumbnail/8/_thumb_8.png">"#, Some(8)),
            (r#"<img src="/j/rest/api/3/attachment/content/9">"#, Some(9)),
            (r#"<img src="/j/rest/api/2/attachment/thumbnail/9?x=1&amp;y">"#, Some(9)),
            (r#"<img src="https://elsewhere.example/j/secure/attachment/7/a.png">"#, None),
            (r#"<img src="//elsewhere.example/j/secure/attachment/7/a.png">"#, None),
            (r#"<img src="/other/secure/attachment/7/a.png">"#, None),
            (r#"<img src="/j/images/icons/emoticons/smile.png">"#, None),
            (r#"<img src="/j/x/secure/attachment/7/a.png">"#, None),
            (r#"<img src="/j/secure/attachment/x/a.png">"#, None),
            (r#"<img data-src="/j/secure/attachment/7/a.png">"#, None),
            (r#"<a href="/j/secure/attachment/7/a.png">a</a>"#, None),
            (r#"&lt;img src="/j/secure/attachment/7/a.png""#, None),
            ("<img src=", None),
            ("<img", None),
            ("<가나", None),
        ] {
            let base = Url::parse("https://jira.example/j/").unwrap();
            let found: Vec<u64> =
                images(html, &base).into_iter().map(|image| image.attachment).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{html}");
        }
    }

    #[test]
    fn an_image_that_is_shown_twice_is_told_once() {
        let one = r#"<img src="/secure/attachment/7/a.png">"#;
        let base = Url::parse("https://jira.example/").unwrap();
        assert_eq!(
            images(&format!("{one}{one}"), &base),
            [Image { src: "/secure/attachment/7/a.png".to_owned(), attachment: 7 }]
        );
    }
}
