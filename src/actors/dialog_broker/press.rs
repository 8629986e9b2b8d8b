//! Buttons and menus of a ticket's post. They answer for as long as the post stands: what a button
//! of long ago cannot do any more, it says.

use serde::Deserialize;

use super::{Clerk, Press, command::Failure};
use crate::model::{
    keys::CaseId,
    ticket::{Change, Priority},
};

/// What our buttons carry.
#[derive(Deserialize)]
struct Context {
    case: CaseId,
    action: String,
    signature: String,
}

impl Clerk {
    pub(super) async fn press(self, press: Press) -> String {
        let pressed = self.pressed(&press).await;
        let word = pressed.as_ref().map_or_else(Failure::word, |_| "ok");
        self.tools.metrics.ticket("button", word);
        pressed.unwrap_or_else(|failure| self.explain(failure))
    }

    /// What is said to the presser: nothing, where the post and its thread are about to say it.
    async fn pressed(&self, press: &Press) -> Result<String, Failure> {
        let context: Context =
            serde_json::from_value(press.context.clone()).map_err(|_| Failure::Forged)?;
        let Context { case, action, signature } = context;
        if !self.tools.desk.secret().knows_button(case, &action, &signature) {
            return Err(Failure::Forged);
        }
        let found = self.tools.desk.case(case).await.map_err(Failure::Store)?;
        let ticket = found.and_then(|case| case.ticket).ok_or(Failure::NoTicket)?;
        // Before it is known which post it is, there is no other with its buttons.
        if ticket.post.is_some_and(|post| post != press.post) {
            return Err(Failure::Forged);
        }
        let change = match (action.as_str(), &press.chosen) {
            ("take", _) => Change::Take,
            ("resolve", _) => Change::Resolve,
            ("reopen", _) => Change::Reopen,
            ("priority", Some(word)) => {
                let to = Priority::parse(word).ok_or(Failure::Forged)?;
                Change::Prioritise { to }
            }
            _ => return Err(Failure::Forged),
        };
        self.change(case, press.user.clone(), change).await?;
        Ok(String::new())
    }
}
