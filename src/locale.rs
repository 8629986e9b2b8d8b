//! Every sentence that a user reads, in every language, from `locales/*.ftl` inside the binary.
//! Loading fails on a file that does not parse, which a test excludes; saying never fails: a
//! missing sentence is said in English, or as its key, with a warning in the log.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language of ticketd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English, which every sentence exists in.
    En,
    /// Korean.
    Ko,
    /// French.
    Fr,
}

impl Locale {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::En, Self::Ko, Self::Fr];

    /// The code of ISO 639-1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
            Self::Fr => "fr",
        }
    }

    /// The language of a Mattermost user's `locale`, such as `fr`, `fr-CA` or `en_AU`; none if
    /// ticketd does not speak it.
    #[must_use]
    pub fn from_mattermost(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.code().eq_ignore_ascii_case(language))
    }

    const fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../locales/en.ftl"),
            Self::Ko => include_str!("../locales/ko.ftl"),
            Self::Fr => include_str!("../locales/fr.ftl"),
        }
    }
}

/// Why the sentences cannot be loaded: always a mistake in `locales/`.
#[derive(Debug, thiserror::Error)]
#[error("locales/{locale}.ftl: {problem}")]
pub struct TextsError {
    locale: &'static str,
    problem: String,
}

/// All sentences. Load once, share by reference.
pub struct Texts {
    en: FluentBundle<FluentResource>,
    ko: FluentBundle<FluentResource>,
    fr: FluentBundle<FluentResource>,
}

impl Texts {
    /// Parses the sentences.
    ///
    /// # Errors
    /// [`TextsError`] if a file does not parse or says a key twice.
    pub fn load() -> Result<Self, TextsError> {
        Ok(Self { en: bundle(Locale::En)?, ko: bundle(Locale::Ko)?, fr: bundle(Locale::Fr)? })
    }

    /// The sentence of `key` with `args` for its variables. Values are put in as they are: escape
    /// what a stranger wrote first.
    #[must_use]
    pub fn say(&self, locale: Locale, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        if let Some(text) = self.find(locale, key, args) {
            return text;
        }
        tracing::warn!(locale = locale.code(), key, "sentence is missing");
        self.find(Locale::En, key, args).unwrap_or_else(|| key.to_owned())
    }

    fn find(&self, locale: Locale, key: &str, args: &[(&str, FluentValue<'_>)]) -> Option<String> {
        let bundle = match locale {
            Locale::En => &self.en,
            Locale::Ko => &self.ko,
            Locale::Fr => &self.fr,
        };
        let pattern = bundle.get_message(key)?.value()?;
        let args: FluentArgs<'_> =
            args.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
        if let Some(error) = errors.first() {
            tracing::warn!(locale = locale.code(), key, %error, "sentence lacks a variable");
        }
        Some(text.into_owned())
    }
}

fn bundle(locale: Locale) -> Result<FluentBundle<FluentResource>, TextsError> {
    let failed = |problem: String| TextsError { locale: locale.code(), problem };
    let language: LanguageIdentifier =
        locale.code().parse().map_err(|error| failed(format!("{error}")))?;
    let sentences = FluentResource::try_new(locale.source().to_owned())
        .map_err(|(_, errors)| failed(format!("{errors:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The invisible marks around values would break links and code in Markdown.
    bundle.set_use_isolating(false);
    bundle.add_resource(sentences).map_err(|errors| failed(format!("{errors:?}")))?;
    Ok(bundle)
}

#[cfg(test)]
mod tests;
