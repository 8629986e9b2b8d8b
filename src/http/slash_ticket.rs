//! `/ticket`: what users type about tickets.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    context::Context,
    error::HttpError,
    reply::{self, Reply},
    slash::{self, Asker, PATIENCE, SlashForm},
};
use crate::{
    actors::TicketOrder,
    locale::Locale,
    model::{
        ids::{BadId, ChannelId, ResponseHook, TeamId, UserId},
        ticket::Person,
    },
};

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    request_id: &str,
) -> Result<Reply, HttpError> {
    let Some(tickets) = &context.tickets else {
        return Err(context.door.stranger(HttpError::NotFound));
    };
    let form = slash::read(context, request, &tickets.slash_tokens).await?;
    let _place = context.door.enter()?;
    let deadline = Instant::now() + PATIENCE;
    let user = UserId::parse(&form.user_id).map_err(|_| HttpError::BadRequest("user"))?;
    let locale = context.locales.of(&user).await;
    if context.door.is_too_fast(&user) {
        context.metrics.shed("pace");
        return Ok(reply::ephemeral(&context.texts.say(locale, "too-fast", &[])));
    }
    let hook = form.response_url.as_deref().and_then(ResponseHook::parse);
    let order =
        order(form, user, hook.clone(), locale).map_err(|_| HttpError::BadRequest("ids"))?;
    let Ok(answer) = tickets.broker.run(order) else {
        return Ok(reply::ephemeral(&context.texts.say(locale, "overloaded", &[])));
    };
    let asker = Asker { context, locale, request_id };
    Ok(reply::ephemeral(&asker.in_time_or_later(answer, deadline, hook).await))
}

fn order(
    form: SlashForm,
    user: UserId,
    hook: Option<ResponseHook>,
    locale: Locale,
) -> Result<TicketOrder, BadId> {
    let mentioned = form.user_mentions.iter().zip(&form.user_mentions_ids);
    let mentioned = mentioned
        .filter_map(|(name, id)| Some(Person::new(UserId::parse(id).ok()?, name)))
        .collect();
    Ok(TicketOrder {
        user: Person::new(user, &form.user_name),
        team: TeamId::parse(&form.team_id)?,
        channel: ChannelId::parse(&form.channel_id)?,
        channel_name: form.channel_name,
        mentioned,
        locale,
        hook,
        trigger_id: form.trigger_id,
        text: form.text,
    })
}
