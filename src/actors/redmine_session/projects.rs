//! `/redmine projects`: what `list` and `create` can name.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::render;

pub(super) async fn run(asker: &Asker, page: u32) -> Result<String, Failure> {
    let found = asker.redmine().projects(asker.key().await?, page).await.about(About::Redmine)?;
    if found.total == 0 {
        return Ok(asker.say("redmine-projects-empty", &[]));
    }
    if found.items.is_empty() {
        return Ok(asker.past_the_end(found.total));
    }
    let mut lines =
        vec![asker.say("redmine-projects", &[("total", found.total.into())]), String::new()];
    lines.extend(found.items.iter().map(|project| {
        let url = asker.redmine().project_url(&project.identifier);
        format!("- [{}]({url}) `{}`", render::line(&project.name), project.identifier)
    }));
    lines.extend(asker.next_page(&["projects"], page, found.total));
    Ok(lines.join("\n"))
}
