//! The baseline: bare hyper with the front door's shape and nothing behind it. It reads the body
//! and answers JSON of the same size.

use std::{convert::Infallible, net::Ipv4Addr};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves for ever; an answer to POST has `size` bytes.
pub(crate) async fn serve(size: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    let text = "x".repeat(size.saturating_sub(r#"{"text":""}"#.len()));
    let long = Bytes::from(format!(r#"{{"text":"{text}"}}"#));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let long = long.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &long));
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    long: &Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let post = request.method() == Method::POST;
    // A body that breaks off ends the connection too.
    drop(request.into_body().collect().await);
    let body = if post { long.clone() } else { Bytes::from_static(br#"{"status":"ok"}"#) };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
