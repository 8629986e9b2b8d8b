//! A mail's HTML in a tracker's notation: its shape where the notation has the same, its words in any
//! case.

use super::{
    Markup, PART,
    blocks::{Cell, item},
    line::{Form, Look, Run, target},
    redmine::Place,
    table::cells,
};
use crate::model::html::{DEPTH_MAX, Id, Page, ROOT, bare, is_hidden, words};

/// Lists and quotes inside each other, where each takes room in every line.
const NESTED_MAX: usize = 5;

impl Markup {
    /// The HTML of a mail. `images` gives the name of the attachment that has a content id; every
    /// other image is its description. What was made to be slow to read comes as plain text.
    #[must_use]
    pub fn from_html(self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        let Some(page) = Page::parse(html) else { return self.from_text(&bare(html)) };
        let mut writer = Writer {
            markup: self,
            page: &page,
            images,
            out: String::new(),
            line: Vec::new(),
            wanted: 0,
            lists: String::new(),
            fresh: false,
            prefix: String::new(),
            quotes: 0,
            look: Look::default(),
        };
        writer.node(ROOT, 0);
        writer.end_line(0);
        writer.out.truncate(writer.out.trim_end().len());
        writer.out
    }
}

struct Writer<'p> {
    markup: Markup,
    page: &'p Page,
    images: &'p dyn Fn(&str) -> Option<String>,
    out: String,
    line: Vec<Run>,
    /// Line ends due before the next line.
    wanted: usize,
    /// The marks of the lists that are open.
    lists: String,
    /// Whether a list is open that nothing was written of: elsewhere than in Jira it stands apart.
    fresh: bool,
    /// What the next line starts with.
    prefix: String,
    /// How many quotes are open.
    quotes: usize,
    look: Look,
}

