//! What is to hang on an issue, and where its bytes come from: a mailbox, or what a caller has sent.
//! A caller's text that the issue has no room for hangs on it too.

use std::fmt::Display;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};

use super::{Creator, read, wanted};
use crate::{
    actors::{
        issue_words::{Parcel, WHOLE_TEXT},
        mailboxes::Mailbox,
    },
    clients::ApiError,
    model::{
        desk::Outcome,
        effect::{Effect, MailRef},
        request::{UploadId, Wanted},
    },
    store::{StoreError, Uploads},
};

/// Where files come from.
pub(in crate::actors) enum Goods<'g> {
    /// A mail's.
    Mail(&'g Mailbox),
    /// A caller's, and what they wrote.
    Request(&'g Uploads, &'g Wanted),
}

/// The bytes of a file, and how many there are.
type Measured = (BoxStream<'static, Result<Bytes, ApiError>>, u64);

impl Goods<'_> {
    /// A file's bytes, for another service.
    ///
    /// # Errors
    /// Of the mailbox, or of the store's files.
    pub(in crate::actors) async fn bytes(&self, parcel: &Parcel) -> Result<Measured, ApiError> {
        let Parcel { blob, name, media_type, size } = parcel;
        match self {
            Self::Mail(mailbox) => {
                let (file, length) = mailbox.source.measured(blob, name, media_type, *size).await?;
                Ok((file.into_stream().boxed(), length))
            }
            Self::Request(_, wanted) if blob == WHOLE_TEXT => {
                let text = Bytes::from(wanted.body().to_owned());
                let length = text.len() as u64;
                Ok((stream::once(async { Ok(text) }).boxed(), length))
            }
            Self::Request(uploads, _) => {
                let opened = uploads.open(&UploadId(blob.as_str().into())).await;
                let (bytes, length) = opened.map_err(|fault| broken(&fault))?.ok_or_else(gone)?;
                Ok((bytes.map_err(|fault| broken(&fault)).boxed(), length))
            }
        }
    }
}

fn broken(fault: &dyn Display) -> ApiError {
    ApiError::Malformed { service: "store", cause: fault.to_string() }
}

fn gone() -> ApiError {
    ApiError::NotFound { service: "store" }
}

pub(super) async fn of_mail<C: Creator>(
    by: &C,
    effect: &Effect,
    mailbox: &Mailbox,
    mail: (&MailRef, bool),
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    match read(by, effect, mailbox, mail).await {
        Ok(reading) => by.attach(effect, &Goods::Mail(mailbox), &reading.parcels(), issue).await,
        Err(outcome) => Ok(outcome),
    }
}

pub(super) async fn of_request<C: Creator>(
    by: &C,
    effect: &Effect,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let wanted = match wanted(by, effect).await? {
        Ok(wanted) => wanted,
        Err(outcome) => return Ok(outcome),
    };
    let limit = match limit(by, effect, &wanted).await {
        Ok(limit) => limit,
        Err(outcome) => return Ok(outcome),
    };
    let common = by.common();
    let parcels = by.writer(common.locale).parcels_of(&wanted, limit);
    let goods = Goods::Request(common.desk.uploads(), &wanted);
    by.attach(effect, &goods, &parcels, issue).await
}

/// Bytes of the largest file that the tracker takes, asked only where it matters.
pub(super) async fn limit<C: Creator>(
    by: &C,
    effect: &Effect,
    wanted: &Wanted,
) -> Result<u64, Outcome> {
    if wanted.files().is_empty() {
        return Ok(u64::MAX);
    }
    by.limit().await.map_err(|error| by.read_failed(effect, &error))
}
