use crdbctl_model::{Action, Change, Impact, ResourceKind};

use crate::attribute::{attribute_rows, remark_of};
use crate::block::Row;
use crate::create::lone_row;
use crate::group::{Group, Place};
use crate::line::Line;
use crate::{Role, bytes, count};

/// Returns what stands under the heading of a group: what will be there, or what differs.
pub(crate) fn body_rows(group: &Group<'_>, width: usize) -> Vec<Row> {
    let change = group.first();
    if change.action == Action::Create {
        return vec![lone_row(group)];
    }
    let mut rows = attribute_rows(&change.attributes, change.action, &group.place(), width);
    if let Some(remark) = remark_beyond_attributes(change, &group.place()) {
        rows.push(Row::new(Line::indent(4).then(remark), 6));
    }
    let mut muted =
        |text: String| rows.push(Row::new(Line::indent(4).with(Role::Muted, format!("# {text}")), 6));
    if change.bytes > 0 && change.addr.kind == ResourceKind::Package {
        muted(format!("{} to send", bytes(change.bytes)));
    }
    if change.unchanged > 0 {
        muted(format!("({} hidden)", count(change.unchanged, "unchanged attribute")));
    }
    rows
}

/// What a change does to the node when none of its attributes says so.
fn remark_beyond_attributes(change: &Change, place: &Place) -> Option<Line> {
    let told = change.attributes.iter().map(|attribute| attribute.impact).max().unwrap_or(Impact::None);
    if change.impact > told { remark_of(change.impact, None, place) } else { None }
}
