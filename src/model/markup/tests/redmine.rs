//! What Redmine's own renderer showed as it was written, and shows nothing else: each row of these
//! tables went through Redmine 5.0's `textilizable`.

use proptest::prelude::*;

use super::super::*;

const BOTH: [Markup; 2] = [Markup::Textile, Markup::CommonMark];

#[test]
#[allow(clippy::too_many_lines, reason = "one table")]
fn foreign_text_stays_text() {
    for (text, textile, common_mark) in [
        (
            "plain text. (1 + 2 = 3) foo-bar a_b_c 50% R&D C++ #7",
            "plain text. (1 + 2 = 3) foo-bar a_b_c 50% R&D C&#43;&#43; &#35;7",
            "plain text. (1 + 2 = 3) foo-bar a_b_c 50% R&D C++ \\#\u{200b}7",
        ),
        (
            "{{include(Secret)}} {{toc}}",
            "&#123;{include(Secret)}} &#123;{toc}}",
            "{\u{200b}{include(Secret)}} {\u{200b}{toc}}",
        ),
        (
            "!http://evil.example/x.png! !x.png! Hello! Wow!",
            "&#33;http://evil.example/x.png<notextile></notextile>! &#33;x.png! Hello! Wow!",
            "!<http://evil.example/x.png>! !x.png! Hello! Wow\\!",
        ),
        (
            "#1 ##1 #1-2 (#1) !#1 helpdesk:#1 #note-1",
            "&#35;1 &#35;&#35;1 &#35;1-2 (&#35;1) &#33;&#35;1 helpdesk:&#35;1 &#35;note-1",
            "\\#\u{200b}1 \\#\u{200b}\\#\u{200b}1 \\#\u{200b}1-2 (\\#\u{200b}1) !\\#\u{200b}1 helpdesk:\\#\u{200b}1 \\#\u{200b}note-1",
        ),
        (
            "r1 helpdesk:r1 main|r1 r2d2",
            "&#114;1 helpdesk:&#114;1 main&#124;&#114;1 r2d2",
            "r\u{200b}1 helpdesk:r\u{200b}1 main\\|r\u{200b}1 r2d2",
        ),
        (
            "commit:abc version:1.0 document:\"a b\" user:admin",
            "commit&#58;abc version&#58;1.0 document&#58;\"a b\" user&#58;admin",
            "commit\u{200b}:abc version\u{200b}:1.0 document\u{200b}:\"a b\" user\u{200b}:admin",
        ),
        (
            "@admin (@admin) user@admin a@b.example <a_b@x.example>",
            "&#64;admin (&#64;admin) user&#64;admin a@b.example &lt;a_b@x.example&gt;",
            "@\u{200b}admin (@\u{200b}admin) user@\u{200b}admin a@b.example \\<a_b@x.example>",
        ),
        (
            "[[Wiki|x]] ![[Wiki]] [x](http://evil.example) [x]: y",
            "&#91;[Wiki&#124;x]] &#33;&#91;[Wiki]] [x](http://evil.example<notextile></notextile>) [x]: y",
            "\\[\u{200b}\\[Wiki\\|x\\]\\] !\\[\u{200b}\\[Wiki\\]\\] \\[x\\](<http://evil.example>) \\[x\\]: y",
        ),
        (
            "\"x\":http://evil.example src=\"x.png\" he said: \"x\"",
            "\"x&#34;:http&#58;//evil.example src=&#34;x.png\" he said: \"x&#34;",
            "\"x\":<http://evil.example> src=\u{200b}\"x.png\" he said: \"x\"",
        ),
        (
            "<b>b</b> <pre> </notextile> <!-- x --> &lt; &#35;1 &x &",
            "&lt;b&gt;b&lt;/b&gt; &lt;pre&gt; &lt;/notextile&gt; &lt;&#33;&#45;&#45; x &#45;&#45;&gt; &amp;lt; &amp;&#35;35;1 &x &amp;",
            "\\<b>b\\</b> \\<pre> \\</notextile> \\<!-- x --> \\&lt; \\&\\#\u{200b}35;1 &x \\&",
        ),
        (
            "x%x% :redsh#1: ==*x*==",
            "x&#37;x&#37; &#58;redsh&#35;1: &#61;&#61;&#42;x&#42;&#61;&#61;",
            "x%x% :redsh#\u{200b}1: ==\\*x\\*==",
        ),
        (
            "*bold* _it_ -no- +ins+ ^sup^ ~sub~ ??cite?? @code@ %span% `code` ~~s~~",
            "&#42;bold&#42; &#95;it&#95; &#45;no&#45; &#43;ins&#43; &#94;sup&#94; &#126;sub&#126; &#63;&#63;cite&#63;&#63; &#64;code@ &#37;span&#37; `code` &#126;&#126;s&#126;&#126;",
            "\\*bold\\* \\_it\\_ -no- +ins+ ^sup^ \\~sub\\~ ??cite?? @\u{200b}code@ %span% \\`code\\` \\~\\~s\\~\\~",
        ),
        (
            "ABC(def) word[1] (c) -- -> 'q'",
            "ABC&#40;def) word&#91;1] (c) &#45;&#45; &#45;&gt; 'q'",
            "ABC(def) word\\[1\\] (c) -- -> 'q'",
        ),
        (
            "\\*x\\* C:\\Users\\bob",
            "\\&#42;x\\&#42; C:\\Users\\bob",
            "\\\\\\*x\\\\\\* C:\\\\Users\\\\bob",
        ),
        (
            "see https://x.example/a_b?d=~e&f=1#g (or not), https://x.example/a|b <https://x.example/b>",
            "see https://x.example/a_b?d=%7Ee&f=1#g (or not), https://x.example/a<notextile></notextile>&#124;b &lt;https://x.example/b<notextile></notextile>&gt;",
            "see <https://x.example/a_b?d=%7Ee&f=1#g> (or not), <https://x.example/a>\\|b \\<<https://x.example/b>>",
        ),
        (
            "www.x.example ftp://x.example/_a_ https://x.example/@admin https://x.example.",
            "www&#46;x.example ftp&#58;//x.example/&#95;a&#95; https://x.example/%40admin https://x.example.",
            "www\\.x.example ftp\\://x.example/\\_a\\_ <https://x.example/%40admin> <https://x.example>.",
        ),
        ("h1. head", "&#104;1. head", "h1. head"),
        ("bq. q", "&#98;q. q", "bq. q"),
        ("p(x). y", "&#112;(x). y", "p(x). y"),
        ("fn1. x", "&#102;n1. x", "fn1. x"),
        ("- item", "&#45; item", "\\- item"),
        ("# item", "&#35; item", "\\# item"),
        ("* item", "&#42; item", "\\* item"),
        ("1. one", "1. one", "1\\. one"),
        ("---", "&#45;&#45;&#45;", "\\---"),
        ("===", "&#61;&#61;&#61;", "\\==="),
        (":--", ":&#45;&#45;", "\\:--"),
        ("| a | b |", "&#124; a &#124; b &#124;", "\\| a \\| b \\|"),
        ("{x", "&#123;x", "{x"),
        ("    code", "\u{a0}\u{a0}\u{a0}\u{a0}code", "\u{a0}\u{a0}\u{a0}\u{a0}code"),
        ("\tcode", "\u{a0}\u{a0}\u{a0}\u{a0}code", "\u{a0}\u{a0}\u{a0}\u{a0}code"),
        ("[ ] task", "&#91; ] task", "\\[\u{200b} \\] task"),
        ("```", "```", "\\`\\`\\`"),
        ("a\r\nb\u{0}\u{7}c\u{ffff}", "a\nbc", "a  \nbc"),
        ("🎫 티켓 été", "🎫 티켓 été", "🎫 티켓 été"),
        ("a\n> b\n> > c\n>d\ne", "a\n\n> b\n> &gt; c\n> d\n\ne", "a\n\n> b  \n> \\> c  \n> d\n\ne"),
        ("> a\n", "> a", "> a"),
        ("", "", ""),
        ("a\n\nb > c", "a\n\nb &gt; c", "a\n\nb > c"),
        ("a\n  b\n\n- c", "a\n\u{a0}\u{a0}b\n\n&#45; c", "a  \n\u{a0}\u{a0}b\n\n\\- c"),
    ] {
        assert_eq!(Markup::Textile.from_text(text), textile, "{text:?}");
        assert_eq!(Markup::CommonMark.from_text(text), common_mark, "{text:?}");
    }
}

