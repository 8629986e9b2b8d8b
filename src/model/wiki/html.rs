//! A mail's HTML as wiki text: its shape where Jira has the same, its words in any case.

use super::{
    PART, escape_line,
    line::{Form, Look, Run, push_words, target},
    preformatted,
    table::cells,
};
use crate::model::html::{DEPTH_MAX, Id, Page, ROOT, bare, is_hidden, words};

/// The HTML of a mail as wiki text. `images` gives the name of the attachment that has a content
/// id; every other image is its description. What was made to be slow to read comes as plain text.
#[must_use]
pub fn from_html(html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
    let Some(page) = Page::parse(html) else { return super::from_text(&bare(html)) };
    let mut writer = Writer {
        page: &page,
        images,
        out: String::new(),
        line: Vec::new(),
        wanted: 0,
        lists: String::new(),
        prefix: String::new(),
        quoted: false,
        look: Look::default(),
    };
    writer.node(ROOT, 0);
    writer.end_line(0);
    writer.out.truncate(writer.out.trim_end().len());
    writer.out
}

struct Writer<'p> {
    page: &'p Page,
    images: &'p dyn Fn(&str) -> Option<String>,
    out: String,
    line: Vec<Run>,
    /// Line ends due before the next line.
    wanted: usize,
    /// The marks of the lists that are open.
    lists: String,
    /// What the next line starts with.
    prefix: String,
    quoted: bool,
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
            "hr" => return self.block("----"),
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
        for run in runs {
            match run {
                Run::Words(words, look) => push_words(&mut text, &words, &look),
                Run::Image(name) => {
                    if text.ends_with(|c: char| !c.is_whitespace()) {
                        text.push(' ');
                    }
                    text.extend(["!", &name, "! "]);
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
        let most = if self.lists.is_empty() { 2 } else { 1 };
        self.wanted = self.wanted.max(wanted).min(most);
    }

    /// Ends what stands before, by at least so many line ends.
    fn start(&mut self, wanted: usize) {
        if !self.out.is_empty() {
            let ends = if self.out.ends_with("{quote}\n") { 0 } else { self.wanted.max(wanted) };
            self.out.push_str(&"\n".repeat(ends));
        }
        self.wanted = 0;
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
        let sound = |name: &String| {
            !name.trim().is_empty()
                && !name.contains(|c: char| c.is_control() || "!|{}[]\\^".contains(c))
        };
        match name.filter(sound) {
            Some(name) => self.line.push(Run::Image(name)),
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
        let text = preformatted(text.trim_matches('\n'));
        if !text.trim().is_empty() {
            self.prefix.clear();
            self.block(&format!("{{noformat}}\n{}\n{{noformat}}", text.trim_end()));
        }
    }

    fn heading(&mut self, node: Id) {
        let level = self.page.name(node).chars().nth(1).unwrap_or('1');
        let mut text = String::new();
        let words = words(self.page, node);
        let folded = words.split_whitespace().collect::<Vec<_>>().join(" ");
        escape_line(&mut text, &folded, true);
        if !text.is_empty() {
            // A heading inside a list would end it.
            let mark = if self.lists.is_empty() { format!("h{level}. ") } else { String::new() };
            self.block(&format!("{mark}{text}"));
        }
    }

    fn list(&mut self, node: Id, depth: usize, mark: char) {
        self.end_line(if self.lists.is_empty() { 2 } else { 1 });
        self.lists.push(mark);
        self.children(node, depth);
        self.end_line(1);
        self.lists.pop();
        self.prefix.clear();
        self.end_line(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn item(&mut self, node: Id, depth: usize) {
        self.end_line(1);
        if !self.lists.is_empty() {
            self.prefix = format!("{} ", self.lists);
        }
        self.apart(node, depth, 1);
    }

    /// Jira cannot tell a quote in a quote from its end, so there is one level.
    fn quote(&mut self, node: Id, depth: usize) {
        if self.quoted {
            return self.apart(node, depth, 2);
        }
        let (lists, look) = (std::mem::take(&mut self.lists), self.look.clone());
        self.end_line(2);
        let before = (self.out.len(), self.wanted);
        self.start(1);
        self.out.push_str("{quote}\n");
        let start = self.out.len();
        self.quoted = true;
        self.children(node, depth);
        self.end_line(0);
        self.quoted = false;
        if self.out.len() == start {
            self.out.truncate(before.0);
            self.wanted = before.1;
        } else {
            self.out.push_str("\n{quote}");
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
        for row in rows {
            let mut line = String::new();
            let mut mark = "|";
            for cell in row {
                mark = if self.page.name(cell) == "th" { "||" } else { "|" };
                line.push_str(mark);
                let words = words(self.page, cell);
                let lines =
                    words.lines().map(|each| each.split_whitespace().collect::<Vec<_>>().join(" "));
                let lines: Vec<_> = lines.filter(|each| !each.is_empty()).collect();
                for (number, text) in lines.iter().enumerate() {
                    line.push_str(if number > 0 { r" \\ " } else { "" });
                    escape_line(&mut line, text, true);
                }
                if lines.is_empty() {
                    line.push(' ');
                }
            }
            line.push_str(mark);
            self.start(1);
            self.out.push_str(&line);
        }
        self.wanted = 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wiki(html: &str) -> String {
        from_html(html, &|cid| (cid == "logo@x").then(|| "logo.png".to_owned()))
    }

    #[test]
    fn html_keeps_its_shape() {
        for (html, page) in [
            ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
            ("<div>a</div><div><br></div><div>b</div><div>c</div>", "a\n\nb\nc"),
            ("a <b>b </b>c<i>d</i>", "a {*}b{*} c{_}d{_}"),
            ("<s>a</s> <code>x{y}</code>", r"{-}a{-} {{x\{y\}}}"),
            (
                "<p>x <a href='https://x.example/a|b'>t]ext</a></p>",
                r"x [t\]ext|https://x.example/a%7Cb]",
            ),
            ("<a href='https://x.example/'>https://x.example</a>", "[https://x.example/]"),
            ("<a href='javascript:alert(1)'>x</a> <a href='/y'>y</a>", "x y"),
            ("<a href='mailto:a@b.example'>me</a>", "[me|mailto:a@b.example]"),
            (
                "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>d</p></li></ul><p>e",
                "* a\n** b\n* c\nd\n\ne",
            ),
            ("<ol><li>a</li><li>- b</li></ol>", "# a\n# \\- b"),
            ("<h1>Big <b>one</b></h1>text", "h1. Big one\n\ntext"),
            (
                "a<blockquote>b<blockquote>c</blockquote></blockquote>d",
                "a\n\n{quote}\nb\n\nc\n{quote}\n\nd",
            ),
            ("<blockquote> </blockquote>a", "a"),
            (
                "<pre>a\n  {noformat}\n *b*</pre>c",
                "{noformat}\na\n  {\u{200b}noformat}\n *b*\n{noformat}\n\nc",
            ),
            ("<table><tr><th>a<th>b|<tr><td>1<td>2<br>3</table>", "||a||b\\|||\n|1|2 \\\\ 3|"),
            ("<table><tr><td>a<td>b</table>", "a\nb"),
            ("a<hr>b", "a\n\n----\n\nb"),
            (
                "<img src='cid:logo%40x'> <img src='cid:no' alt='alt!x'><img src='http://t.example/p.gif'>",
                "!logo.png! alt\\!x",
            ),
            ("<style>x</style><script>y</script><p style='display:none'>z</p>a", "a"),
            ("{code} !x! [~bob]", r"\{code\} \!x! \[\~bob\]"),
            ("<p>h1. x</p><p>- y</p><p><b>- z</b>", "h1\u{200b}. x\n\n\\- y\n\n{*}\\- z{*}"),
            (
                "<p>\n- y</p><p> h1. x</p><p>&nbsp;<i> # z</i>",
                "\\- y\n\nh1\u{200b}. x\n\n{_}\\# z{_}",
            ),
            ("<ul><li> - y</li></ul>", "* \\- y"),
            ("", ""),
        ] {
            assert_eq!(wiki(html), page, "{html}");
        }
    }

    #[test]
    fn no_page_takes_long_or_stops_us() {
        let nested =
            format!("{}x{}", "<table><tr><td>".repeat(200), "</td></tr></table>".repeat(200));
        let data = format!("<table>{}</table>", "<tr><td>a</td><td>b</td></tr>".repeat(3_000));
        let pages = [
            nested.clone(),
            nested.repeat(10),
            data,
            "\0".repeat(200_000),
            "<".repeat(200_000),
            "<div>".repeat(40_000),
            "<span>x".repeat(20_000),
            "<b><i>".repeat(20_000),
            "<p>a b ".repeat(20_000),
            "<blockquote>x".repeat(10_000),
            "<ul><li>x".repeat(10_000),
            "{".repeat(200_000),
            "\\".repeat(200_000),
            "http://".repeat(20_000),
            "<pre>{noformat}".repeat(10_000),
            "(".repeat(200_000),
        ];
        for page in pages {
            let wiki = wiki(&page);
            assert!(wiki.len() <= page.len() * 6 + 100);
        }
    }
}
