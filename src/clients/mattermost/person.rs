//! What a person does in the chat, with their own session and so with their own rights. Nothing of
//! it is done as the bot.
//!
//! A write that gave no clear answer is [`ApiError::Ambiguous`]. Of those only
//! [`Person::say`] needs its `pending` to be repeated; the others may be repeated as they are.

mod administering;
mod channels;
mod files;
mod people;
mod posts;
pub(super) mod wire;

use std::sync::Arc;

use http::Method;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::wire::{Done, User};
use super::{MattermostClient, PersonEvents, Resume, malformed};
use crate::{
    clients::ApiError,
    model::{
        chat::{ChatUser, PageNo},
        ids::UserId,
    },
};

/// The most that the server lists on a page, or takes at once.
const PAGE: u16 = 200;

/// Somebody who is signed in. Clones share what is known of them.
#[derive(Clone)]
pub struct Person {
    client: MattermostClient,
    session: Arc<Session>,
}

struct Session {
    token: SecretString,
    me: OnceCell<UserId>,
}

impl MattermostClient {
    /// Signs somebody in by name or address; gives their session's token. Who lost the answer has
    /// a session that nobody knows, and may sign in again.
    ///
    /// Source: `POST /users/login`; the token stands in the header `Token`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a wrong name or password, a program's account, one that is
    /// deactivated or wants a second factor; the server hardly tells them apart.
    pub async fn sign_in(
        &self,
        login: &str,
        password: &SecretString,
    ) -> Result<(SecretString, ChatUser), ApiError> {
        let body = json!({"login_id": login, "password": password.expose_secret()});
        let request = self.shared.transport.request(Method::POST, "api/v4/users/login");
        let answer = self.call(request.json(&body)).await?;
        let user: User = answer.json().map_err(ApiError::after_write)?;
        let token = answer.header("token").filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| malformed("no token").after_write())?;
        Ok((token.into(), user.into()))
    }

    /// The owner of a session. Asks nothing yet.
    #[must_use]
    pub fn person(&self, token: SecretString) -> Person {
        let session = Arc::new(Session { token, me: OnceCell::new() });
        Person { client: self.clone(), session }
    }
}

impl Person {
    /// Ends the session; its token is nobody's from then on.
    ///
    /// Source: `POST /users/logout`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] if it had ended already.
    pub async fn sign_out(&self) -> Result<(), ApiError> {
        self.done(Method::POST, "users/logout", &json!({})).await
    }

    /// Listens to what happens, as far as this person may know it, from where an earlier
    /// connection ended, if the server still knows that one. The first event is
    /// [`PersonEvent::Hello`](super::PersonEvent::Hello).
    ///
    /// # Errors
    /// As [`MattermostClient::events`].
    pub async fn listen(&self, resume: Option<Resume>) -> Result<PersonEvents, ApiError> {
        self.client.listen(&self.session.token, resume).await
    }

    /// Some calls want one's own id, and know no word for it.
    async fn my_id(&self) -> Result<&UserId, ApiError> {
        let ask = async { Ok(self.me().await?.id) };
        self.session.me.get_or_try_init(|| ask).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.shared.transport.request(method, &format!("api/v4/{path}"));
        request.bearer_auth(self.session.token.expose_secret())
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let request = self.request(Method::GET, path).query(query);
        self.client.call(request).await?.json()
    }

    /// A page of a list; a list without entries may be `null`.
    async fn page<T: DeserializeOwned, U: From<T>>(
        &self,
        path: &str,
        page: PageNo,
    ) -> Result<Vec<U>, ApiError> {
        let (number, size) = (page.number.to_string(), page.size.clamp(1, PAGE).to_string());
        self.list(path, &[("page", &number), ("per_page", &size)]).await
    }

    async fn list<T: DeserializeOwned, U: From<T>>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<U>, ApiError> {
        let list: Option<Vec<T>> = self.get(path, query).await?;
        Ok(list.into_iter().flatten().map(U::from).collect())
    }

    /// Asks with a body, which changes nothing: without a clear answer it may just be asked again.
    async fn ask<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ApiError> {
        match self.client.call(self.request(Method::POST, path).json(body)).await {
            Ok(answer) => answer.json(),
            Err(ApiError::Ambiguous { service, cause }) => {
                Err(ApiError::Unavailable { service, cause })
            }
            Err(error) => Err(error),
        }
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, ApiError> {
        let answer = self.client.call(self.request(method, path).json(body)).await?;
        answer.json().map_err(ApiError::after_write)
    }

    /// A write that is answered with its success alone.
    async fn done(&self, method: Method, path: &str, body: &Value) -> Result<(), ApiError> {
        let done: Done = self.write(method, path, body).await?;
        if done.status == "OK" {
            return Ok(());
        }
        Err(malformed("a success that is none").after_write())
    }

    /// The same where there is nothing to say.
    async fn remove(&self, path: &str) -> Result<(), ApiError> {
        let answer = self.client.call(self.request(Method::DELETE, path)).await?;
        let done: Done = answer.json().map_err(ApiError::after_write)?;
        if done.status == "OK" {
            return Ok(());
        }
        Err(malformed("a success that is none").after_write())
    }
}
