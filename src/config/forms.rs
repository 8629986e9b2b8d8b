//! What a text must be to be an address, a domain or a credential. Each check gives the text back
//! as it is kept, or says what to write instead; it never repeats what may be private.

use url::Url;

/// An address of the web, as it is written.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("not an address ({error}); write https://host or http://host"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address must not hold a user or password; remove it".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address must end before any ? or #".to_owned());
    }
    Ok(url)
}

/// The address of a server that others can be joined to: its path ends in `/`.
pub(super) fn base_url(text: &str) -> Result<Url, String> {
    let mut url = address(text)?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// A mail address without a name, its domain in lower case. What stands before the `@` is the
/// affair of whoever receives there.
pub(super) fn mail_address(text: &str) -> Result<String, String> {
    let wrong = || "write a mail address alone, such as support@example.org".to_owned();
    let (local, host) = text.split_once('@').ok_or_else(wrong)?;
    if local.is_empty() || !local.chars().all(may_stand) {
        return Err(wrong());
    }
    let host = domain(host).map_err(|_| wrong())?;
    Ok(format!("{local}@{host}"))
}

/// A domain of mail, in lower case.
pub(super) fn domain(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.chars().all(may_stand) || text.split('.').any(str::is_empty) {
        return Err("write a domain alone, such as example.org".to_owned());
    }
    Ok(text.to_lowercase())
}

/// A mail address, or `@` and a domain for everybody there.
pub(super) fn sender(text: &str) -> Result<String, String> {
    let found = match text.strip_prefix('@') {
        Some(host) => domain(host).map(|host| format!("@{host}")),
        None => mail_address(text),
    };
    found.map_err(|_| "write a mail address, or @ and a domain: @example.org".to_owned())
}

/// What may stand in an address: the marks here belong to headers, where names and lists are.
fn may_stand(letter: char) -> bool {
    !letter.is_whitespace() && !letter.is_control() && !"@<>,;:\"()".contains(letter)
}

/// The user of HTTP's basic authentication, where a colon ends the name (RFC 7617, section 2).
pub(super) fn user(text: &str) -> Result<String, String> {
    if text.contains(':') || text.chars().any(char::is_control) {
        return Err("a user's name holds no colon and no control character".to_owned());
    }
    Ok(text.to_owned())
}

/// A text of one line.
pub(super) fn line(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("write a text of one line".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether `text` can stand in a header as it is: no blank, no control, nothing beyond ASCII.
pub(super) fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_has_one_at_and_nothing_that_divides() {
        for (text, kept) in [
            ("support@example.org", Some("support@example.org")),
            ("Support+A@EXAMPLE.org", Some("Support+A@example.org")),
            ("gast@bücher.example", Some("gast@bücher.example")),
            ("a@localhost", Some("a@localhost")),
            ("a@b@c", None),
            ("a b@c", None),
            ("a@b c", None),
            ("a@b\u{7}", None),
            ("@example.org", None),
            ("a@", None),
            ("a@.org", None),
            ("a@example..org", None),
            ("Support <a@b>", None),
            ("a@b,c", None),
            ("support", None),
        ] {
            assert_eq!(mail_address(text).ok().as_deref(), kept, "{text:?}");
        }
    }

    #[test]
    fn a_sender_is_an_address_or_a_whole_domain() {
        for (text, kept) in [
            ("a@B.org", Some("a@b.org")),
            ("@B.org", Some("@b.org")),
            ("b.org", None),
            ("@", None),
            ("@@b.org", None),
        ] {
            assert_eq!(sender(text).ok().as_deref(), kept, "{text:?}");
        }
    }
}
