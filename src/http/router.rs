//! Every route in one list, and the way of a request through the door.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use matchit::Router;
use tracing::Instrument;

use super::{
    api::{self, Call},
    context::Context,
    error::HttpError,
    health, hook_graph, hook_jira, login_form,
    reply::Reply,
    request_id, slash_redmine, slash_ticket, ticket_button, ticket_form,
};

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Health,
    Ready,
    Metrics,
    SlashRedmine,
    LoginForm,
    SlashTicket,
    TicketForm,
    TicketButton,
    HookJira,
    HookGraph,
    Api(Call),
}

/// Path, methods (as `Allow` says them), endpoint. `{context}` stands for `http.context`.
type Route = (&'static str, &'static str, Endpoint);

const CONTEXT: &str = "{context}";
const READ: &str = "GET, OPTIONS";
const WRITE: &str = "POST, OPTIONS";
const BOTH: &str = "GET, POST, OPTIONS";

const ROUTES: &[Route] = &[
    ("/health", "GET, HEAD", Endpoint::Health),
    ("/ready", "GET, HEAD", Endpoint::Ready),
    ("/metrics", "GET, HEAD", Endpoint::Metrics),
    ("/slash/redmine", "POST, GET", Endpoint::SlashRedmine),
    ("/slash/redmine/login/{secret}", "POST", Endpoint::LoginForm),
    ("/ticket", "POST, GET", Endpoint::SlashTicket),
    ("/ticket/submit/{secret}", "POST", Endpoint::TicketForm),
    ("/actions/{secret}", "POST", Endpoint::TicketButton),
    ("/hooks/jira", "POST", Endpoint::HookJira),
    ("/hooks/graph/{mailbox}", "POST", Endpoint::HookGraph),
    ("{context}/tickets", BOTH, Endpoint::Api(Call::Tickets)),
    ("{context}/tickets/", BOTH, Endpoint::Api(Call::Tickets)),
    ("{context}/tickets/supported-boards", READ, Endpoint::Api(Call::Boards)),
    ("{context}/tickets/supported-categories", READ, Endpoint::Api(Call::Categories)),
    ("{context}/tickets/events", READ, Endpoint::Api(Call::Events)),
    ("{context}/tickets/{key}", READ, Endpoint::Api(Call::Ticket)),
    ("{context}/tickets/{key}/comment", WRITE, Endpoint::Api(Call::Comment)),
    ("{context}/requests/{id}", READ, Endpoint::Api(Call::Progress)),
    ("{context}/openapi.json", READ, Endpoint::Api(Call::Description)),
    ("{context}/docs", READ, Endpoint::Api(Call::Docs)),
    ("{context}/docs/", READ, Endpoint::Api(Call::Docs)),
    ("{context}/docs/{file}", READ, Endpoint::Api(Call::Docs)),
];

/// Finds the one of [`ROUTES`] that a path belongs to.
pub(super) struct Routes {
    router: Router<Route>,
    api: String,
}

impl Routes {
    /// `api` is what stands for `{context}`.
    pub(super) fn new(api: &str) -> Result<Self, matchit::InsertError> {
        let mut router = Router::new();
        for route in ROUTES {
            let path = route.0.strip_prefix(CONTEXT);
            let path = path.map_or_else(|| route.0.to_owned(), |path| format!("{api}{path}"));
            router.insert(path, *route)?;
        }
        Ok(Self { router, api: format!("{api}/") })
    }

