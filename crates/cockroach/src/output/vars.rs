use std::collections::BTreeMap;

/// The gauges of `GET /_status/vars` that crdbctl needs, each summed over the node's stores.
///
/// `None` means that the node did not report the metric at all, as some only come with the first store.
/// Source: <https://www.cockroachlabs.com/docs/stable/monitoring-and-alerting#prometheus-endpoint> and, for
/// certificates, `pkg/security/certmgr` and `certificate_metrics.go` of <https://github.com/cockroachdb/cockroach>.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vars {
    /// Ranges with less live replicas than they should have. Just after a start it may be 0 for some seconds
    /// although there are some.
    pub ranges_underreplicated: Option<u64>,
    /// Ranges without a quorum.
    pub ranges_unavailable: Option<u64>,
    /// Live nodes as this one counts them.
    pub live_nodes: Option<u64>,
    /// When certificates expire, in seconds since 1970, by what `security_certificate_expiration_` is followed by:
    /// `ca`, `node`, `ui`, `client_ca`, …. The value is `None` where cockroach says 0: none there, or unreadable.
    pub certificate_expiration: BTreeMap<String, Option<u64>>,
}

/// Why a text is not what `/_status/vars` answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VarsError {
    /// No line is a metric; an error page perhaps.
    #[error("there are no metrics in it; it begins with `{0}`")]
    NoMetrics(String),
    /// A metric that is needed has a value that is not a whole number.
    #[error("line {line}: {metric} is `{value}`, and not a whole number")]
    Value {
        /// The number of the line, from 1.
        line: usize,
        /// The metric's name.
        metric: String,
        /// What was there.
        value: String,
    },
}

const CERTIFICATES: &str = "security_certificate_expiration_";

impl Vars {
    /// Returns the gauges from the body of an answer, in Prometheus' text format.
    ///
    /// Source of the format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    ///
    /// # Errors
    /// When it holds no metrics, or one that is needed cannot be read. Other lines may be anything.
    pub fn parse(body: &str) -> Result<Self, VarsError> {
        let mut vars = Self::default();
        let mut metrics = 0usize;
        for (at, line) in body.lines().enumerate() {
            let Some((metric, value)) = sample(line) else { continue };
            metrics += 1;
            let number = || {
                let fail =
                    || VarsError::Value { line: at + 1, metric: metric.to_owned(), value: value.to_owned() };
                whole(value).ok_or_else(fail)
            };
            match metric {
                "ranges_underreplicated" => add(&mut vars.ranges_underreplicated, number()?),
                "ranges_unavailable" => add(&mut vars.ranges_unavailable, number()?),
                "liveness_livenodes" => add(&mut vars.live_nodes, number()?),
                _ => {
                    if let Some(kind) = metric.strip_prefix(CERTIFICATES) {
                        let expires = Some(number()?).filter(|seconds| *seconds > 0);
                        vars.certificate_expiration.insert(kind.to_owned(), expires);
                    }
                }
            }
        }
        if metrics == 0 {
            return Err(VarsError::NoMetrics(
                body.trim_start().lines().next().unwrap_or("").chars().take(60).collect(),
            ));
        }
        Ok(vars)
    }
}

fn add(sum: &mut Option<u64>, number: u64) {
    *sum = Some(sum.unwrap_or(0).saturating_add(number));
}

