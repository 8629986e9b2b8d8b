//! `/redmine search`: the issues that hold a text, a page at a time.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::{
    redmine::{PAGE_SIZE, SearchQuery},
    render,
};

pub(super) async fn run(asker: &Asker, query: &SearchQuery) -> Result<String, Failure> {
    let found = asker.redmine().search(asker.key().await?, query).await.about(About::Redmine)?;
    let args = [
        ("text", render::line(&render::cut(&query.text, 100)).into()),
        ("total", found.total.into()),
        ("page", query.page.into()),
        ("pages", found.total.div_ceil(PAGE_SIZE).into()),
    ];
    if found.total == 0 {
        return Ok(asker.say("redmine-search-empty", &args));
    }
    if found.items.is_empty() {
        return Ok(asker.past_the_end(found.total));
    }
    let mut lines = vec![asker.say("redmine-search", &args), String::new()];
    lines.extend(found.items.iter().map(|hit| {
        format!("- {} {}", asker.link(hit.id), render::line(&render::cut(&hit.title, 150)))
    }));
    let words = ["search", &*render::code(&query.text), "page"];
    lines.extend(asker.next_page(&words, query.page, found.total));
    Ok(lines.join("\n"))
}
