//! `Debug` for what people wrote: subjects, texts, names and addresses belong in no log, so only the
//! fields that are named here are shown.

/// `discreet!(Case { id, issue });` is a `Debug` that shows these fields and that there are more.
macro_rules! discreet {
    ($type:ident { $($field:ident),* }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use discreet;

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use crate::model::{
        case::{MailRecord, MailState},
        desk::{open, samples},
        jira::{Account, AttachmentInfo},
        keys::CaseId,
        mail::{Address, Attachment, Content, Email, Mail, MessageId},
    };

    #[test]
    fn what_people_wrote_is_not_shown() {
        let text = || "planted".to_owned();
        let email = Email::parse("planted@x.example").unwrap();
        let person = Address { name: Some(text()), email: email.clone() };
        let mail = Mail {
            subject: text(),
            message_id: MessageId::parse("planted@x.example"),
            from: Some(person.clone()),
            reply_to: Some(person.clone()),
            recipients: vec![person.clone()],
            ..samples::mail(1)
        };
        let (now, mailbox, mail_ref) = (samples::at(0), samples::mailbox(), samples::mail_ref(1));
        let key = mail_ref.key;
        let (case, mut effects) =
            open(CaseId::first(), &mailbox, (&mail, mail_ref), None, samples::POLICY, now);
        let mut effect = effects.remove(0);
        effect.fault = Some(text());
        let id = CaseId::first();
        let record = MailRecord {
            key,
            mailbox,
            remote: mail.remote.clone(),
            folder: mail.folder,
            from: Some(email.clone()),
            subject: text(),
            received: now,
            recorded: now,
            state: MailState::Ticket { case: id },
        };
        let file = Attachment {
            blob: "G1".to_owned(),
            name: text(),
            media_type: text(),
            size: 1,
            content_id: Some(text()),
        };
        let content = Content {
            text: Some(text()),
            html: Some(text()),
            attachments: vec![file],
            ..Content::default()
        };
        let account = Account { id: text(), display_name: text(), email: Some(email) };
        let info =
            AttachmentInfo { id: 1, filename: text(), size: 1, media_type: text(), mine: true };
        let all: [&dyn Debug; 8] =
            [&person, &mail, &case, &effect, &record, &content, &account, &info];
        for one in all {
            let shown = format!("{one:?}");
            assert!(!shown.contains("planted"), "{shown}");
        }
        assert!(format!("{case:?}").starts_with("Case { id: "), "{case:?}");
    }
}
