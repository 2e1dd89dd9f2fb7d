use crdbctl_model::{ClusterName, NodeName, Timestamp};
use serde::Serialize;

use crate::line::{Line, write_all};
use crate::prose::wrap_prose;
use crate::{RenderOptions, Role, duration};

/// A node of the cluster as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeStatusRow {
    /// Its name in the manifest; `None` for a member that the manifest does not have.
    pub node: Option<NodeName>,
    /// Whether the manifest has it leave.
    pub leaving: bool,
    /// Its number in the cluster; `None` when it is no member, or that is not known.
    pub id: Option<u32>,
    /// The `host:port` by which the cluster knows it.
    pub address: Option<String>,
    /// `active`, `decommissioning`, `decommissioned`; `None` when it is no member, or that is not known.
    pub membership: Option<String>,
    /// The service as systemd has it: `active`, `failed`, …; `None` when the host could not be read, or is nobody's.
    pub service: Option<String>,
    /// The version that it runs.
    pub version: Option<String>,
    /// For how many seconds it has been up.
    pub uptime: Option<i64>,
    /// Whether the cluster takes it for live.
    pub live: Option<bool>,
    /// Whether `/health?ready=1` answers 200.
    pub ready: Option<bool>,
    /// Ranges with a replica on it.
    pub ranges: Option<u64>,
    /// Ranges with less replicas than they should have, as far as it is to count them.
    pub underreplicated: Option<u64>,
    /// Ranges without a quorum, as far as it is to count them.
    pub unavailable: Option<u64>,
    /// Whole days until its certificate ends; less than 0 when it is over.
    pub certificate_days: Option<i64>,
    /// By how many milliseconds its clock is ahead of this host's, at least; below 0 behind; 0 when it is not seen to differ.
    pub clock_skew: Option<i64>,
    /// How many milliseconds of difference the look itself could hide.
    pub clock_uncertainty: Option<i64>,
    /// Why it could not be read.
    pub unread: Option<String>,
    /// Why it is not known whether it is ready, although its host was read.
    pub health_unread: Option<String>,
    /// Why it is not known when its certificate ends, although its host was read.
    pub certificate_unread: Option<String>,
}

/// A cluster as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// The version of this document's form.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// When it was looked at.
    pub taken_at: Timestamp,
    /// The cluster's version as a whole: `24.1`, or more while an upgrade is being finalised; `None` when nobody tells.
    pub version: Option<String>,
    /// The nodes of the manifest, then members that it does not have.
    pub nodes: Vec<NodeStatusRow>,
    /// What could not be read, a sentence each.
    pub unknown: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

impl ClusterStatus {
    /// The form that this crdbctl writes.
    pub const FORMAT_VERSION: u32 = 1;
}

const HEADINGS: [&str; 11] =
    ["NODE", "ID", "SERVICE", "VERSION", "UPTIME", "LIVE", "READY", "RANGES", "UNDER", "CERT", "CLOCK"];

/// The columns that a narrow terminal goes without, the first one first.
const DISPENSABLE: [&str; 7] = ["UPTIME", "RANGES", "VERSION", "CLOCK", "ID", "CERT", "UNDER"];

/// What is shown of a name before columns are left out for it, and at least.
const NAME: usize = 24;
const NARROWEST_NAME: usize = 12;

/// What a clock may be off without a look seeing it, in milliseconds, for it to be called well.
const CERTAIN: i64 = 250;

