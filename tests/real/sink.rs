//! Where the mail server's outgoing mail ends: an SMTP server that keeps every byte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A mail as it left the server.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipients.
    pub(crate) to: Vec<String>,
    pub(crate) raw: Vec<u8>,
}

/// Listens until the test has ended.
pub(crate) struct Sink {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Sent>>>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                // A client that hangs up has said all it wanted to.
                thread::spawn(move || drop(serve(&stream, &kept)));
            }
        });
        Self { port, mails }
    }

    /// What left so far.
    pub(crate) fn mails(&self) -> Vec<Sent> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: &TcpStream, kept: &Mutex<Vec<Sent>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    writer.write_all(b"220 sink.example.org ESMTP\r\n")?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.trim().to_ascii_uppercase();
        let answer = match verb.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-sink.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "MAIL" => {
                (from, to) = (address(&line), Vec::new());
                "250 ok\r\n"
            }
            "RCPT" => {
                to.push(address(&line));
                "250 ok\r\n"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                let raw = data(&mut reader)?;
                let sent = Sent { from: from.clone(), to: to.clone(), raw };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
                "250 ok\r\n"
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => "250 ok\r\n",
        };
        writer.write_all(answer.as_bytes())?;
    }
}

fn data(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}
