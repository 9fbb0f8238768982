//! What the user chose for the desktop: `desktop.json` in the data folder.
//!
//! Keys of other versions survive. A file that cannot be read is left alone until something is
//! chosen, and is then kept beside the new one.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gateway::words::{Language, Words};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const LANGUAGE: &str = "language";
const THEME: &str = "theme";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// As the desktop around.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A language by its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tag {
    /// English.
    En,
    /// 简体中文.
    Zh,
}

/// The choices, as they are in the file.
#[derive(Debug)]
pub(crate) struct Settings {
    /// None for a user without a home, whose choices last as long as the app runs.
    path: Option<PathBuf>,
    document: Map<String, Value>,
    /// The file is there and cannot be read.
    broken: bool,
}

impl From<Tag> for Language {
    fn from(tag: Tag) -> Self {
        match tag {
            Tag::En => Self::English,
            Tag::Zh => Self::Chinese,
        }
    }
}

// === impl Settings ===

impl Settings {
    /// Reads the file of this data folder; what is wrong with it comes beside what is used instead.
    pub(crate) fn read(data: Option<&Path>) -> (Self, Option<Words>) {
        let path = data.map(|data| data.join("desktop.json"));
        let read = path.as_deref().map_or(Ok(Map::new()), read);
        let (document, trouble) = match read {
            Ok(document) => (document, None),
            Err(error) => (Map::new(), Some(error)),
        };
        let broken = trouble.is_some();
        let words = trouble
            .zip(path.as_deref())
            .map(|(error, path)| unreadable(path, &error));
        (
            Self {
                path,
                document,
                broken,
            },
            words,
        )
    }

    /// The language, if one was chosen.
    pub(crate) fn language(&self) -> Option<Tag> {
        self.value(LANGUAGE)
    }

    /// The theme, if one was chosen.
    pub(crate) fn theme(&self) -> Option<Theme> {
        self.value(THEME)
    }

    /// Chooses a language; none follows the system again.
    ///
    /// # Errors
    /// The file cannot be written; the choice then lasts as long as the app runs.
    pub(crate) fn set_language(&mut self, language: Option<Tag>) -> Result<(), Words> {
        self.set(LANGUAGE, language)
    }

    /// Chooses a theme; none is as good as the system's.
    ///
    /// # Errors
    /// As for the language.
    pub(crate) fn set_theme(&mut self, theme: Option<Theme>) -> Result<(), Words> {
        self.set(THEME, theme)
    }

    /// A value that is none of ours counts as not chosen, and stays in the file.
    fn value<T: for<'a> Deserialize<'a>>(&self, key: &str) -> Option<T> {
        T::deserialize(self.document.get(key)?).ok()
    }

    fn set<T: Serialize>(&mut self, key: &str, value: Option<T>) -> Result<(), Words> {
        match value {
            Some(value) => {
                let value = serde_json::to_value(value).expect("BUG: a choice is no JSON");
                self.document.insert(key.to_owned(), value);
            }
            None => drop(self.document.shift_remove(key)),
        }
        let Some(path) = &self.path else {
            return Ok(());
        };
        if self.broken {
            let aside = path.with_extension("json.unreadable");
            std::fs::rename(path, aside).map_err(|error| unwritable(path, &error))?;
            self.broken = false;
        }
        write(path, &self.document).map_err(|error| unwritable(path, &error))
    }
}

fn read(path: &Path) -> io::Result<Map<String, Value>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error),
    }
}

/// Through a file beside it, readable by its owner alone, so that nobody ever reads half of it.
fn write(path: &Path, document: &Map<String, Value>) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, document)?;
    file.write_all(b"\n")?;
    file.persist(path)?;
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Words {
    let path = path.display();
    Words::new(
        format!(
            "The desktop's settings in {path} cannot be read ({error}); language and theme follow the system. Correct the file, or choose again in Settings."
        ),
        format!(
            "无法读取 {path} 中的桌面设置（{error}），语言和主题将跟随系统。请修正该文件，或在“设置”中重新选择。"
        ),
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Words {
    let path = path.display();
    Words::new(
        format!(
            "The choice is in force but cannot be kept in {path}: {error}. Make the file and its folder writable, then choose again."
        ),
        format!(
            "设置已生效，但无法保存到 {path}：{error}。请确保该文件及其目录可写，然后重新选择。"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(text: Option<&str>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(text) = text {
            std::fs::write(folder.path().join("desktop.json"), text).expect("a file");
        }
        folder
    }

    fn content(folder: &tempfile::TempDir) -> String {
        std::fs::read_to_string(folder.path().join("desktop.json")).expect("the file")
    }

    #[test]
    fn choices_are_kept_and_taken_back() {
        let folder = folder_with(None);
        let (mut settings, trouble) = Settings::read(Some(folder.path()));
        assert_eq!(
            (settings.language(), settings.theme(), trouble),
            (None, None, None)
        );
        settings.set_language(Some(Tag::Zh)).expect("kept");
        settings.set_theme(Some(Theme::Dark)).expect("kept");
        let (mut again, _) = Settings::read(Some(folder.path()));
        assert_eq!(again.language(), Some(Tag::Zh));
        assert_eq!(again.theme(), Some(Theme::Dark));
        again.set_language(None).expect("kept");
        assert_eq!(content(&folder), "{\n  \"theme\": \"dark\"\n}\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = std::fs::metadata(folder.path().join("desktop.json")).expect("the file");
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_another_version_wrote_survives() {
        let folder = folder_with(Some(r#"{"zoom": 2, "theme": "sepia", "language": "en"}"#));
        let (mut settings, trouble) = Settings::read(Some(folder.path()));
        assert_eq!(trouble, None);
        assert_eq!(settings.theme(), None);
        settings.set_language(Some(Tag::Zh)).expect("kept");
        let text = content(&folder);
        assert!(
            text.contains("\"zoom\": 2") && text.contains("\"sepia\""),
            "{text}"
        );
    }

    #[test]
    fn a_broken_file_is_told_and_kept() {
        let folder = folder_with(Some("{ theme"));
        let (mut settings, trouble) = Settings::read(Some(folder.path()));
        let trouble = trouble.expect("it is broken");
        assert!(trouble.en.contains("desktop.json") && trouble.zh.contains("desktop.json"));
        assert_eq!(content(&folder), "{ theme");
        settings.set_theme(Some(Theme::Light)).expect("kept");
        assert_eq!(settings.theme(), Some(Theme::Light));
        let aside = folder.path().join("desktop.json.unreadable");
        assert_eq!(
            std::fs::read_to_string(aside).expect("set aside"),
            "{ theme"
        );
    }

    #[test]
    fn a_choice_that_cannot_be_kept_is_in_force_all_the_same() {
        let folder = folder_with(None);
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let (mut settings, _) = Settings::read(Some(&file));
        let refused = settings.set_theme(Some(Theme::Dark));
        assert!(
            refused
                .expect_err("no folder")
                .en
                .contains("cannot be kept")
        );
        assert_eq!(settings.theme(), Some(Theme::Dark));
    }
}