#[test]
fn html_keeps_its_shape() {
    let images = |cid: &str| (cid == "logo@x").then(|| "lo go+1.png".to_owned());
    for (html, textile, common_mark) in [
        ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc", "a\n\nb  \nc"),
        ("a <b>b </b>c<i>d</i> <b>e</b>", "a *b* cd *e*", "a **b** c*d* **e**"),
        (
            "<s>a</s> <code>x{y} @admin</code>",
            "-a- <code>x{y} @\u{200b}admin</code>",
            "~~a~~ `x{y} @\u{200b}admin`",
        ),
        (
            "<p>x <a href='https://x.example/a|b'>t]e\"xt</a></p>",
            "x \"t]e&#34;xt\":https://x.example/a%7Cb",
            "x [t\\]e\"xt](https://x.example/a%7Cb)",
        ),
        (
            "<a href='https://x.example/'>https://x.example</a>",
            "\"https&#58;//x.example\":https://x.example/",
            "<https://x.example/>",
        ),
        (
            "<a href='https://x.example/'>see https://y.example/</a>!",
            "\"see https&#58;//y.example/\":https://x.example/<notextile></notextile>!",
            "[see https\\://y.example/](https://x.example/)\\!",
        ),
        ("<a href='javascript:alert(1)'>x</a> <a href='/y'>y</a>", "x y", "x y"),
        (
            "<a href='mailto:a@b.example'>me</a>, <a href='https://x.example/@admin'>he</a>",
            "\"me\":mailto:a@b.example<notextile></notextile>, \"he\":https://x.example/%40admin",
            "[me](mailto:a@b.example), [he](https://x.example/%40admin)",
        ),
        (
            "<p>x</p><ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>d</p></li></ul><p>e",
            "x\n\n* a\n** b\n* c\nd\n\ne",
            "x\n\n- a  \n  - b  \n- c  \n  d\n\ne",
        ),
        ("<ol><li>a</li><li>- b</li></ol>", "# a\n# &#45; b", "1. a  \n1. \\- b"),
        ("<ul><li><ul><li>deep</li></ul></li></ul>", "** deep", "- - deep"),
        (
            "<h2>Big <b>one</b> #</h2>text",
            "h2. Big one &#35;\n\ntext",
            "## Big one \\#\u{200b}\n\ntext",
        ),
        (
            "a<blockquote>b<blockquote>c<pre>p</pre></blockquote></blockquote>d",
            "a\n\n> b\n>\n> > c\n> >\n> > <pre>\np\n</pre>\n\nd",
            "a\n\n> b\n>\n> > c\n> >\n> > ```\n> > p\n> > ```\n\nd",
        ),
        (
            "<pre>a\n  {{toc}} *b* &lt;/pre&gt; ```</pre>c",
            "<pre>\na\n  {\u{200b}{toc}} *b* <\u{200b}/pre> ```\n</pre>\n\nc",
            "```\na\n  {\u{200b}{toc}} *b* </pre> `\u{200b}`\u{200b}`\n```\n\nc",
        ),
        (
            "<table><tr><th>a<th>b|<tr><td>1<td>2<br>3</table>",
            "|_. a |_. b&#124; |\n| 1 | 2\n3 |",
            "| a | b\\| |\n| --- | --- |\n| 1 | 2<br>3 |",
        ),
        ("a<hr>b", "a\n\n---\n\nb", "a\n\n---\n\nb"),
        (
            "<img src='cid:logo%40x'> <img src='cid:no' alt='alt!x'><img src='http://t.example/p.gif'>",
            "!lo%20go%2B1.png! alt!x",
            "![](lo%20go%2B1.png) alt!x",
        ),
        (
            "<b>#</b>1 {<b>{</b>toc}} [<b>[</b>x]]",
            "&#35;1 &#123;&#123;toc}} &#91;&#91;x]]",
            "\\#\u{200b}1 {\u{200b}{\u{200b}toc}} \\[\u{200b}\\[\u{200b}x\\]\\]",
        ),
        ("<p>&nbsp;- y</p><p><i> # z</i>", "&#45; y\n\n_&#35; z_", "\\- y\n\n*\\# z*"),
        (
            "https://x.example/<b>b</b>",
            "https://x.example/<notextile></notextile>b",
            "<https://x.example/>**b**",
        ),
    ] {
        assert_eq!(Markup::Textile.from_html(html, &images), textile, "{html}");
        assert_eq!(Markup::CommonMark.from_html(html, &images), common_mark, "{html}");
    }
}

