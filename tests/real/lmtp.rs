//! Mail on its last step into a mailbox: LMTP (RFC 2033), as much of it as delivering takes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than a server thinks about 50 MB.
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) struct Lmtp {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Lmtp {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        let mut lmtp = Self { port, stream: BufReader::new(stream) };
        lmtp.answer().unwrap();
        lmtp.say("LHLO mx.example.org").unwrap();
        lmtp
    }

    /// Delivers a mail; the server's words if it will not have it.
    pub(crate) fn deliver(&mut self, mail: &[u8]) -> Result<(), String> {
        let delivered = self.try_deliver(mail);
        if delivered.is_err() {
            // It may have hung up in the middle.
            *self = Self::connect(self.port);
        }
        delivered
    }

    fn try_deliver(&mut self, mail: &[u8]) -> Result<(), String> {
        self.say("MAIL FROM:<bounces@customer.example> BODY=8BITMIME")?;
        self.say("RCPT TO:<support>")?;
        self.say("DATA")?;
        let mut out = Vec::with_capacity(mail.len() + 1024);
        for line in mail.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                out.push(b'.');
            }
            out.extend_from_slice(line);
        }
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        self.stream.get_mut().write_all(&out).map_err(|error| error.to_string())?;
        self.answer()
    }

    fn say(&mut self, line: &str) -> Result<(), String> {
        let line = format!("{line}\r\n");
        self.stream.get_mut().write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        self.answer()
    }

    /// Reads one answer, which may have many lines.
    fn answer(&mut self) -> Result<(), String> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).map_err(|error| error.to_string())?;
            match line.as_bytes() {
                [b'2' | b'3', _, _, b' ', ..] => return Ok(()),
                [_, _, _, b'-', ..] => {}
                _ => return Err(line.trim().to_owned()),
            }
        }
    }
}
