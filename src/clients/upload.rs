//! A file on its way up: a stream of a length that was announced. One that breaks off, or has
//! another length, fails as itself and not as a broken connection.

use std::{
    future::ready,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use reqwest::Body;

use super::ApiError;

/// What was wrong with the stream, if anything was.
pub(super) struct Fate(Arc<OnceLock<ApiError>>);

impl Fate {
    /// The stream's own failure in place of what the transport made of it: the body never ended,
    /// so the service had no file to keep.
    pub(super) fn or(self, error: ApiError) -> ApiError {
        self.0.get().cloned().unwrap_or(error)
    }
}

/// The stream as a body that fails unless it has exactly this length.
pub(super) fn body(
    service: &'static str,
    bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    length: u64,
) -> (Body, Fate) {
    let broken = Arc::new(OnceLock::new());
    let noted = Arc::clone(&broken);
    let bytes = whole(service, bytes, length).inspect_err(move |error| {
        let _ = noted.set(error.clone());
    });
    (Body::wrap_stream(bytes), Fate(broken))
}

/// The stream, which fails unless it has exactly this length: a request that ends early would
/// otherwise look like a broken connection.
fn whole(
    service: &'static str,
    bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    length: u64,
) -> impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static {
    let wrong = move || {
        let cause = "the upload has another length than announced".to_owned();
        Err(ApiError::Malformed { service, cause })
    };
    let mut left = Some(length);
    // Each piece waits for what follows it: nobody asks for more than was announced, so a piece
    // too many would go unseen behind the last one.
    let mut held = None;
    let ended = bytes.map(Some).chain(stream::once(ready(None)));
    ended.filter_map(move |piece| {
        ready(match piece {
            Some(Ok(bytes)) => {
                let taken = u64::try_from(bytes.len()).ok();
                left = left.zip(taken).and_then(|(left, taken)| left.checked_sub(taken));
                if left.is_some() { held.replace(bytes).map(Ok) } else { Some(wrong()) }
            }
            Some(Err(error)) => Some(Err(error)),
            None if left == Some(0) => held.take().map(Ok),
            None => Some(wrong()),
        })
    })
}
