//! ticketd as its users meet it: one file a flow, against the stand-ins.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by failing"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod chat_client;
mod chat_person;
mod filing;
mod forerunner;
mod forerunner_api;
mod forerunner_jira;
mod forerunner_mail;
mod forerunner_ticket;
mod graph_mailbox;
mod graph_webhooks;
mod health;
mod jira_attachments;
mod jira_comments;
mod jira_issue;
mod jira_trouble;
mod languages;
mod mail_channel;
mod mail_collections;
mod mail_filters;
mod mail_odd;
mod mail_sending;
mod mail_threads;
mod mail_to_jira;
mod mail_to_redmine;
mod mail_war;
mod mailbox_stream;
mod redmine_form;
mod redmine_issues;
mod redmine_login;
mod redmine_mistypes;
mod redmine_trouble;
mod rest;
mod rest_door;
mod rest_events;
mod rest_pages;
mod rest_reading;
mod rest_writing;
mod slash_door;
mod ticket;
mod ticket_emoji;
mod ticket_emoji_trouble;
mod ticket_flows;
mod ticket_input;
mod ticket_jira;
mod ticket_recorded;
mod ticket_state;
mod ticket_trouble;
mod together;
