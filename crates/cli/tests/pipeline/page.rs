use std::collections::BTreeMap;

/// A fenced block of a page.
#[derive(Debug)]
pub(crate) struct Block {
    /// The word after the fence.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// Returns the blocks of a page by the name in the line before each, such as `` `.gitlab-ci.yml`: ``; those without by a number.
pub(crate) fn blocks(page: &str) -> BTreeMap<String, Block> {
    let mut found = BTreeMap::new();
    let (mut before, mut open): (String, Option<Block>) = (String::new(), None);
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => {
                let name = before.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:"));
                let name = name.map_or_else(|| format!("{}", found.len()), str::to_owned);
                assert!(found.insert(name.clone(), open.take().unwrap()).is_none(), "{name} is there twice");
            }
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new() });
            }
            (None, None) if !line.is_empty() => line.clone_into(&mut before),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    found
}
