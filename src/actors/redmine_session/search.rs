//! `/redmine search`: the first issues that hold a text.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::render;

pub(super) async fn run(asker: &Asker, text: &str) -> Result<String, Failure> {
    let page = asker.redmine().search(asker.key().await?, text).await.about(About::Redmine)?;
    let text = render::line(&render::cut(text, 100));
    let args =
        [("text", text.into()), ("total", page.total.into()), ("shown", page.items.len().into())];
    if page.items.is_empty() {
        return Ok(asker.say("redmine-search-empty", &args));
    }
    let mut lines = vec![asker.say("redmine-search", &args), String::new()];
    lines.extend(page.items.iter().map(|hit| {
        format!("- {} {}", asker.link(hit.id), render::line(&render::cut(&hit.title, 150)))
    }));
    Ok(lines.join("\n"))
}
