//! Texts of strangers, made fit: one line of a subject, and files' names that are safe in a path
//! and each once in a mail.

use std::collections::{HashMap, HashSet};

/// The longest name of a file, in bytes.
const NAME_MAX: usize = 200;
/// Bytes that a number may take.
const NUMBER_MAX: usize = 24;

/// `text` on one line, its ends trimmed, at most `max` characters.
pub(in crate::clients) fn folded(text: &str, max: usize) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(blank).take(max).collect();
    line.trim().to_owned()
}

/// A file's name out of an attached mail's name or subject.
pub(in crate::clients) fn as_mail_file(name: &str) -> String {
    // Room for the ending: a name is cut at its stem.
    let name = folded(name, 150);
    let has_ending = name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("eml"));
    match name.as_str() {
        "" => "message.eml".to_owned(),
        _ if has_ending => name,
        _ => format!("{name}.eml"),
    }
}

/// Gives each attachment of one mail its name.
#[derive(Default)]
pub(in crate::clients) struct Names {
    taken: HashSet<String>,
    /// The next number of those that look alike: nobody counts up from the start for each.
    next: HashMap<String, u64>,
}

impl Names {
    /// A safe name like `wanted`, or one after the media type, that no other of this mail has.
    pub(in crate::clients) fn give(&mut self, wanted: Option<&str>, media_type: &str) -> String {
        let name = wanted.map(safe).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| default(media_type));
        let (stem, ending) = split(&name);
        let mut given = fitted(stem, NAME_MAX, "", ending);
        // File systems and people do not tell names apart by case.
        if self.taken.insert(given.to_lowercase()) {
            return given;
        }
        let alike = fitted(stem, NAME_MAX - NUMBER_MAX, "", ending).to_lowercase();
        let number = self.next.entry(alike).or_insert(2);
        while !self.taken.insert(given.to_lowercase()) {
            given = fitted(stem, NAME_MAX, &format!(" ({number})"), ending);
            *number += 1;
        }
        given
    }
}

/// Without path separators, control characters and the marks that turn the reading direction,
/// with which `exe.gpj` passes for a picture.
fn safe(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = name.chars().filter(|c| !turns(*c)).map(|c| match c {
        '/' | '\\' => '_',
        c if c.is_control() => ' ',
        c => c,
    });
    let kept: String = kept.collect();
    let kept = kept.trim();
    if kept.chars().all(|c| c == '.') { String::new() } else { kept.to_owned() }
}

fn default(media_type: &str) -> String {
    let media_type = media_type.to_ascii_lowercase();
    let (kind, detail) = media_type.split_once('/').unwrap_or(("", ""));
    let name = match (kind, detail) {
        ("image", "png" | "gif" | "bmp" | "webp" | "tiff") => return format!("image.{detail}"),
        ("image", "jpeg" | "jpg") => "image.jpg",
        ("image", _) => "image",
        ("application", "pdf") => "document.pdf",
        ("text", "calendar") => "invite.ics",
        ("text", "plain") => "text.txt",
        ("text", "html") => "text.html",
        ("message", "rfc822") => "message.eml",
        _ => "attachment",
    };
    name.to_owned()
}

/// Stem and ending; an ending is short, or it is none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
        _ => (name, ""),
    }
}

/// The three together, the stem cut to what fits.
fn fitted(stem: &str, max: usize, number: &str, ending: &str) -> String {
    let room = max.saturating_sub(number.len() + ending.len());
    format!("{}{number}{ending}", stem[..stem.floor_char_boundary(room)].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_it_becomes_safe_and_single() {
        let mut names = Names::default();
        for (wanted, media_type, expected) in [
            (Some("image.png"), "image/png", "image.png"),
            (Some("image.png"), "image/png", "image (2).png"),
            (Some("IMAGE.PNG"), "image/png", "IMAGE (3).PNG"),
            (Some("../../etc/passwd"), "text/plain", ".._.._etc_passwd"),
            (Some("C:\\a\\b.txt"), "text/plain", "C:_a_b.txt"),
            (Some("a\r\nb\0.txt"), "text/plain", "a  b.txt"),
            (Some("photo\u{202e}gpj.exe"), "image/jpeg", "photogpj.exe"),
            (Some(".."), "application/pdf", "document.pdf"),
            (Some("  "), "TEXT/Calendar", "invite.ics"),
            (None, "image/jpeg", "image.jpg"),
            (None, "x", "attachment"),
            (None, "x", "attachment (2)"),
            (Some("winmail.dat"), "application/ms-tnef", "winmail.dat"),
            (Some("Rechnung – Müller.pdf"), "application/pdf", "Rechnung – Müller.pdf"),
        ] {
            assert_eq!(names.give(wanted, media_type), expected, "{wanted:?} {media_type}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_ending() {
        let mut names = Names::default();
        let long = format!("{}.docx", "ü".repeat(500));
        let (one, two) = (names.give(Some(&long), "x/y"), names.give(Some(&long), "x/y"));
        assert!(one.len() <= NAME_MAX && one.ends_with("ü.docx"), "{one}");
        assert!(two.len() <= NAME_MAX && two.ends_with("ü (2).docx"), "{two}");
        let no_ending = names.give(Some(&format!("a.{}", "b".repeat(500))), "x/y");
        assert_eq!(no_ending.len(), NAME_MAX);
    }

    #[test]
    fn thousands_of_one_name_are_named_in_no_time() {
        let mut names = Names::default();
        let long = "x".repeat(190);
        let start = std::time::Instant::now();
        for number in 1..=20_000 {
            let given = names.give(Some("a.png"), "image/png");
            assert!(number == 1 || given == format!("a ({number}).png"), "{given}");
            let alike = format!("{long}{:05}.png", number / 2);
            assert!(names.give(Some(&alike), "image/png").len() <= NAME_MAX);
        }
        assert_eq!(names.taken.len(), 40_000);
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }

    #[test]
    fn a_subject_is_one_line_of_limited_length() {
        assert_eq!(folded(" a\0b\r\nc\u{85}d ", 1_000), "a b  c d");
        assert_eq!(folded(&"ü".repeat(2_000), 1_000).chars().count(), 1_000);
    }
}
