//! Plain mails as people write them: two of each sender, each a conversation of its own.

use bytes::Bytes;
use ticketd::sandbox::Jmap;

/// Mails `from..to`.
pub(crate) fn plain(from: usize, to: usize) -> Vec<Bytes> {
    (from..to).map(one).collect()
}

fn one(number: usize) -> Bytes {
    let sender = number / 2;
    let body = "Good morning,\r\n\r\nsince yesterday the printer on the second floor prints \
                every page twice.\r\nI have switched it off and on again, and it did not help.\r\n\
                \r\nKind regards\r\n";
    format!(
        "From: Person {sender} <person{sender}@customer.example>\r\n\
         To: {to}\r\n\
         Subject: The printer of room {number} prints twice\r\n\
         Message-ID: <bench-{number}@customer.example>\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}",
        to = Jmap::ADDRESS,
    )
    .into()
}
