//! What ticketd tells its operator: log lines here, numbers in [`Metrics`]. Starting the log
//! fails with a sentence for the terminal; writing a line never fails.

mod json;
mod metrics;

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub use metrics::Metrics;

/// The variable that holds another filter, in the form of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "TICKETD_LOG";

/// What is logged if nobody asks for more.
const USUAL: &str = "ticketd=info,warn";

/// Crates that drown ours at `debug`; what sled logs of its insides, the store says in words, and
/// the readers of HTML log every word of a mail. The operator's filter beats this when it names them.
const QUIET: &str = "sled=off,eventsource_client=off,hyper=warn,hyper_util=warn,reqwest=warn,\
                     rustls=warn,html5ever=off,markup5ever=off,html2text=off";

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people, on stderr.
    #[default]
    Text,
    /// One flat JSON object a line, on stderr.
    Json,
    /// The journal of systemd, with every field.
    Journald,
}

/// Why the log cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `TICKETD_LOG` is no filter.
    #[error("{VARIABLE} is no filter ({0}); write one like \"{USUAL}\"")]
    Filter(#[from] ParseError),
    /// A word of `TICKETD_LOG` is no level, and would be taken for a module.
    #[error(
        "{VARIABLE}: {0:?} is no level; write off, error, warn, info, debug or trace, or levels of \
         modules like \"{USUAL}\""
    )]
    Level(String),
    /// systemd's journal does not answer.
    #[error("the journal of systemd cannot be reached ({0}); use --log-format text")]
    Journald(#[source] io::Error),
    /// The process has a log already.
    #[error("the log is started already ({0})")]
    Started(#[from] TryInitError),
}

/// Starts the log of the whole process, once.
///
/// # Errors
/// [`TelemetryError`] if `TICKETD_LOG` is no filter, the journal cannot be reached, or the log is
/// started already.
pub fn init(format: LogFormat) -> Result<(), TelemetryError> {
    let asked = std::env::var(VARIABLE).unwrap_or_default();
    let layer = match format {
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let ansi = io::stderr().is_terminal() && !plain;
            fmt::layer().with_writer(io::stderr).with_ansi(ansi).boxed()
        }
        LogFormat::Json => json_layer(io::stderr).boxed(),
        LogFormat::Journald => tracing_journald::layer()
            .map_err(TelemetryError::Journald)?
            .with_syslog_identifier("ticketd".to_owned())
            .boxed(),
    };
    tracing_subscriber::registry().with(filter(&asked)?).with(layer).try_init()?;
    Ok(())
}

/// From now on a panic is one line of the log, with its place and without its payload, which may
/// hold anything.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "a panic");
    }));
}

fn filter(asked: &str) -> Result<EnvFilter, TelemetryError> {
    let asked = if asked.trim().is_empty() { USUAL } else { asked };
    // A filter takes any word for a module's name: a slip would silence everything.
    let mut words = asked.split(',').map(str::trim);
    let slip = words.find(|word| {
        !word.is_empty() && !word.contains(['=', '[']) && word.parse::<LevelFilter>().is_err()
    });
    if let Some(slip) = slip {
        return Err(TelemetryError::Level(slip.to_owned()));
    }
    // Of two directives for one target the later counts.
    Ok(EnvFilter::builder().parse(format!("{QUIET},{asked}"))?)
}

fn json_layer<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'line> MakeWriter<'line> + Send + Sync + 'static,
{
    fmt::layer()
        .fmt_fields(fmt::format::JsonFields::new())
        .event_format(json::JsonLine)
        .with_writer(writer)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::subscriber::with_default;

    use super::*;

    /// A writer that keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The JSON lines logged by `work` under the filter `asked`.
    fn logged(asked: &str, work: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::registry()
            .with(filter(asked).unwrap())
            .with(json_layer(move || writer.clone()));
        with_default(log, work);
        let bytes = kept.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_json_line_is_flat_and_holds_the_fields_of_all_its_spans() {
        let lines = logged("", || {
            let _outer =
                tracing::info_span!("ticketd.http", request.id = "r1", route = "/a").entered();
            let _inner = tracing::info_span!("ticketd.redmine", route = "/b", late = 0);
            let inner =
                tracing::info_span!("ticketd.redmine", route = "/b", late = tracing::field::Empty);
            inner.record("late", 7);
            inner.in_scope(|| tracing::info!(duration_ms = 12, "answered\n\"so\""));
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let mut line = line.clone();
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(
            line,
            json!({
                "level": "INFO", "target": "ticketd::telemetry::tests",
                "message": "answered\n\"so\"", "duration_ms": 12,
                "request.id": "r1", "route": "/b", "late": 7, "span": "ticketd.redmine",
            })
        );
    }

    #[test]
    fn the_usual_filter_is_quiet_and_an_asked_one_keeps_the_noisy_crates_down() {
        let work = || {
            tracing::info!(target: "ticketd::app", "1");
            tracing::debug!(target: "ticketd::app", "2");
            tracing::info!(target: "moka", "3");
            tracing::warn!(target: "moka", "4");
            tracing::debug!(target: "sled::pagecache", "5");
            tracing::debug!(target: "hyper::proto", "6");
        };
        for (asked, expected) in [
            ("", "14"),
            (" ", "14"),
            ("debug", "1234"),
            ("debug,sled=debug", "12345"),
            ("error,hyper=trace", "6"),
        ] {
            let lines = logged(asked, work);
            let seen: String = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
            assert_eq!(seen, expected, "{asked:?}");
        }
    }

    #[test]
    fn a_bad_filter_is_told_with_an_example() {
        for (asked, begin) in [
            ("ticketd=loud", "TICKETD_LOG is no filter ("),
            ("loud", "TICKETD_LOG: \"loud\" is no level; write off, error, warn"),
            ("info, warning", "TICKETD_LOG: \"warning\" is no level"),
            ("ticketd", "TICKETD_LOG: \"ticketd\" is no level"),
        ] {
            let error = filter(asked).unwrap_err().to_string();
            assert!(error.starts_with(begin), "{error}");
            assert!(error.ends_with("like \"ticketd=info,warn\""), "{error}");
        }
        for asked in ["INFO", "ticketd=debug,", "off", "[ticketd.http{route}]=trace"] {
            assert!(filter(asked).is_ok(), "{asked}");
        }
    }
}