#[test]
fn what_is_cut_is_closed_and_leads_nowhere_else() {
    let long = "x ".repeat(100);
    for (markup, text, end) in [
        (Markup::Textile, format!("<pre>\n{long}\n</pre>"), "x\n</pre>"),
        (Markup::Textile, format!("a <code>{long}</code>"), "x</code>"),
        (Markup::Textile, "&#42;".repeat(100), "&#42;"),
        (Markup::Textile, format!("a https://x.example/{}", "b".repeat(100)), "a"),
        (Markup::Textile, format!("b\u{a0}https://x.example/{}", "b".repeat(100)), "b"),
        (Markup::CommonMark, format!("```\n{long}\n```"), "x\n```"),
        (Markup::CommonMark, format!("> {long}"), "x"),
        (Markup::CommonMark, "\\*".repeat(100), "*"),
        (Markup::CommonMark, format!("a [b](https://x.example/{})", "b".repeat(100)), "("),
    ] {
        let (kept, cut) = markup.cut(&text, 80);
        assert!(cut && length(&kept) <= 80 && kept.ends_with(end), "{kept}");
    }
}

/// What would act, wherever it stood.
fn active(markup: Markup, page: &str) -> Option<String> {
    // A quote is ours, an empty one too.
    let quoted = |line| match line {
        ">" => "",
        line => str::strip_prefix(line, "> ").unwrap_or(line),
    };
    for line in page.lines().map(quoted) {
        let blocks = ["h1. ", "bq. ", "# ", "* ", "- ", "---", "===", "    ", "\t", ">", "|"];
        // A number sign is no heading of Textile, nor is a word with a point one of CommonMark.
        let words = |block: &&str| markup == Markup::CommonMark && block.ends_with(". ");
        let block = blocks.iter().find(|block| line.starts_with(**block) && !words(block));
        if block.is_some() || ["{{", "[["].iter().any(|part| line.contains(part)) {
            return Some(format!("{block:?}: {line:?}"));
        }
        let ours = line.replace("<notextile></notextile>", "");
        let mut before = ' ';
        for (at, letter) in ours.char_indices() {
            let acts = if markup == Markup::CommonMark {
                let url = letter == '<' && ours[at..].to_lowercase().starts_with("<http");
                before != '\\' && "`*[]|<".contains(letter) && !url
            } else {
                let opens = before == ' ' && "*^~@".contains(letter);
                let word = || ours[at + 1..].starts_with(char::is_alphanumeric);
                "<|".contains(letter) || opens && word()
            };
            if acts {
                return Some(format!("{letter}: {line:?}"));
            }
            before = if before == '\\' && letter == '\\' { ' ' } else { letter };
        }
    }
    None
}

