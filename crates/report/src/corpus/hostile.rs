//! What hosts and manifests could use against their readers.

use crdbctl_model::{Action, AttributeDiff, Cause, Impact, Note, Plan, UnknownResource, Value};

use super::build::{addr, because, change, node, plan};

/// Strings that a host or a manifest could use against its reader.
pub(crate) fn hostile() -> Plan {
    let evil = "\x1b[2J\x1b]0;owned\x07\r\n# No changes.\u{202e}gpj\0";
    let text =
        AttributeDiff::texts("content", Some("ok\n\x1b[1A\x1b[2Kgone\n"), Some("ok\nfine\n\u{200b}\n"));
    let word = AttributeDiff::words(evil, Some(evil), Some("")).with_remark(evil);
    let long = AttributeDiff::words("flag", Some("x".repeat(300)), Some(format!("{}y", "x".repeat(300))));
    let update = change("store-1/unit.cockroach", Action::Update, Cause::Drift, vec![text, word, long]);
    let markup = "<script>alert(1)</script><img src=x onerror=alert(2)> ]]> {{ 7*7 }} {% raw %}";
    let table = "| a | b |\n|---|---|\n```\n````\n</details></summary>\n# Heading\n@everyone #1 https://example.com/\n";
    let html =
        AttributeDiff::words(markup, Some(markup), Some("`` ` |pipe| *bold* [x](javascript:alert(3))"));
    let fences = AttributeDiff::texts("content", Some(table), Some("~~~\n```` end\n\u{fffe}\n"));
    let list = AttributeDiff {
        name: "list".to_owned(),
        before: Some(Value::List(vec![markup.to_owned(), table.to_owned(), evil.to_owned()])),
        after: Some(Value::List(Vec::new())),
        impact: Impact::Restart,
        remark: Some(table.to_owned()),
    };
    let second = because(
        change("store-1/file.ufw-profile", Action::Update, Cause::Drift, vec![html, fences, list]),
        table,
    );
    let mut plan = plan(&["store-1"], vec![because(update, evil), because(second, markup)]);
    plan.unknown = vec![UnknownResource {
        node: Some(node("store-2")),
        addr: None,
        reason: evil.to_owned(),
        hint: evil.to_owned(),
    }];
    plan.unknown.push(UnknownResource {
        node: Some(node("store-3")),
        addr: None,
        reason: table.to_owned(),
        hint: markup.to_owned(),
    });
    plan.notes = [evil, markup, table]
        .map(|text| Note { addr: Some(addr("store-1/unit.cockroach")), text: text.to_owned() })
        .to_vec();
    plan
}
