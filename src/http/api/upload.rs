//! Bodies with what a caller wants written: JSON, or a form with files. Files go piece by piece into
//! the store, sealed, and are never held whole; a body that brings nothing for a while is given up,
//! and of many that come at once most wait.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use http::{StatusCode, header::CONTENT_TYPE};
use hyper::body::{Body, Incoming};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    Asking,
    problem::{Fault, Problem, says},
};
use crate::{
    actors::Desk,
    http::{body, error::HttpError},
    model::request::StoredFile,
};

/// How long a body may bring nothing.
const STILL: Duration = Duration::from_secs(30);
/// How long a body may take in all.
const WHOLE: Duration = Duration::from_mins(15);
/// How long a body waits for its turn.
const TURN: Duration = Duration::from_mins(2);
/// Bytes that may come before a part of the form begins or goes on: its headers.
const AHEAD_MAX: usize = 64 * 1024;
/// What separates and heads the parts of a form, at most, beside what is in them.
const FRAME_MAX: u64 = 1024 * 1024;
/// The most parts of a form, beside its files.
const PARTS_MAX: usize = 100;
/// The longest name of a file, in characters.
const NAME_MAX: usize = 200;
/// The field that files come in.
const FILES: &str = "attachments";

/// What came.
#[derive(Default)]
pub(super) struct Given {
    /// Everything but the files.
    pub(super) fields: Map<String, Value>,
    /// The files, in the store.
    pub(super) files: Vec<StoredFile>,
    /// Digests of their bytes.
    pub(super) prints: Vec<String>,
}

impl Given {
    /// Lets go of the files of a request that is refused.
    pub(super) async fn refused(self, desk: &Desk, problem: Problem) -> Problem {
        for file in self.files {
            if let Err(error) = desk.uploads().remove(&file.upload).await {
                tracing::warn!(%error, "a file of a refused request stays until the next start");
            }
        }
        problem
    }
}

/// Reads a body of either type.
pub(super) async fn read(asking: &Asking<'_>, body: Incoming) -> Result<Given, Problem> {
    let kind = asking.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => json(asking, body).await,
        "multipart/form-data" => {
            let broken = || Problem::body(vec![Fault::whole(says("api-fault-multipart"))]);
            let boundary = multer::parse_boundary(kind).map_err(|_| broken())?;
            form(asking, body, boundary).await
        }
        _ => {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Problem::new(status, "unsupported-media-type", says("api-media-type")))
        }
    }
}

async fn json(asking: &Asking<'_>, body: Incoming) -> Result<Given, Problem> {
    let bytes = body::read(body, asking.context.door.body_bytes).await?;
    let whole = |key| Problem::body(vec![Fault::whole(says(key))]);
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(Given { fields, ..Given::default() }),
        Ok(_) => Err(whole("api-fault-object")),
        Err(_) => Err(whole("api-fault-json")),
    }
}

async fn form(asking: &Asking<'_>, body: Incoming, boundary: String) -> Result<Given, Problem> {
    let api = asking.api;
    let limit = api.upload_bytes + asking.context.door.body_bytes as u64 + FRAME_MAX;
    if body.size_hint().lower() > limit {
        return Err(too_large(api.upload_bytes));
    }
    let turn = tokio::time::timeout(TURN, api.uploads.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        asking.context.metrics.shed("uploads");
        let wait = Duration::from_secs(10);
        return Err(Problem::busy("uploads-full", says("api-uploads-full"), wait));
    };
    let ahead = Arc::new(AtomicUsize::new(0));
    let pieces = Pieces { body, ahead: ahead.clone(), rest: false };
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(limit));
    let form = Multipart::with_constraints(pieces, boundary, limits);
    let mut reading = Reading { asking, ahead, given: Given::default(), faults: Vec::new() };
    let read = tokio::time::timeout(WHOLE, reading.all(form)).await;
    let problem = match read {
        Ok(Ok(())) if reading.faults.is_empty() => return Ok(reading.given),
        Ok(Ok(())) => Problem::body(reading.faults),
        Ok(Err(problem)) => problem,
        Err(_) => HttpError::BodyTimeout.into(),
    };
    Err(reading.given.refused(&api.desk, problem).await)
}