/// Returns the nodes as a table with a heading, then what could not be read and what else to know. Ends in a line feed.
///
/// On a terminal the table is made to fit: less important columns are left out, which is told, and then names are cut.
pub fn render_status(status: &ClusterStatus, options: &RenderOptions, is_terminal: bool) -> String {
    let mut rows: Vec<[(Role, String); 11]> = status.nodes.iter().map(row).collect();
    let mut widths = HEADINGS.map(str::len);
    for row in &rows {
        for (width, (role, text)) in widths.iter_mut().zip(row) {
            *width = (*width).max(Line::of(*role, text).width());
        }
    }
    let width = options.columns();
    let left_out = if is_terminal { fit(&mut widths, &mut rows, width) } else { Vec::new() };
    let mut lines = vec![laid_out(&HEADINGS.map(|heading| (Role::Title, heading.to_owned())), &widths)];
    lines.extend(rows.iter().map(|row| laid_out(row, &widths)));
    let extra: Vec<Line> = status
        .unknown
        .iter()
        .map(|text| Line::of(Role::Unknown, "Could not be read: ").plain(text))
        .chain(status.notes.iter().map(|text| Line::of(Role::Muted, "Note: ").plain(text)))
        .chain((!left_out.is_empty()).then(|| {
            let columns = left_out.join(", ");
            Line::of(Role::Muted, "Note: ").plain(format!("the terminal is too narrow for {columns}"))
        }))
        .flat_map(|line| wrap_prose(line, width, 2))
        .collect();
    let mut text = write_all(&lines, options.color);
    if !extra.is_empty() {
        text.push('\n');
        text.push_str(&write_all(&extra, options.color));
    }
    text
}

/// Makes a table as narrow as `width`: shortens long names, leaves columns out by giving them no width, then cuts names more.
/// Returns what was left out.
fn fit(widths: &mut [usize; 11], rows: &mut [[(Role, String); 11]], width: usize) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    let total = |widths: &[usize; 11]| -> usize {
        let shown = || widths.iter().filter(|width| **width > 0);
        shown().sum::<usize>() + 2 * (shown().count() - 1)
    };
    let shorten = |widths: &mut [usize; 11], least: usize| {
        let excess = total(widths).saturating_sub(width);
        widths[0] = widths[0].min(widths[0].saturating_sub(excess).max(least));
    };
    shorten(widths, NAME);
    for dispensable in DISPENSABLE {
        if total(widths) <= width {
            break;
        }
        if let Some(at) = HEADINGS.iter().position(|heading| *heading == dispensable) {
            widths[at] = 0;
            left_out.push(dispensable);
        }
    }
    shorten(widths, NARROWEST_NAME);
    for row in rows {
        row[0].1 = cut(&row[0].1, widths[0]);
    }
    left_out
}

/// A text of at most `width` columns, with a mark where it was cut. What could play tricks is escaped first: it is wider then.
fn cut(text: &str, width: usize) -> String {
    let text = Line::of(Role::Plain, text).text();
    if Line::of(Role::Plain, &text).width() <= width {
        return text;
    }
    let mut kept = String::new();
    for c in text.chars() {
        let mut longer = kept.clone();
        longer.push(c);
        if Line::of(Role::Plain, &longer).width() >= width {
            break;
        }
        kept = longer;
    }
    kept + "…"
}