/// Returns the name and the value of a line `name{labels} value [timestamp]`; `None` for comments and anything else.
fn sample(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = line.find(|c: char| !word(c)).filter(|end| *end > 0)?;
    let (name, rest) = line.split_at_checked(end)?;
    let rest = match rest.strip_prefix('{') {
        Some(labels) => labels.get(end_of_labels(labels)?..)?,
        None => rest.strip_prefix([' ', '\t'])?,
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?;
    let is_number = value.parse::<f64>().is_ok() || matches!(value, "+Inf" | "-Inf" | "NaN");
    // A timestamp may follow, prose may not.
    let ended = words.next().is_none_or(|stamp| stamp.parse::<i64>().is_ok()) && words.next().is_none();
    (is_number && ended).then_some((name, value))
}

/// Returns where the text after `{` goes on after its `}`; braces in quoted values do not count.
fn end_of_labels(labels: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in labels.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Returns a whole number, also when it is written as `1.7e+09`.
fn whole(value: &str) -> Option<u64> {
    if let Ok(number) = value.parse() {
        return Some(number);
    }
    let float: f64 = value.parse().ok()?;
    // 2^53: up to there a float holds whole numbers exactly.
    let fits = (0.0..=9_007_199_254_740_992.0).contains(&float) && float.fract() == 0.0;
    fits.then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = r#"# HELP ranges_underreplicated Number of ranges with fewer live replicas than the replication target
# TYPE ranges_underreplicated gauge
ranges_underreplicated{store="1",node_id="1"} 2
ranges_underreplicated{store="2",node_id="1"} 3
# TYPE ranges_unavailable gauge
ranges_unavailable{store="1"} 0
ranges_unavailable{store="2"} 0
liveness_livenodes{node_id="1"} 3
build_timestamp{tag="v24.1.0",go_version="go1.22",label="a \"quoted} brace"} 1.7e+09
security_certificate_expiration_ca{node_id="1"} 2.08e+09
security_certificate_expiration_node 1893456000 1700000000000
security_certificate_expiration_client_ca 0
security_certificate_ttl_node 12345
sys_gc_pause_percent NaN
sql_exec_latency_bucket{le="+Inf"} 5
"#;

    #[test]
    fn sums_over_stores() {
        let vars = Vars::parse(BODY).unwrap();
        assert_eq!(vars.ranges_underreplicated, Some(5));
        assert_eq!(vars.ranges_unavailable, Some(0));
        assert_eq!(vars.live_nodes, Some(3));
        let expires: Vec<(&str, Option<u64>)> =
            vars.certificate_expiration.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        assert_eq!(
            expires,
            [("ca", Some(2_080_000_000)), ("client_ca", None), ("node", Some(1_893_456_000))]
        );
    }

    #[test]
    fn not_reported_is_not_zero() {
        let vars = Vars::parse("up 1\n").unwrap();
        assert_eq!(vars, Vars::default());
        assert_eq!(vars.ranges_unavailable, None);
    }

    #[test]
    fn says_what_it_got() {
        let said = |body: &str| Vars::parse(body).unwrap_err().to_string();
        insta::assert_snapshot!(said(""), @"there are no metrics in it; it begins with ``");
        insta::assert_snapshot!(said("<html>\n<body>Sign in 5 </body>"), @"there are no metrics in it; it begins with `<html>`");
        insta::assert_snapshot!(said("404 page not found"), @"there are no metrics in it; it begins with `404 page not found`");
        insta::assert_snapshot!(said("x 1\nranges_unavailable{store=\"1\"} NaN\n"), @"line 2: ranges_unavailable is `NaN`, and not a whole number");
        insta::assert_snapshot!(said("ranges_unavailable 0.5"), @"line 1: ranges_unavailable is `0.5`, and not a whole number");
    }

    proptest! {
        #[test]
        fn never_panics(body in "(?s).{0,200}") {
            let _ = Vars::parse(&body);
        }

        #[test]
        fn never_panics_on_samples(lines in proptest::collection::vec("ranges_unavailable(\\{[a-z=\"\\\\}]{0,8}\\}?)? ?[-+.0-9eNaInf]{0,8}", 0..5)) {
            let _ = Vars::parse(&lines.join("\n"));
        }

        #[test]
        fn whole_numbers_stay(n: u64) {
            let vars = Vars::parse(&format!("ranges_unavailable {n}")).unwrap();
            prop_assert_eq!(vars.ranges_unavailable, Some(n));
        }
    }
}