struct Reading<'a> {
    asking: &'a Asking<'a>,
    ahead: Arc<AtomicUsize>,
    given: Given,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    async fn all(&mut self, mut form: Multipart<'static>) -> Result<(), Problem> {
        let mut room = self.asking.context.door.body_bytes;
        let mut bytes = self.asking.api.upload_bytes;
        let mut parts = PARTS_MAX + self.asking.api.upload_files;
        while let Some(field) = self.in_time(form.next_field()).await? {
            let left = parts.checked_sub(1);
            parts = left.ok_or_else(|| Problem::too_large(says("api-too-many-parts")))?;
            let name = field.name().unwrap_or_default().to_owned();
            if name == FILES && field.file_name().is_some() {
                self.file(field, &mut bytes).await?;
            } else {
                self.text(&name, field, &mut room).await?;
            }
        }
        Ok(())
    }

    async fn text(
        &mut self,
        name: &str,
        mut field: Field<'static>,
        room: &mut usize,
    ) -> Result<(), Problem> {
        let mut text = Vec::new();
        let max = self.asking.context.door.body_bytes;
        *room = room.checked_sub(name.len()).ok_or(HttpError::TooLarge(max))?;
        while let Some(bytes) = self.in_time(field.chunk()).await? {
            *room = room.checked_sub(bytes.len()).ok_or(HttpError::TooLarge(max))?;
            text.extend_from_slice(&bytes);
        }
        let Ok(text) = String::from_utf8(text) else {
            self.faults.push(Fault::at(name, says("api-fault-text")));
            return Ok(());
        };
        let fields = &mut self.given.fields;
        match (name, fields.get_mut(name)) {
            // What a form leaves empty is not given.
            ("watchers" | "priority" | "board" | "category" | FILES, _) if text.is_empty() => {}
            (FILES, _) => self.faults.push(Fault::at(name, says("api-fault-file"))),
            ("watchers", Some(Value::Array(list))) => list.push(text.into()),
            ("watchers", _) => {
                fields.insert(name.to_owned(), Value::Array(vec![text.into()]));
            }
            (_, Some(_)) => self.faults.push(Fault::at(name, says("api-fault-twice"))),
            (_, None) => {
                fields.insert(name.to_owned(), text.into());
            }
        }
        Ok(())
    }

    async fn file(&mut self, mut field: Field<'static>, room: &mut u64) -> Result<(), Problem> {
        let api = self.asking.api;
        let given = field.file_name().unwrap_or_default().to_owned();
        let media_type = field.content_type().map(|kind| kind.essence_str().to_owned());
        let mut writer = None;
        let mut print = Sha256::new();
        while let Some(bytes) = self.in_time(field.chunk()).await? {
            if bytes.is_empty() {
                continue;
            }
            *room =
                room.checked_sub(bytes.len() as u64).ok_or_else(|| too_large(api.upload_bytes))?;
            print.update(&bytes);
            if writer.is_none() {
                if self.given.files.len() >= api.upload_files {
                    let told = says("api-too-many-files").with("max", api.upload_files);
                    return Err(Problem::too_large(told));
                }
                let begun = api.desk.uploads().begin().await;
                writer = Some(begun.map_err(|error| Problem::store(&error))?);
            }
            if let Some(writer) = &mut writer {
                writer.write(bytes).await.map_err(|error| Problem::store(&error))?;
            }
        }
        // A browser sends an empty file where none was chosen; trackers refuse empty ones.
        let Some(writer) = writer else { return Ok(()) };
        let (upload, size) = writer.finish().await.map_err(|error| Problem::store(&error))?;
        let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        self.given.files.push(StoredFile { upload, name: file_name(&given), media_type, size });
        self.given.prints.push(base16ct::lower::encode_string(&print.finalize()));
        Ok(())
    }

    /// What the form brings next; not being whole is its fault.
    async fn in_time<T>(
        &self,
        next: impl Future<Output = multer::Result<Option<T>>>,
    ) -> Result<Option<T>, Problem> {
        let next = tokio::time::timeout(STILL, next).await.map_err(|_| HttpError::BodyTimeout)?;
        self.ahead.store(0, Relaxed);
        next.map_err(|error| match error {
            multer::Error::StreamSizeExceeded { .. } => too_large(self.asking.api.upload_bytes),
            _ => Problem::body(vec![Fault::whole(says("api-fault-multipart"))]),
        })
    }
}

fn too_large(max: u64) -> Problem {
    Problem::too_large(says("api-files-too-large").with("max", max))
}

/// The name alone, without the folders that some send, and without what cannot be seen.
fn file_name(given: &str) -> String {
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let clean = clean.trim().trim_start_matches('.');
    let skipped = clean.chars().count().saturating_sub(NAME_MAX);
    // The end tells the type.
    let kept: String = clean.chars().skip(skipped).collect();
    if kept.is_empty() { "attachment".to_owned() } else { kept }
}

/// The body, piece by piece: the reader of the form would take in all that has arrived at once.
struct Pieces {
    body: Incoming,
    /// Bytes that the form has taken in and given nothing for.
    ahead: Arc<AtomicUsize>,
    rest: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err("the body broke off"))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            };
            let Ok(bytes) = frame.into_data() else { continue };
            if self.ahead.fetch_add(bytes.len(), Relaxed) + bytes.len() > AHEAD_MAX {
                return Poll::Ready(Some(Err("the head of a part is too long")));
            }
            self.rest = true;
            return Poll::Ready(Some(Ok(bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_a_name_alone() {
        let long = format!("{}.png", "x".repeat(300));
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("C:\\Users\\me\\report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            (".bashrc", "bashrc"),
            ("a\u{7}b\n.txt", "ab.txt"),
            ("보고서.pdf", "보고서.pdf"),
            ("", "attachment"),
            ("..", "attachment"),
            (&long, &long[104..]),
        ] {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
    }
}
