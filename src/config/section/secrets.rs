//! The getters of secrets, which stand at their key or in a file that it names.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::lists::items;
use super::{Origin, Section};
use crate::config::forms::is_visible_ascii;
use crate::config::layers::Given;
use crate::config::reader::{Faulted, variable};
use crate::secret;

/// The fewest characters of a slash token. Mattermost makes 26; a short one could be guessed.
const MIN_TOKEN_CHARS: usize = 16;

/// A secret with the key that held it (`x` or `x_file`).
pub(in crate::config) struct Secret {
    pub(in crate::config) text: SecretString,
    pub(in crate::config) file: Option<PathBuf>,
    pub(in crate::config) origin: Origin,
}

impl Section<'_> {
    /// A secret, from `key` or from the file that `<key>_file` names. Within one layer only one
    /// of the two may be set; the environment's beats the file's.
    pub(in crate::config) fn secret(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Secret>, Faulted> {
        Ok(self.secret_of(&[key])?.map(|(_, secret)| secret))
    }

    /// The one secret of several that is set, with its key; as [`Self::secret`], within one layer
    /// only one may be.
    pub(in crate::config) fn secret_of(
        &mut self,
        keys: &[&'static str],
    ) -> Result<Option<(&'static str, Secret)>, Faulted> {
        let Some((key, in_file, given)) = self.one_of(keys)? else { return Ok(None) };
        if in_file {
            return Ok(Some((key, self.secret_file(key, given)?)));
        }
        let origin = self.origin(key, &given);
        let text = SecretString::from(self.as_text(given.raw, &origin)?);
        Ok(Some((key, Secret { text, file: None, origin })))
    }

    /// That `secret` can stand in a header; `what_to_do` is said if it cannot.
    pub(in crate::config) fn for_header(
        &mut self,
        secret: &Secret,
        what_to_do: &str,
    ) -> Result<(), Faulted> {
        if is_visible_ascii(secret.text.expose_secret()) {
            return Ok(());
        }
        let problem = format!("holds blanks or characters beyond ASCII; {what_to_do}");
        Err(self.fault(&secret.origin, problem))
    }

    /// A list of secrets: a TOML list, a comma-separated variable, or one a line in the file that
    /// `<key>_file` names.
    pub(in crate::config) fn secrets(
        &mut self,
        key: &'static str,
    ) -> Result<Option<(Vec<String>, Origin)>, Faulted> {
        let Some((key, in_file, given)) = self.one_of(&[key])? else { return Ok(None) };
        if in_file {
            let secret = self.secret_file(key, given)?;
            return Ok(Some((items(secret.text.expose_secret().lines()), secret.origin)));
        }
        let origin = self.origin(key, &given);
        Ok(Some((self.as_list(given.raw, &origin)?, origin)))
    }

    /// The tokens of a slash command; none if none is set.
    pub(in crate::config) fn slash_tokens(&mut self) -> Result<Vec<SecretString>, Faulted> {
        let Some((tokens, origin)) = self.secrets("slash_tokens")? else { return Ok(Vec::new()) };
        let mut result = Ok(());
        for (index, token) in tokens.iter().enumerate() {
            if token.len() < MIN_TOKEN_CHARS || !is_visible_ascii(token) {
                let problem = format!(
                    "token {} is not {MIN_TOKEN_CHARS} or more characters of visible ASCII; copy \
                     it again from Integrations > Slash Commands in Mattermost",
                    index + 1
                );
                result = Err(self.fault(&origin, problem));
            }
        }
        result.map(|()| tokens.into_iter().map(SecretString::from).collect())
    }

    /// Notes that the secret `key`, which has no default, is set nowhere.
    pub(in crate::config) fn missing(&mut self, key: &str, what_to_do: &str) -> Faulted {
        let variable = variable(&self.name, &format!("{key}_file"));
        let problem = format!(
            "not set; {what_to_do}, then set {key} or {key}_file under [{}], or {variable}",
            self.name
        );
        self.unset(key, problem)
    }

    fn secret_file(&mut self, key: &str, given: Given) -> Result<Secret, Faulted> {
        let origin = self.origin(&format!("{key}_file"), &given);
        let path = PathBuf::from(self.as_text(given.raw, &origin)?);
        match secret::read_file(&path) {
            Ok(text) => Ok(Secret { text, file: Some(path), origin }),
            Err(error) => Err(self.fault(&origin, error.to_string())),
        }
    }

    /// What the uppermost layer says about `keys` and their `<key>_file`: the key, whether it is
    /// the file's, and the value.
    fn one_of(
        &mut self,
        keys: &[&'static str],
    ) -> Result<Option<(&'static str, bool, Given)>, Faulted> {
        let mut layers = [Vec::new(), Vec::new()];
        for key in keys {
            for (in_file, name) in [(false, (*key).to_owned()), (true, format!("{key}_file"))] {
                let found = self.reader.take(&self.name, &name);
                for (layer, given) in layers.iter_mut().zip(found) {
                    layer.extend(given.map(|given| (*key, in_file, name.clone(), given)));
                }
            }
        }
        for layer in layers {
            let mut set = layer.into_iter();
            match (set.next(), set.next()) {
                (None, _) => {}
                (Some((key, in_file, _, given)), None) => return Ok(Some((key, in_file, given))),
                (Some((_, _, first, _)), Some((_, _, second, given))) => {
                    let problem = format!("set as well as {}.{first}; remove one", self.name);
                    return Err(self.fault(&self.origin(&second, &given), problem));
                }
            }
        }
        Ok(None)
    }
}
