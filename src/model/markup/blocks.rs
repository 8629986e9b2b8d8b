//! Blocks of lines in each notation: quotes, headings, lists, tables, preformatted text.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Markup, common_mark, redmine::Place, textile, wiki};

/// A cell of a table.
pub(super) struct Cell {
    /// Whether it names the others of its row or column.
    pub(super) head: bool,
    /// Its words, line by line.
    pub(super) lines: Vec<String>,
}

impl Markup {
    pub(super) fn rule(self) -> &'static str {
        if self == Self::Wiki { "----" } else { "---" }
    }

    pub(super) fn heading(self, level: usize, escaped: &str) -> String {
        match self {
            Self::Wiki | Self::Textile => format!("h{level}. {escaped}"),
            Self::CommonMark => format!("{} {escaped}", "#".repeat(level)),
        }
    }

    /// Foreign text that stays as it is.
    pub(super) fn preformatted(self, text: &str) -> String {
        match self {
            Self::Wiki => {
                format!("{{noformat}}\n{}\n{{noformat}}", wiki::preformatted(text).trim_end())
            }
            Self::Textile => format!("<pre>\n{}\n</pre>", textile::preformatted(text).trim_end()),
            Self::CommonMark => {
                format!("```\n{}\n```", common_mark::preformatted(text).trim_end())
            }
        }
    }

    /// A page as a quote.
    pub(super) fn quote(self, page: &str) -> String {
        if self == Self::Wiki {
            return format!("{{quote}}\n{page}\n{{quote}}");
        }
        let mut quote = String::with_capacity(page.len() + page.len() / 8);
        let mut bare = false;
        for (number, line) in page.split('\n').enumerate() {
            if number > 0 {
                quote.push('\n');
            }
            // Redmine takes preformatted text out before it looks for quotes.
            if !bare {
                quote.push_str(if line.is_empty() { ">" } else { "> " });
            }
            quote.push_str(line);
            bare = self == Self::Textile
                && !line.ends_with("</pre>")
                && (bare || line.ends_with("<pre>"));
        }
        quote
    }

    /// The mark of an image that hangs on the issue, where its name can stand in one.
    pub(super) fn image(self, name: &str) -> Option<String> {
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
        if name.trim().is_empty() {
            return None;
        }
        if self == Self::Wiki {
            let odd = |c: char| c.is_control() || "!|{}[]\\^".contains(c);
            return (!name.contains(odd)).then(|| format!("!{name}!"));
        }
        // Redmine looks among the attachments for these alone.
        let kind = name.rsplit_once('.').map(|(_, kind)| kind.to_ascii_lowercase());
        let known = ["bmp", "gif", "jpg", "jpe", "jpeg", "png"].contains(&&*kind?);
        let name = utf8_percent_encode(name, KEPT);
        known.then(|| match self {
            Self::Textile => format!("!{name}!"),
            _ => format!("![]({name})"),
        })
    }

    /// A row of a table, which is `widest` cells wide at its widest.
    pub(super) fn row(self, cells: &[Cell], first: bool, widest: usize) -> String {
        let mut row = String::new();
        let mut end = "|";
        for cell in cells {
            end = if cell.head && self == Self::Wiki { "||" } else { "|" };
            row.push_str(match (self, cell.head) {
                (Self::Wiki, _) => end,
                (Self::Textile, true) => "|_. ",
                _ => "| ",
            });
            for (number, line) in cell.lines.iter().enumerate() {
                if number > 0 {
                    row.push_str(match self {
                        Self::Wiki => r" \\ ",
                        Self::Textile => "\n",
                        Self::CommonMark => "<br>",
                    });
                }
                self.escape_line(&mut row, line, true, Place::Plain);
            }
            if cell.lines.is_empty() || self != Self::Wiki {
                row.push(' ');
            }
        }
        row.push_str(end);
        if self == Self::CommonMark && first {
            // The first row says how many cells there are; the others would lose theirs.
            row.push_str(&" |".repeat(widest - cells.len()));
            row.push('\n');
            row.push('|');
            row.push_str(&" --- |".repeat(widest));
        }
        row
    }
}

/// An item of a list of `CommonMark`: whatever is in it stands below its first letter.
pub(super) fn item(mark: char, page: &str) -> String {
    let (mark, below) = if mark == '*' { ("- ", "  ") } else { ("1. ", "   ") };
    let mut item = String::from(mark);
    for (number, line) in page.split('\n').enumerate() {
        if number > 0 {
            item.push('\n');
            item.push_str(if line.is_empty() { "" } else { below });
        }
        item.push_str(line);
    }
    item
}