    /// Answers a request, whatever happens.
    pub(super) async fn answer(
        &self,
        context: &Arc<Context>,
        request: Request<Incoming>,
    ) -> Result<Reply, Infallible> {
        let started = Instant::now();
        let id = context.door.ids.of(request.headers());
        let found = self.router.at(request.uri().path()).ok();
        let path = found.as_ref().map_or("unknown", |found| found.value.0);
        let span = tracing::info_span!("ticketd.http", request.id = %id, http.route = path);
        let is_api = request.uri().path().starts_with(&self.api);
        let headers = is_api.then(|| request.headers().clone());
        let outcome = match found {
            None => Err(HttpError::NotFound),
            Some(found) => {
                let (_, allowed, endpoint) = *found.value;
                // No path has more than one open part.
                let part = found.params.iter().next().map_or("", |(_, part)| part).to_owned();
                if allowed.split(", ").any(|method| method == request.method().as_str()) {
                    let asked = Asked { endpoint, part: &part, allowed, id: &id };
                    let work = dispatch(context, request, asked);
                    let caught = AssertUnwindSafe(work.instrument(span.clone())).catch_unwind();
                    caught.await.unwrap_or_else(|_| {
                        span.in_scope(|| tracing::error!("a request failed by a panic"));
                        Err(HttpError::Internal)
                    })
                } else {
                    Err(HttpError::MethodNotAllowed(allowed))
                }
            }
        };
        let mut reply = outcome.unwrap_or_else(|error| {
            span.in_scope(|| log(context, &error));
            match &headers {
                Some(headers) => api::refused(context, error, headers, &id),
                None => error.reply(context, &id),
            }
        });
        if let Ok(value) = HeaderValue::from_str(&id) {
            reply.headers_mut().insert(request_id::HEADER, value);
        }
        let (status, took) = (reply.status().as_u16(), started.elapsed());
        context.metrics.http_request(path, status, took);
        span.in_scope(|| {
            tracing::debug!(status, duration_us = took.as_micros(), "a request was answered");
        });
        Ok(reply)
    }
}

/// What a path says, and what the request is called.
struct Asked<'a> {
    endpoint: Endpoint,
    part: &'a str,
    allowed: &'static str,
    id: &'a str,
}

async fn dispatch(
    context: &Arc<Context>,
    request: Request<Incoming>,
    Asked { endpoint, part, allowed, id }: Asked<'_>,
) -> Result<Reply, HttpError> {
    match endpoint {
        Endpoint::Health => Ok(health::health()),
        Endpoint::Ready => Ok(health::ready(context)),
        Endpoint::Metrics => Ok(health::metrics(context)),
        Endpoint::SlashRedmine => slash_redmine::answer(context, request, id).await,
        Endpoint::SlashTicket => slash_ticket::answer(context, request, id).await,
        Endpoint::TicketForm => ticket_form::answer(context, request, part, id).await,
        Endpoint::TicketButton => ticket_button::answer(context, request, part, id).await,
        Endpoint::HookJira => hook_jira::answer(context, request).await,
        Endpoint::HookGraph => hook_graph::answer(context, request, part).await,
        Endpoint::LoginForm => login_form::answer(context, request, part, id).await,
        Endpoint::Api(call) => {
            Ok(Box::pin(api::answer(context, call, request, part, allowed, id)).await)
        }
    }
}

/// Callers' mistakes are theirs to read; what the operator can mend is told once a minute, because
/// a stranger can cause it as often as they like.
fn log(context: &Context, error: &HttpError) {
    let first = |what| context.door.complaints.check_key(&what).is_ok();
    match error {
        HttpError::Internal => {}
        HttpError::Overloaded => {
            context.metrics.shed("requests");
            if first("overloaded") {
                tracing::warn!("requests are turned away: too many at once");
            }
        }
        HttpError::TooManyRequests => context.metrics.shed("strangers"),
        HttpError::Unauthorized if first("unauthorized") => tracing::warn!(
            "a slash command came with a token that is not among its slash_tokens, or with none"
        ),
        HttpError::Unsigned if first("unsigned") => tracing::warn!(
            "a webhook came without a signature by jira.webhook_secret; compare it in jira"
        ),
        _ => tracing::debug!(status = error.status().as_u16(), "a request was refused"),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn every_path_leads_somewhere_and_allows_known_methods() {
        let routes = Routes::new("/api").unwrap();
        for (path, allowed, endpoint) in ROUTES {
            let found = path.replace(CONTEXT, "/api");
            let found = routes.router.at(&found).unwrap();
            assert_eq!(found.value.2, *endpoint);
            for method in allowed.split(", ") {
                assert!(
                    [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]
                        .iter()
                        .any(|known| known.as_str() == method)
                );
            }
        }
        assert!(routes.router.at("/slash/redmine/").is_err());
    }
}
