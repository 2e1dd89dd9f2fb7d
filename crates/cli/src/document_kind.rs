use serde_json::{Error, Value};

/// What a JSON document is that crdbctl may have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// What `plan -o` saves.
    SavedPlan,
    /// What `plan` and `drift` print with `--format json`.
    Plan,
    /// What `probe -o` writes.
    Observations,
}

impl DocumentKind {
    /// Returns what a document looks like, `None` when that is nothing of crdbctl's.
    pub(crate) fn of(document: &Value) -> Option<Self> {
        let has = |name: &str| document.get(name).is_some();
        match (has("plan"), has("changes"), has("nodes") && has("taken_at")) {
            (true, ..) if has("digest") => Some(Self::SavedPlan),
            (_, true, _) => Some(Self::Plan),
            (_, _, true) => Some(Self::Observations),
            _ => None,
        }
    }

    /// Returns what a document is when it is another one of crdbctl's than this, as the end of a sentence.
    pub(crate) fn instead(self, document: &Value) -> Option<&'static str> {
        Self::of(document).filter(|kind| *kind != self).map(|kind| match kind {
            Self::SavedPlan => "it is a plan that `plan -o` saved",
            Self::Plan => "it is a plan as `--format json` prints it",
            Self::Observations => "it is what `probe -o` writes",
        })
    }
}

/// Returns why a text is no JSON document, as the end of a sentence.
pub(crate) fn no_json(text: &[u8], error: &Error) -> String {
    if text.iter().all(u8::is_ascii_whitespace) {
        "it is empty".to_owned()
    } else if error.is_eof() {
        format!("it is cut off in line {}", error.line())
    } else {
        format!("it is no JSON: {error}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_known_by_what_it_has() {
        let saved = json!({"format_version": 1, "plan": {}, "digest": ""});
        let plan = json!({"format_version": 1, "cluster": "store", "changes": []});
        let observations = json!({"format_version": 1, "taken_at": 0, "nodes": {}});
        assert_eq!(DocumentKind::of(&saved), Some(DocumentKind::SavedPlan));
        assert_eq!(DocumentKind::of(&plan), Some(DocumentKind::Plan));
        assert_eq!(DocumentKind::of(&observations), Some(DocumentKind::Observations));
        assert_eq!(DocumentKind::Plan.instead(&plan), None);
        assert_eq!(DocumentKind::Plan.instead(&observations), Some("it is what `probe -o` writes"));
        for other in [json!(null), json!([1]), json!({"format_version": 1, "nodes": {}})] {
            assert_eq!(DocumentKind::of(&other), None, "{other}");
            assert_eq!(DocumentKind::Plan.instead(&other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_json_says_how() {
        let why = |text: &str| no_json(text.as_bytes(), &serde_json::from_str::<Value>(text).unwrap_err());
        assert_eq!(why(" \n"), "it is empty");
        assert_eq!(why("{\"plan\":\n {\"a\""), "it is cut off in line 2");
        assert!(
            why("kind: Cluster").starts_with("it is no JSON: expected value at line 1"),
            "{}",
            why("kind: Cluster")
        );
    }
}