impl Writer<'_> {
    fn children(&mut self, node: Id, depth: usize) {
        for child in self.page.children(node) {
            self.node(*child, depth + 1);
        }
    }

    fn node(&mut self, node: Id, depth: usize) {
        if let Some(text) = self.page.text(node) {
            self.words(text);
            return;
        }
        if is_hidden(self.page, node) {
            return;
        }
        if depth > DEPTH_MAX {
            let words = words(self.page, node);
            self.words(&words);
            return;
        }
        let look = self.look.clone();
        match self.page.name(node) {
            "b" | "strong" => self.look.bold = true,
            "i" | "em" | "cite" => self.look.italic = true,
            "s" | "strike" | "del" => self.look.struck = true,
            "code" | "tt" | "kbd" | "samp" => self.look.form = Form::Code,
            "a" => {
                if let Some(url) = self.page.attribute(node, "href").and_then(target) {
                    self.look.form = Form::Link(url);
                }
            }
            "br" => {
                self.end_line(0);
                self.wanted = (self.wanted + 1).min(2);
                return;
            }
            "hr" => return self.block(self.markup.rule()),
            "img" => return self.image(node),
            "pre" => return self.preformatted(node),
            "p" => return self.apart(node, depth, 2),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => return self.heading(node),
            "ul" => return self.list(node, depth, '*'),
            "ol" => return self.list(node, depth, '#'),
            "li" => return self.item(node, depth),
            "blockquote" => return self.quote(node, depth),
            "table" => return self.table(node, depth),
            "td" | "th" | "div" | "tr" | "dt" | "dd" | "section" | "article" | "header"
            | "main" | "footer" | "address" | "center" | "fieldset" | "form" | "dl" | "figure"
            | "caption" => {
                return self.apart(node, depth, 1);
            }
            _ => {}
        }
        self.children(node, depth);
        self.look = look;
    }

    /// Words in the line, their blanks folded.
    fn words(&mut self, text: &str) {
        let mut folded = String::with_capacity(text.len());
        for letter in text.chars() {
            // The marks of ours are ours alone.
            if letter.is_whitespace() {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            } else if letter != PART {
                folded.push(letter);
            }
        }
        match self.line.last_mut() {
            Some(Run::Words(words, look)) if *look == self.look => {
                let folded = if words.ends_with(' ') { folded.trim_start() } else { &folded };
                words.push_str(folded);
            }
            _ => self.line.push(Run::Words(folded, self.look.clone())),
        }
    }

    /// A block that starts and ends a line, `wanted` line ends from the others.
    fn apart(&mut self, node: Id, depth: usize, wanted: usize) {
        let look = self.look.clone();
        self.end_line(wanted);
        self.children(node, depth);
        self.end_line(wanted);
        self.look = look;
    }

    /// Writes the line, if there is anything in it, and asks for line ends after it.
    fn end_line(&mut self, wanted: usize) {
        let runs = std::mem::take(&mut self.line);
        let mut text = String::new();
        let mut left = runs.iter();
        while let Some(run) = left.next() {
            match run {
                Run::Words(words, look) => {
                    let next = left.as_slice().first().and_then(Run::first);
                    self.markup.push_words(&mut text, words, look, next);
                }
                Run::Image(image) => {
                    if text.ends_with(|c: char| !c.is_whitespace()) {
                        text.push(' ');
                    }
                    text.extend([image, " "]);
                }
            }
        }
        let text = text.trim();
        if !text.is_empty() {
            self.start(1);
            let prefix = std::mem::take(&mut self.prefix);
            self.out.push_str(&prefix);
            self.out.push_str(text);
        }
        // In a list an empty line would end it.
        let most = if self.lists.is_empty() || self.fresh { 2 } else { 1 };
        self.wanted = self.wanted.max(wanted).min(most);
    }

    /// Ends what stands before, by at least so many line ends.
    fn start(&mut self, wanted: usize) {
        if !self.out.is_empty() {
            match self.wanted.max(wanted) {
                0 => {}
                1 => self.out.push_str(self.markup.line_end()),
                _ => self.out.push_str("\n\n"),
            }
        }
        self.wanted = 0;
        self.fresh = false;
    }

    /// A block of its own that is written already.
    fn block(&mut self, text: &str) {
        self.end_line(2);
        self.start(1);
        self.out.push_str(text);
        self.wanted = 2;
    }

    fn image(&mut self, node: Id) {
        let source = self.page.attribute(node, "src").unwrap_or_default().trim();
        let cid =
            source.split_at_checked(4).filter(|(start, _)| start.eq_ignore_ascii_case("cid:"));
        let cid = cid.map(|(_, id)| {
            percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned()
        });
        let name = cid.and_then(|id| (self.images)(&id));
        match name.and_then(|name| self.markup.image(&name)) {
            Some(image) => self.line.push(Run::Image(image)),
            None => {
                if let Some(alt) = self.page.attribute(node, "alt") {
                    self.words(&format!(" {alt} "));
                }
            }
        }
    }

    fn preformatted(&mut self, node: Id) {
        let mut text = String::new();
        for node in self.page.walk(node) {
            text.push_str(self.page.text(node).unwrap_or_default());
            if self.page.name(node) == "br" {
                text.push('\n');
            }
        }
        if !text.trim().is_empty() {
            self.prefix.clear();
            self.block(&self.markup.preformatted(text.trim_matches('\n')));
        }
    }

    fn heading(&mut self, node: Id) {
        let mut text = String::new();
        let words = words(self.page, node);
        let folded = words.split_whitespace().collect::<Vec<_>>().join(" ");
        self.markup.escape_line(&mut text, &folded, true, Place::Plain);
        if !text.is_empty() {
            let level = self.page.name(node).trim_start_matches('h').parse().unwrap_or(1);
            // A heading inside a list would end it.
            let heading = self.lists.is_empty().then(|| self.markup.heading(level, &text));
            self.block(&heading.unwrap_or(text));
        }
    }

    fn list(&mut self, node: Id, depth: usize, mark: char) {
        self.end_line(if self.lists.is_empty() { 2 } else { 1 });
        self.fresh = self.markup != Markup::Wiki && (self.fresh || self.lists.is_empty());
        self.lists.push(mark);
        self.children(node, depth);
        self.end_line(1);
        self.lists.pop();
        self.fresh &= !self.lists.is_empty();
        self.prefix.clear();
        self.end_line(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn item(&mut self, node: Id, depth: usize) {
        self.end_line(1);
        let Some(mark) = self.lists.chars().next_back() else {
            return self.apart(node, depth, 1);
        };
        if self.markup != Markup::CommonMark {
            self.prefix = format!("{} ", self.lists);
            return self.apart(node, depth, 1);
        }
        if self.lists.len() > NESTED_MAX {
            return self.apart(node, depth, 1);
        }
        if let Some(inner) = self.inside(|writer| writer.apart(node, depth, 1)) {
            self.start(1);
            self.out.push_str(&item(mark, &inner));
        }
        self.wanted = 1;
    }

    /// What is written on a page of its own, if anything is.
    fn inside(&mut self, write: impl FnOnce(&mut Self)) -> Option<String> {
        let outer = (std::mem::take(&mut self.out), std::mem::take(&mut self.wanted));
        write(self);
        self.end_line(0);
        let inner = std::mem::replace(&mut self.out, outer.0);
        self.wanted = outer.1;
        (!inner.is_empty()).then_some(inner)
    }

    fn quote(&mut self, node: Id, depth: usize) {
        // Jira cannot tell a quote in a quote from its end.
        let most = if self.markup == Markup::Wiki { 1 } else { NESTED_MAX };
        if self.quotes >= most {
            return self.apart(node, depth, 2);
        }
        let (lists, look) = (std::mem::take(&mut self.lists), self.look.clone());
        self.end_line(2);
        self.quotes += 1;
        let inner = self.inside(|writer| writer.children(node, depth));
        self.quotes -= 1;
        if let Some(inner) = inner {
            self.start(1);
            self.out.push_str(&self.markup.quote(&inner));
            self.wanted = 2;
        }
        (self.lists, self.look) = (lists, look);
    }

    /// A table of data stays one; a table that only lays out the page comes cell by cell.
    fn table(&mut self, node: Id, depth: usize) {
        let Some(rows) = cells(self.page, node).filter(|_| self.lists.is_empty()) else {
            return self.apart(node, depth, 2);
        };
        self.end_line(2);
        let widest = rows.iter().map(Vec::len).max().unwrap_or_default();
        for (number, row) in rows.into_iter().enumerate() {
            let cells = row.into_iter().map(|cell| {
                let words = words(self.page, cell);
                let lines =
                    words.lines().map(|each| each.split_whitespace().collect::<Vec<_>>().join(" "));
                let lines = lines.filter(|each| !each.is_empty()).collect();
                Cell { head: self.page.name(cell) == "th", lines }
            });
            let row = self.markup.row(&cells.collect::<Vec<_>>(), number == 0, widest);
            // A table is one block.
            self.out.push_str(if number > 0 { "\n" } else { "" });
            if number == 0 {
                self.start(1);
            }
            self.out.push_str(&row);
        }
        self.wanted = 2;
    }
}