fn row(node: &NodeStatusRow) -> [(Role, String); 11] {
    let plain = |text: Option<String>| (Role::Plain, text.unwrap_or_else(|| "-".to_owned()));
    let judged = |is: Option<bool>| match is {
        Some(true) => (Role::Success, "yes".to_owned()),
        Some(false) => (Role::Failure, "no".to_owned()),
        None => (Role::Muted, "-".to_owned()),
    };
    let name = match (&node.node, node.leaving) {
        (Some(name), false) => (Role::Address, name.to_string()),
        (Some(name), true) => (Role::Address, format!("{name} (leaves)")),
        (None, _) => {
            let place = node.address.clone().unwrap_or_else(|| "?".to_owned());
            (Role::Unknown, format!("{place} (not in the manifest)"))
        }
    };
    let service = match (&node.unread, node.service.as_deref(), node.membership.as_deref()) {
        // A machine that has left may be gone.
        (_, None | Some("inactive"), Some("decommissioned"))
        | (None, Some("active") | None, Some("decommissioning")) => {
            (Role::Unknown, node.membership.clone().unwrap_or_default())
        }
        (Some(_), ..) => (Role::Unknown, "unknown".to_owned()),
        (None, Some(state), Some(membership)) if membership != "active" => {
            (Role::Failure, format!("{state}, {membership}"))
        }
        (None, Some("active"), _) => (Role::Success, "active".to_owned()),
        (None, Some(state), _) => (Role::Failure, state.to_owned()),
        (None, None, _) => (Role::Muted, "-".to_owned()),
    };
    let under = match node.underreplicated {
        None => (Role::Muted, "-".to_owned()),
        Some(0) => (Role::Plain, "0".to_owned()),
        Some(some) => (Role::Failure, some.to_string()),
    };
    let days = match node.certificate_days {
        None if node.certificate_unread.is_some() => (Role::Unknown, "?".to_owned()),
        None => (Role::Muted, "-".to_owned()),
        Some(days) if days < 0 => (Role::Failure, format!("{days}d")),
        Some(days) if days < 30 => (Role::Unknown, format!("{days}d")),
        Some(days) => (Role::Plain, format!("{days}d")),
    };
    // CockroachDB ends itself at 80% of its --max-offset, 400 ms by default.
    let clock = match node.clock_skew {
        None => (Role::Muted, "-".to_owned()),
        Some(0) => match node.clock_uncertainty {
            Some(hidden) if hidden > CERTAIN => (Role::Muted, format!("±{hidden}ms")),
            _ => (Role::Plain, "ok".to_owned()),
        },
        Some(skew) => (
            if skew.abs() >= 250 { Role::Failure } else { Role::Unknown },
            format!("{}{}ms", if skew > 0 { "+" } else { "" }, skew),
        ),
    };
    [
        name,
        plain(node.id.map(|id| format!("n{id}"))),
        service,
        plain(node.version.clone()),
        plain(node.uptime.map(uptime)),
        judged(node.live),
        if node.health_unread.is_some() { (Role::Unknown, "?".to_owned()) } else { judged(node.ready) },
        plain(node.ranges.map(|ranges| ranges.to_string())),
        under,
        days,
        clock,
    ]
}

