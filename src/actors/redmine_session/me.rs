//! `/redmine me`: who Redmine takes the user for.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::render;

pub(super) async fn run(asker: &Asker) -> Result<String, Failure> {
    let account =
        asker.redmine().current_user(&asker.login()?.api_key).await.about(About::Redmine)?;
    let name = render::line(&account.name);
    let login = render::code(&account.login);
    let id = account.id.to_string();
    Ok(asker
        .say("redmine-me", &[("name", name.into()), ("login", login.into()), ("id", id.into())]))
}
