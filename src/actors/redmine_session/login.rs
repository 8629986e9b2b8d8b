//! Signing in and out: with a key in the command line, or through a form that hides it.
//!
//! A login is kept only after Redmine has said whose key it is, and acknowledged only once it is
//! durable. A form is bound to its user's session by an unguessable state, lives ten minutes, and
//! is worth nothing once it has led to a login.

use std::time::Duration;

use ractor::{ActorRef, RpcReplyPort, rpc::CallResult};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    AT_ONCE, Asker, Checked, Era, Failure, RedmineSessionMsg, Session,
    failure::{About, Concerning},
};
use crate::{
    locale::Locale,
    model::{
        command::{CommandFault, LoginForm},
        ids::ResponseHook,
        login::RedmineLogin,
        render,
    },
};

/// How long a form may stay open.
const FORM_LIFETIME: Duration = Duration::from_mins(10);
/// How long the session may take to keep a login.
const KEEP_LIMIT: Duration = Duration::from_secs(2);

/// A form that was opened and not yet used.
pub(super) struct PendingForm {
    state: SecretString,
    expires: Instant,
    /// Where the confirmation goes: a form's own answer has no room for one.
    hook: Option<ResponseHook>,
}

/// A form that came back.
pub struct FormSubmission {
    /// What the form was opened with.
    pub state: String,
    /// The user closed it.
    pub cancelled: bool,
    /// Login name, mail address or number.
    pub id: String,
    /// The key.
    pub api_key: SecretString,
    /// The user's language.
    pub locale: Locale,
}

/// What the form shows next.
#[derive(Debug, PartialEq, Eq)]
pub enum FormAnswer {
    /// Nothing: it closes.
    Close,
    /// A sentence under this field; it stays open with what was typed.
    Field(&'static str, String),
    /// A sentence under the whole form.
    Refused(String),
}

impl Session {
    /// Waits for one form; an older one is worth nothing from now on.
    pub(super) fn expect_form(&mut self, hook: Option<ResponseHook>) -> SecretString {
        let state: SecretString = Uuid::new_v4().simple().to_string().into();
        let expires = Instant::now() + FORM_LIFETIME;
        self.form = Some(PendingForm { state: state.clone(), expires, hook });
        state
    }

    pub(super) fn remember(&mut self, login: RedmineLogin, era: Era) -> Result<(), Failure> {
        if era != self.era {
            return Err(Failure::SignedOut);
        }
        self.tools.store.logins().remember(&self.user, &login).map_err(Failure::NotKept)?;
        self.login = Some(login.into());
        // A check that is still under way speaks of the old key.
        self.checked = Checked::default();
        self.checked.now();
        self.form = None;
        Ok(())
    }

    pub(super) fn forget(&mut self) -> Result<bool, Failure> {
        self.login = None;
        self.form = None;
        self.era += 1;
        self.tools.store.logins().forget(&self.user).map_err(Failure::NotForgotten)
    }

