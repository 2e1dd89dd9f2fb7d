use std::fmt;

use serde_json::Value;

use super::messages;

/// What `GET /health?ready=1` says of a node.
///
/// A node that is being decommissioned stays ready; a draining one is not.
/// Source: <https://www.cockroachlabs.com/docs/stable/monitoring-and-alerting#health-ready-1>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It takes connections.
    Ready,
    /// It waits for `cockroach init`, or for peers that it cannot reach.
    WaitingForInit,
    /// It drains.
    ShuttingDown,
    /// Its liveness record has expired.
    NotHealthy,
    /// It has no liveness record yet.
    LivenessNotFound,
    /// Anything else, as when something other than CockroachDB answers there.
    Other {
        /// The HTTP status.
        status: u16,
        /// What it said: the error of a JSON answer, or the beginning of the body in one line.
        text: String,
    },
}

impl Health {
    /// Returns what a node's answer means, from the HTTP status and the body.
    ///
    /// 200 counts only with a JSON object, so that another server on the port is not taken for a ready node.
    #[must_use]
    pub fn of(status: u16, body: &[u8]) -> Self {
        let object = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        if status == 200 && object.is_some() {
            return Self::Ready;
        }
        let field = |name: &str| object.as_ref().and_then(|object| object.get(name)).and_then(Value::as_str);
        let text = match field("error").or_else(|| field("message")) {
            Some(error) => error.to_owned(),
            None => String::from_utf8_lossy(body).into_owned(),
        };
        if status == 503 {
            let known = [
                (messages::WAITING_FOR_INIT, Self::WaitingForInit),
                (messages::SHUTTING_DOWN, Self::ShuttingDown),
                (messages::NOT_HEALTHY, Self::NotHealthy),
                (messages::LIVENESS_NOT_FOUND, Self::LivenessNotFound),
            ];
            if let Some((_, health)) = known.into_iter().find(|(message, _)| text.contains(message)) {
                return health;
            }
        }
        Self::Other { status, text: one_line(&text) }
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(200).collect()
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.pad("ready"),
            Self::WaitingForInit => f.pad("waiting for cluster initialization"),
            Self::ShuttingDown => f.pad("shutting down"),
            Self::NotHealthy => f.pad("not healthy"),
            Self::LivenessNotFound => f.pad("liveness record not found"),
            Self::Other { status, text } if text.is_empty() => write!(f, "HTTP status {status}"),
            Self::Other { status, text } => write!(f, "HTTP status {status}: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(error: &str) -> Health {
        let body = format!(r#"{{"error": "{error}", "code": 14, "message": "{error}", "details": []}}"#);
        Health::of(503, body.as_bytes())
    }

    #[test]
    fn knows_what_nodes_say() {
        assert_eq!(Health::of(200, b"{}"), Health::Ready);
        assert_eq!(Health::of(200, b"{\n}\n"), Health::Ready);
        assert_eq!(Health::of(200, br#"{"nodeId": 1, "buildInfo": {}}"#), Health::Ready);
        assert_eq!(refused("node is waiting for cluster initialization"), Health::WaitingForInit);
        assert_eq!(refused("node is shutting down"), Health::ShuttingDown);
        assert_eq!(refused("node is not healthy"), Health::NotHealthy);
        assert_eq!(refused("liveness record not found"), Health::LivenessNotFound);
        assert_eq!(
            Health::of(503, br#"{"code": 14, "message": "node is shutting down"}"#),
            Health::ShuttingDown
        );
        assert_eq!(Health::of(503, b"node is shutting down"), Health::ShuttingDown);
    }

    #[test]
    fn another_server_is_not_a_ready_node() {
        insta::assert_snapshot!(Health::of(200, b"<html>\n<body>It works!"), @"HTTP status 200: <html> <body>It works!");
        insta::assert_snapshot!(Health::of(200, b""), @"HTTP status 200");
        insta::assert_snapshot!(Health::of(404, b"404 page not found\n"), @"HTTP status 404: 404 page not found");
        insta::assert_snapshot!(refused("out of cheese"), @"HTTP status 503: out of cheese");
        // The words alone, under another status, are somebody's page about them.
        assert!(matches!(Health::of(404, b"node is shutting down"), Health::Other { .. }));
    }

    #[test]
    fn nothing_reaches_a_terminal_as_it_came() {
        let Health::Other { text, .. } = Health::of(500, b"\x1b[2Jboo\r\n\0\xff") else {
            panic!("not other")
        };
        assert_eq!(text, "[2Jboo \u{fffd}");
    }

    proptest! {
        #[test]
        fn never_panics(status: u16, body: Vec<u8>) {
            let _ = Health::of(status, &body).to_string();
        }
    }
}
