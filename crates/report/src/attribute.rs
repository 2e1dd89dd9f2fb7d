use crdbctl_model::{Action, AttributeDiff, Impact, Value};

use crate::Role;
use crate::block::{Row, remark};
use crate::diff::{text_diff, word_diff};
use crate::group::Place;
use crate::line::Line;

/// Attribute names are aligned up to this many columns.
const NAME_COLUMNS: usize = 24;

/// Returns the attributes of a change, each with what it does to the node. `place` is where.
pub(crate) fn attribute_rows(
    attributes: &[AttributeDiff],
    action: Action,
    place: &Place,
    width: usize,
) -> Vec<Row> {
    let names = attributes.iter().map(|attribute| attribute.name.chars().count());
    let column = names.filter(|length| *length <= NAME_COLUMNS).max().unwrap_or(0);
    attributes
        .iter()
        .flat_map(|attribute| {
            let mut rows = rows_of(attribute, action, column, width);
            // Beside the new value, or beside the name when lines in context follow.
            let at = if rows.len() <= 3 { rows.len() - 1 } else { 0 };
            if let Some(row) = rows.get_mut(at) {
                row.remark = remark_of(attribute.impact, attribute.remark.as_deref(), place);
            }
            rows
        })
        .collect()
}

/// Returns what `impact` and `words` remark, unless there is nothing to say.
pub(crate) fn remark_of(impact: Impact, words: Option<&str>, place: &Place) -> Option<Line> {
    let (role, effect) = match impact {
        Impact::None => (Role::Muted, None),
        Impact::Reload if place.restarts => (Role::Muted, Some("read when cockroach restarts".to_owned())),
        Impact::Reload => (Role::Reload, Some("reloads certificates, no restart".to_owned())),
        Impact::Restart => (Role::Restart, Some(format!("restarts cockroach on {}", place.words))),
    };
    // Planners may say the effect themselves; it is said once, and alike on every node.
    let words = words
        .filter(|words| !words.starts_with("restarts cockroach on ") && effect.as_deref() != Some(*words));
    let text = match (words, effect) {
        (Some(words), Some(effect)) => format!("{words}; {effect}"),
        (Some(words), None) => words.to_owned(),
        (None, Some(effect)) => effect,
        (None, None) => return None,
    };
    Some(remark(role, &text))
}

fn rows_of(attribute: &AttributeDiff, action: Action, column: usize, width: usize) -> Vec<Row> {
    let role = match action {
        Action::Create => Role::Create,
        Action::Delete => Role::Delete,
        Action::Update | Action::Replace => Role::Update,
    };
    let (symbol, role) = match (&attribute.before, &attribute.after) {
        (None, Some(_)) => ("+", Role::Create),
        (Some(_), None) => ("-", Role::Delete),
        _ => ("~", role),
    };
    let title = || Line::indent(2).with(role, symbol).plain(" ").plain(&attribute.name);
    if let Some(values) = one_line(attribute) {
        let mut line = title();
        line.pad_to(4 + column);
        let hang = line.width() + 2;
        let line = line.plain("  ").then(values);
        if line.width() <= width || attribute.before.is_none() || attribute.after.is_none() {
            return vec![Row::new(line, hang)];
        }
    }
    let text = |value: &Option<Value>| match value {
        None => String::new(),
        Some(Value::Word(text) | Value::Text(text)) => text.clone(),
        Some(Value::List(items)) => items.iter().map(|item| item.replace('\n', "\\n") + "\n").collect(),
    };
    let (before, after) = (text(&attribute.before), text(&attribute.after));
    let lines = match (&attribute.before, &attribute.after) {
        (Some(Value::Word(_)), Some(Value::Word(_))) => {
            let shown = |word: String| if word.is_empty() { "\"\"".to_owned() } else { word };
            word_diff(&shown(before), &shown(after)).to_vec()
        }
        _ => text_diff(&before, &after),
    };
    let rows = lines.into_iter().map(|line| Row::new(Line::indent(4).then(line), 8));
    std::iter::once(Row::new(title(), 4)).chain(rows).collect()
}

/// Returns `before -> after` when both can stand on one line.
fn one_line(attribute: &AttributeDiff) -> Option<Line> {
    let compared = attribute.before.is_some() && attribute.after.is_some();
    let word = |value: &Value| match value {
        Value::Word(word) if word.is_empty() => Some("\"\"".to_owned()),
        Value::Word(word) => Some(word.clone()),
        Value::List(items) if items.is_empty() => Some("none".to_owned()),
        // Longer lists are compared item by item, when there is something to compare them with.
        Value::List(items) => Some(items.join(", ")).filter(|text| text.len() <= 40 || !compared),
        Value::Text(_) => None,
    };
    match (&attribute.before, &attribute.after) {
        // A new one that looks like the old: another certificate with the same last day, say.
        (Some(before), Some(after)) if before == after => {
            Some(Line::of(Role::After, word(after)?).with(Role::Muted, " (another)"))
        }
        (Some(before), Some(after)) => {
            let line = Line::of(Role::Before, word(before)?).with(Role::Muted, " -> ");
            Some(line.with(Role::After, word(after)?))
        }
        (None, Some(after)) => Some(Line::of(Role::After, word(after)?)),
        (Some(before), None) => Some(Line::of(Role::Before, word(before)?)),
        (None, None) => Some(Line::of(Role::Muted, "changes")),
    }
}