    pub(super) fn submit(
        &mut self,
        myself: &ActorRef<RedmineSessionMsg>,
        form: FormSubmission,
        reply: RpcReplyPort<FormAnswer>,
    ) {
        self.last_used = Instant::now();
        let asker = self.asker(form.locale);
        let Some(pending) = self.form.as_ref().filter(|pending| pending.is_for(&form)) else {
            drop(reply.send(FormAnswer::Refused(asker.say("redmine-form-expired", &[]))));
            return;
        };
        if form.cancelled {
            self.form = None;
            drop(reply.send(FormAnswer::Close));
            return;
        }
        let (hook, myself) = (pending.hook.clone(), myself.clone());
        let Some(place) = self.place() else {
            let busy = asker.say("redmine-busy", &[("count", AT_ONCE.into())]);
            drop(reply.send(FormAnswer::Refused(busy)));
            return;
        };
        let work = async move {
            let answer = fill_in(&asker, &myself, &form, hook).await;
            drop(reply.send(answer));
            drop(place);
        };
        self.tasks.spawn(work.in_current_span());
    }
}

impl PendingForm {
    fn is_for(&self, form: &FormSubmission) -> bool {
        let expected = self.state.expose_secret().as_bytes();
        Instant::now() < self.expires && bool::from(expected.ct_eq(form.state.as_bytes()))
    }
}

async fn fill_in(
    asker: &Asker,
    myself: &ActorRef<RedmineSessionMsg>,
    form: &FormSubmission,
    hook: Option<ResponseHook>,
) -> FormAnswer {
    let parsed = match LoginForm::parse(&form.id, form.api_key.expose_secret()) {
        Ok(parsed) => parsed,
        Err(CommandFault::BadLoginId) => {
            return FormAnswer::Field("login", asker.say("redmine-bad-login", &[]));
        }
        Err(_) => return FormAnswer::Field("api_key", asker.say("redmine-bad-key", &[])),
    };
    match with_key(asker, myself, &parsed).await {
        Ok(text) => {
            if let Some(hook) = hook
                && !asker.tools.late.deliver(hook, text).await
            {
                tracing::warn!("nobody takes the confirmation of a login");
            }
            FormAnswer::Close
        }
        Err(failure) => {
            failure.log("login");
            FormAnswer::Refused(failure.sentence(asker))
        }
    }
}

/// Signs in with a key: whose is it, is that who the user says, and is it durable?
pub(super) async fn with_key(
    asker: &Asker,
    myself: &ActorRef<RedmineSessionMsg>,
    form: &LoginForm,
) -> Result<String, Failure> {
    let account = asker.redmine().current_user(&form.api_key).await.about(About::NewKey)?;
    if !account.answers_to(&form.id) {
        return Err(Failure::NotThatUser);
    }
    let login = RedmineLogin {
        redmine_id: account.id,
        login: account.login.clone(),
        api_key: form.api_key.clone(),
    };
    let keep = |reply| RedmineSessionMsg::Confirmed(login, asker.era, reply);
    match myself.call(keep, Some(KEEP_LIMIT)).await {
        Ok(CallResult::Success(kept)) => kept?,
        _ => return Err(Failure::SessionEnded),
    }
    asker.tools.store.barrier().await.map_err(Failure::NotKept)?;
    let name = render::line(&account.name);
    let login = render::code(&account.login);
    Ok(asker.say("redmine-logged-in", &[("name", name.into()), ("login", login.into())]))
}

/// Forgets the key for good.
pub(super) async fn logout(asker: &Asker, was_there: bool) -> Result<String, Failure> {
    asker.tools.store.barrier().await.map_err(Failure::NotForgotten)?;
    let key = if was_there { "redmine-logged-out" } else { "redmine-was-logged-out" };
    Ok(asker.say(key, &[]))
}

/// Opens the form, while the trigger lives.
pub(super) async fn open_form(
    asker: &Asker,
    trigger_id: Option<String>,
    state: &SecretString,
) -> Result<String, Failure> {
    let tools = &asker.tools;
    let url = tools.form_url.as_ref().ok_or(Failure::NoForm)?;
    let trigger_id = trigger_id.ok_or(Failure::NoTrigger)?;
    let form = form(asker, state);
    tools.mattermost.open_dialog(&trigger_id, url, &form).await.about(About::Form)?;
    Ok(asker.say("redmine-form-opened", &[]))
}

/// Mattermost takes 24 characters of a title or a field's name, 150 of its help (measured).
fn form(asker: &Asker, state: &SecretString) -> Value {
    json!({
        "callback_id": "redmine-login",
        "title": asker.say("redmine-form-title", &[]),
        "introduction_text": asker.say("redmine-form-introduction", &[]),
        "submit_label": asker.say("redmine-form-submit", &[]),
        "notify_on_cancel": true,
        "state": state.expose_secret(),
        "elements": [{
            "display_name": asker.say("redmine-form-login", &[]),
            "name": "login",
            "type": "text",
            "max_length": 150,
        }, {
            "display_name": asker.say("redmine-form-key", &[]),
            "name": "api_key",
            "type": "text",
            "subtype": "password",
            "max_length": 100,
            "help_text": asker.say("redmine-form-key-help", &[]),
        }],
    })
}
