//! A ticketd that runs, between a Redmine and a stand-in of Mattermost, and what a person does
//! with it. A test that ends while its ticketd does not end cleanly fails.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

pub(crate) mod api;
mod app;
pub(crate) mod bad_mails;
mod calendar;
mod chat;
pub(crate) mod emoji;
pub(crate) mod filing;
pub(crate) mod flows;
pub(crate) mod mails;
mod office;
mod operator;
mod post;
pub(crate) mod reading;
mod recorded;
mod relay;
mod tickets;
mod tracker;
pub(crate) mod wire;

pub(crate) use app::{PUBLIC_URL, Setup, TestApp};
pub(crate) use calendar::within_an_hour;
pub(crate) use chat::{eventually, read};
pub(crate) use office::Office;
pub(crate) use operator::Operator;
pub(crate) use post::{Closed, HOOK_SECRET, Letter, Post, PostSetup, configure};
pub(crate) use recorded::{VERSIONS, Version, posted, requests};
pub(crate) use relay::Relay;
pub(crate) use tickets::{
    field, filled, form, free_address, name_of, number_of, tickets, told, with_tickets,
};
