//! What formats say, without what is the same for every plan and without repetition, so that a person can read it.

/// So many lines of a format are kept, at its beginning and at its end, and so many characters of a line.
const HEAD: usize = 40;
const TAIL: usize = 8;
const LINE: usize = 400;

/// Returns a page without its style, its script and the policy that has their digests.
pub(crate) fn markup(html: &str) -> String {
    let without = |html: &str, tag: &str| {
        let (head, rest) = html.split_once(&format!("<{tag}>")).unwrap();
        let (_, tail) = rest.split_once(&format!("</{tag}>")).unwrap();
        format!("{head}<{tag}>…</{tag}>{tail}")
    };
    let html = without(&without(html, "style"), "script");
    let policy = html.lines().find(|line| line.contains("Content-Security-Policy")).unwrap();
    html.replace(policy, "<meta …>")
}

/// Returns the text of a page, each block on a line of its own.
pub(crate) fn text(html: &str) -> String {
    let html = markup(html);
    let (_, body) = html.split_once("</head>").unwrap();
    let mut text = String::new();
    for piece in body.replace('\n', " ").split('<').skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        let is_line = tag.starts_with("span class=\"l") && !tag.contains("links");
        let inline = ["a", "b", "button", "code", "dd", "dt", "label", "option", "select", "span", "strong"];
        text.push(if inline.contains(&name) && !is_line { ' ' } else { '\n' });
        text.push_str(rest);
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    shortened(&unescaped(&lines.join("\n")))
}

fn unescaped(text: &str) -> String {
    let marks =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#x2f;", "/")];
    marks.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

/// Returns a JUnit report without the cases that passed.
pub(crate) fn cases(junit: &str) -> String {
    let passed = |line: &str| line.trim_start().starts_with("<testcase ") && line.ends_with("/>");
    let lines: Vec<&str> = junit.lines().filter(|line| !passed(line)).collect();
    shortened(&lines.join("\n"))
}

/// Returns the samples that are not zero, without the cluster that all have.
pub(crate) fn samples(metrics: &str) -> String {
    let lines: Vec<String> = metrics
        .lines()
        .filter(|line| !line.starts_with('#') && !line.ends_with(" 0"))
        .map(|line| line.replace("cluster=\"store\",", "").replace("{cluster=\"store\"}", ""))
        .collect();
    shortened(&lines.join("\n"))
}

/// Returns the members of a plan's document, an item of a list on a line. What resources are made of is crdbctl's own,
/// and tested where it is; of what was compared, numbers are kept.
pub(crate) fn members(json: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(json).unwrap();
    for change in json["changes"].as_array_mut().unwrap() {
        for part in ["desired", "before"] {
            if let Some((kind, _)) = change[part].as_object().and_then(|part| part.iter().next()) {
                change[part] = serde_json::json!(format!("{kind} …"));
            }
        }
    }
    let mut verdicts = std::collections::BTreeMap::<String, usize>::new();
    for verdict in json["compared"].as_object().unwrap().values() {
        *verdicts.entry(verdict.as_str().unwrap().to_owned()).or_default() += 1;
    }
    json["compared"] = serde_json::json!(verdicts);
    let mut text = String::new();
    for (key, value) in json.as_object().unwrap() {
        match value.as_array() {
            Some(items) if !items.is_empty() => {
                text.push_str(&format!("{key}:\n"));
                items.iter().for_each(|item| text.push_str(&format!("  {item}\n")));
            }
            _ => text.push_str(&format!("{key}: {value}\n")),
        }
    }
    shortened(&text)
}

fn shortened(text: &str) -> String {
    let line = |line: &str| match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…\n", &line[..at]),
        None => format!("{line}\n"),
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    if lines.len() <= HEAD + TAIL + 1 {
        return lines.concat();
    }
    let (head, tail) = (&lines[..HEAD], &lines[lines.len() - TAIL..]);
    format!("{}… {} more lines\n{}", head.concat(), lines.len() - HEAD - TAIL, tail.concat())
}
