/// Returns the candidate that `word` is most likely a slip of, if any is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words are no slips, and comparing them costs time.
    if word.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let keys = ["name", "version", "max_unavailable", "identity_file"];
        for (word, want) in [
            ("vesion", Some("version")),
            ("Name", Some("name")),
            ("max-unavailable", Some("max_unavailable")),
            ("identityFile", Some("identity_file")),
            ("replicas", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), want, "{word}");
        }
        assert_eq!(nearest(&"name".repeat(100), keys), None);
    }
}
