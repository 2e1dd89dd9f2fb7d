//! `/_status/vars`: metrics as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cluster::RangeCounts;

/// The figures behind the text.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) node: u32,
    pub(super) release: String,
    pub(super) live_nodes: usize,
    pub(super) sessions: usize,
    pub(super) uptime_seconds: u64,
    pub(super) counts: RangeCounts,
    pub(super) expirations: BTreeMap<&'static str, i64>,
    pub(super) addresses: [String; 3],
}

/// A number as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it, and so Prometheus' text format: with an exponent from
/// seven digits on.
fn go_float(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    if digits.len() <= 6 {
        return value.to_string();
    }
    let sign = if value < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e+{:02}", digits.len() - 1)
}

/// Returns the text.
pub(super) fn render(figures: &Figures) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, labels: &str, value: i128| {
        let _ = writeln!(text, "# TYPE {name} gauge\n{name}{labels} {}", go_float(value));
    };
    let [advertise, http, sql] = &figures.addresses;
    let node_labels = format!("{{advertise_addr=\"{advertise}\",http_addr=\"{http}\",sql_addr=\"{sql}\"}}");
    gauge("node_id", &node_labels, figures.node.into());
    let build = format!("{{tag=\"{}\",go_version=\"go1.22.5\"}}", figures.release);
    gauge("build_timestamp", &build, 1_704_067_200);
    gauge("sys_uptime", "", figures.uptime_seconds.into());
    gauge("liveness_livenodes", "", figures.live_nodes as i128);
    gauge("clock_offset_meannanos", "", 0);
    gauge("sql_conns", "", figures.sessions as i128);
    for (name, seconds) in &figures.expirations {
        gauge(&format!("security_certificate_expiration_{name}"), "", (*seconds).into());
    }
    let store = format!("{{store=\"{}\"}}", figures.node);
    let counts = figures.counts;
    for (name, value) in [
        ("replicas", counts.replicas),
        ("replicas_leaders", counts.leaseholders),
        ("replicas_leaseholders", counts.leaseholders),
        ("ranges", counts.leaseholders + counts.unavailable),
        ("ranges_unavailable", counts.unavailable),
        ("ranges_underreplicated", counts.underreplicated),
        ("ranges_overreplicated", 0),
    ] {
        gauge(name, &store, value.into());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_have_an_exponent() {
        for (value, text) in [
            (0, "0"),
            (123_456, "123456"),
            (1_234_567, "1.234567e+06"),
            (2_000_000_000, "2e+09"),
            (-10_000_000, "-1e+07"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }

    #[test]
    fn metrics_are_prometheus_text() {
        let figures = Figures {
            node: 2,
            release: "v24.1.0".to_owned(),
            live_nodes: 3,
            sessions: 4,
            uptime_seconds: 5,
            counts: RangeCounts { replicas: 60, leaseholders: 20, underreplicated: 7, unavailable: 0 },
            expirations: BTreeMap::from([("ca", 10), ("node", 20)]),
            addresses: ["a:26257".to_owned(), "a:8080".to_owned(), "a:26257".to_owned()],
        };
        insta::assert_snapshot!(render(&figures).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"), @r#"
        node_id{advertise_addr="a:26257",http_addr="a:8080",sql_addr="a:26257"} 2
        build_timestamp{tag="v24.1.0",go_version="go1.22.5"} 1.7040672e+09
        sys_uptime 5
        liveness_livenodes 3
        clock_offset_meannanos 0
        sql_conns 4
        security_certificate_expiration_ca 10
        security_certificate_expiration_node 20
        replicas{store="2"} 60
        replicas_leaders{store="2"} 20
        replicas_leaseholders{store="2"} 20
        ranges{store="2"} 20
        ranges_unavailable{store="2"} 0
        ranges_underreplicated{store="2"} 7
        ranges_overreplicated{store="2"} 0
        "#);
    }
}