/// `45s`, `12m`, `5h`, `17d`: what is worth knowing of it.
fn uptime(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..=119 => duration(seconds.unsigned_abs() * 1000),
        seconds @ 120..=7_199 => format!("{}m", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// The cells in their columns.
fn laid_out(row: &[(Role, String); 11], widths: &[usize; 11]) -> Line {
    let mut line = Line::new();
    let mut column = 0;
    for ((role, text), width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
        line = line.then(Line::of(*role, text));
        column += width + 2;
        line.pad_to(column);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> ClusterStatus {
        let well = NodeStatusRow {
            node: Some(NodeName::new("store-1").unwrap()),
            id: Some(1),
            address: Some("198.0.2.166:26257".to_owned()),
            membership: Some("active".to_owned()),
            service: Some("active".to_owned()),
            version: Some("v24.1.0".to_owned()),
            uptime: Some(17 * 86_400),
            live: Some(true),
            ready: Some(true),
            ranges: Some(60),
            underreplicated: Some(0),
            unavailable: Some(0),
            certificate_days: Some(1800),
            clock_skew: Some(0),
            clock_uncertainty: Some(120),
            ..NodeStatusRow::default()
        };
        let ill = NodeStatusRow {
            node: Some(NodeName::new("store-2").unwrap()),
            service: Some("failed".to_owned()),
            uptime: None,
            live: Some(false),
            ready: None,
            underreplicated: Some(7),
            certificate_days: Some(-3),
            clock_skew: Some(-812),
            ..well.clone()
        };
        let unread = NodeStatusRow {
            node: Some(NodeName::new("store-3").unwrap()),
            unread: Some("connection refused".to_owned()),
            ..NodeStatusRow::default()
        };
        let foreign = NodeStatusRow {
            id: Some(9),
            address: Some("198.0.2.\u{1b}99:26257".to_owned()),
            live: Some(true),
            version: Some("v24.1.0".to_owned()),
            uptime: Some(95),
            ..NodeStatusRow::default()
        };
        let leaving = NodeStatusRow {
            node: Some(NodeName::new("store-4").unwrap()),
            leaving: true,
            membership: Some("decommissioning".to_owned()),
            ..well.clone()
        };
        ClusterStatus {
            format_version: ClusterStatus::FORMAT_VERSION,
            cluster: ClusterName::new("store").unwrap(),
            taken_at: Timestamp::from_unix(0),
            version: Some("24.1".to_owned()),
            nodes: vec![well, ill, unread, leaving, foreign],
            unknown: vec!["store-3: connection refused".to_owned()],
            notes: vec!["the cluster's version is 24.1-upgrading".to_owned()],
        }
    }

    #[test]
    fn a_row_a_node() {
        insta::assert_snapshot!(render_status(&status(), &RenderOptions::plain(120), false), @r"
        NODE                                        ID  SERVICE          VERSION  UPTIME  LIVE  READY  RANGES  UNDER  CERT   CLOCK
        store-1                                     n1  active           v24.1.0  17d     yes   yes    60      0      1800d  ok
        store-2                                     n1  failed           v24.1.0  -       no    -      60      7      -3d    -812ms
        store-3                                     -   unknown          -        -       -     -      -       -      -      -
        store-4 (leaves)                            n1  decommissioning  v24.1.0  17d     yes   yes    60      0      1800d  ok
        198.0.2.\x1b99:26257 (not in the manifest)  n9  -                v24.1.0  1m35s   yes   -      -       -      -      -

        Could not be read: store-3: connection refused
        Note: the cluster's version is 24.1-upgrading
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_what_matters_most() {
        insta::assert_snapshot!(render_status(&status(), &RenderOptions::plain(80), true), @r"
        NODE                      ID  SERVICE          LIVE  READY  UNDER  CERT   CLOCK
        store-1                   n1  active           yes   yes    0      1800d  ok
        store-2                   n1  failed           no    -      7      -3d    -812ms
        store-3                   -   unknown          -     -      -      -      -
        store-4 (leaves)          n1  decommissioning  yes   yes    0      1800d  ok
        198.0.2.\x1b99:26257 (n…  n9  -                yes   -      -      -      -

        Could not be read: store-3: connection refused
        Note: the cluster's version is 24.1-upgrading
        Note: the terminal is too narrow for UPTIME, RANGES, VERSION
        ");
        for width in 60..=140 {
            let text = render_status(&status(), &RenderOptions::plain(width), true);
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            assert!(text.contains("LIVE") && text.contains("READY"));
        }
    }

    #[test]
    fn what_is_not_known_is_not_called_well_or_ill() {
        let mut node = status().nodes.remove(0);
        node.clock_uncertainty = Some(251);
        node.ready = None;
        node.health_unread = Some("no curl".to_owned());
        node.certificate_days = None;
        node.certificate_unread = Some("not PEM".to_owned());
        let cells: Vec<String> = row(&node).into_iter().map(|(_, text)| text).collect();
        assert_eq!([&cells[2], &cells[6], &cells[9], &cells[10]], ["active", "?", "?", "±251ms"]);
        let service = |state: Option<&str>, membership: &str, unread: Option<&str>| {
            let node = NodeStatusRow {
                service: state.map(str::to_owned),
                membership: Some(membership.to_owned()),
                unread: unread.map(str::to_owned),
                ..NodeStatusRow::default()
            };
            row(&node)[2].1.clone()
        };
        assert_eq!(service(Some("failed"), "decommissioning", None), "failed, decommissioning");
        assert_eq!(service(Some("active"), "decommissioned", None), "active, decommissioned");
        assert_eq!(service(Some("active"), "decommissioning", None), "decommissioning");
        assert_eq!(service(None, "decommissioned", Some("no route")), "decommissioned");
        assert_eq!(service(None, "active", Some("no route")), "unknown");
    }

    #[test]
    fn machines_get_every_figure() {
        let document = serde_json::to_value(status()).unwrap();
        assert_eq!(document["format_version"], 1);
        assert_eq!(document["nodes"][1]["clock_skew"], -812);
        assert_eq!(document["nodes"][4]["node"], serde_json::Value::Null);
    }
}
