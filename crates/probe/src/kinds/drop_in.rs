use crdbctl_model::{DropInFact, FileFact, FileKind, Mode, PathFact};

use super::file::with_content;
use crate::answer::Answer;

/// The drop-ins of the unit. One whose content could not be read is still there: it is told without content.
pub(crate) fn drop_ins(answer: &Answer) -> Vec<DropInFact> {
    let mut found: Vec<DropInFact> = answer
        .drop_ins
        .iter()
        .map(|raw| {
            let path = raw.stat.clone().unwrap_or(PathFact {
                kind: FileKind::Special,
                owner: "?".to_owned(),
                group: "?".to_owned(),
                mode: Mode::new(0),
            });
            let file = match &raw.content {
                Ok(content) => with_content(path, content),
                Err(_) => FileFact { path, digest: None, content: None },
            };
            DropInFact { path: encode(&raw.path), file }
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Percent-encodes what is not printable ASCII, and `%` itself, so that any file name is one line of text.
pub(crate) fn encode(path: &[u8]) -> String {
    path.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_graphic() && *byte != b'%' {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}
