//! What mail programs put above the mail that they quote, in the languages that reach us.

/// Lines that start with one of the first and end with one of the second announce a quote.
const ATTRIBUTIONS: &[(&str, &str)] = &[
    ("on ", "wrote:"),
    ("le ", "a écrit:"),
    ("am ", "schrieb:"),
    ("el ", "escribió:"),
    ("il ", "ha scritto:"),
    ("em ", "escreveu:"),
    ("op ", "schreef:"),
    ("den ", "skrev:"),
    ("", "wrote:"),
    ("", "님이 작성:"),
    ("", "님이 씀:"),
    ("", "작성:"),
];
/// Languages in which the name stands behind the verb.
const VERBS: &[(&str, &str)] =
    &[("am ", " schrieb "), ("op ", " schreef "), ("den ", " skrev "), ("", " wrote ")];

/// How many lines the announcement has that `lines` start with; it is folded into three at most.
/// A `sure` one gives an address or a time as well.
pub(super) fn attribution(lines: &[&str], sure: bool) -> Option<usize> {
    let mut text = String::new();
    for (count, line) in lines.iter().take(3).enumerate() {
        if line.is_empty() || line.len() > 500 {
            return None;
        }
        let blank = |c: char| if c.is_whitespace() { ' ' } else { c };
        text.push_str(&line.chars().map(blank).collect::<String>().to_lowercase());
        if text.ends_with([':', '：']) {
            let text = text.replace(" :", ":").replace('：', ":");
            let named =
                |(first, last): &(&str, &str)| text.starts_with(first) && text.ends_with(last);
            let within =
                |(first, verb): &(&str, &str)| text.starts_with(first) && text.contains(verb);
            let address = text.contains('@');
            let dated = text.chars().any(|c| c.is_ascii_digit());
            let known = ATTRIBUTIONS.iter().any(named) || VERBS.iter().any(within);
            let enough =
                if sure { dated && (address || has_time(&text)) } else { dated || address };
            return (known && enough).then_some(count + 1);
        }
        text.push(' ');
    }
    None
}

/// `10:00`.
fn has_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(4).any(|w| {
        w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit() && w[3].is_ascii_digit()
    })
}

/// Whether the lines start with the head of a quoted mail: a rule that says so, or `From` with two
/// of `Sent`, `To` and `Subject` close below.
pub(super) fn opens_header(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    if let Some(rule) = first.strip_prefix("--") {
        let words = rule.trim_matches(['-', ' ']).to_lowercase();
        return first.ends_with("--") && RULES.contains(&words.as_str());
    }
    if field(first) != Some(Field::From) {
        return false;
    }
    let mut seen = Vec::new();
    for line in lines.iter().skip(1).take(8) {
        if let Some(field) =
            field(line).filter(|field| *field != Field::From && !seen.contains(field))
        {
            seen.push(field);
        }
    }
    seen.len() >= 2
}

const RULES: &[&str] = &[
    "original message",
    "original appointment",
    "message d'origine",
    "message d’origine",
    "message original",
    "ursprüngliche nachricht",
    "originalnachricht",
    "원본 메시지",
    "원본 메일",
    "original mail",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Sent,
    To,
    Subject,
}

fn field(line: &str) -> Option<Field> {
    let (label, _) = line.trim_start_matches('*').split_once([':', '：'])?;
    if label.len() > 40 {
        return None;
    }
    match label.trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase().as_str() {
        "from" | "de" | "von" | "보낸 사람" | "보낸사람" => Some(Field::From),
        "sent" | "date" | "envoyé" | "gesendet" | "datum" | "보낸 날짜" | "보낸날짜" | "날짜" => {
            Some(Field::Sent)
        }
        "to" | "à" | "an" | "받는 사람" | "받는사람" => Some(Field::To),
        "subject" | "objet" | "betreff" | "제목" => Some(Field::Subject),
        _ => None,
    }
}

/// Whether a whole paragraph announces a quote.
pub(super) fn announces(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    attribution(&lines, false) == Some(lines.len())
}
