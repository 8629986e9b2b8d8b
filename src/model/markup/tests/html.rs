//! Pages in each notation.

use super::super::*;

fn wiki(html: &str) -> String {
    Markup::Wiki.from_html(html, &|cid| (cid == "logo@x").then(|| "logo.png".to_owned()))
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
        ("<p>\n- y</p><p> h1. x</p><p>&nbsp;<i> # z</i>", "\\- y\n\nh1\u{200b}. x\n\n{_}\\# z{_}"),
        ("<ul><li> - y</li></ul>", "* \\- y"),
        ("", ""),
    ] {
        assert_eq!(wiki(html), page, "{html}");
    }
}

#[test]
fn no_page_takes_long_or_stops_us() {
    let nested = format!("{}x{}", "<table><tr><td>".repeat(200), "</td></tr></table>".repeat(200));
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