fn mail() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        r"[-\\*_~^+?!{}\[\]|#>()@%.:/ \n\r\t\x00]{1,3}",
        r"\PC",
        "(\\{\\{toc\\}\\}|\\[\\[x\\]\\]|h1\\. |bq\\. |https://a|#1|@a|user:a|r1|<b>|</pre>|<pre>|</notextile>|```|&#35;)",
        "[a-z ]{1,4}",
    ];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn nothing_foreign_acts(text in mail()) {
        for markup in BOTH {
            let page = markup.from_text(&text);
            prop_assert_eq!(active(markup, &page), None, "{:?}", page);
        }
    }

    #[test]
    fn a_cut_is_never_too_long_and_always_closed(text in mail(), max in 20_usize..200) {
        for markup in BOTH {
            let page = markup.from_html(&format!("<pre>{text}</pre>{text}").repeat(4), &|_| None);
            let (kept, cut) = markup.cut(&page, max);
            prop_assert!(length(&kept) <= max);
            prop_assert_eq!(cut, length(&page) > max);
            if markup == Markup::Textile {
                let count = |mark: &str| kept.matches(mark).count();
                prop_assert_eq!(count("<pre>"), count("</pre>"), "{:?}", &kept);
                continue;
            }
            prop_assert_eq!(kept.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "{:?}", kept);
        }
    }
}
