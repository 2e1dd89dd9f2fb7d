//! Statements.

use super::error::SqlError;
use super::lexer::{Piece, Token, pieces};
use crate::settings::Literal;

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `SELECT 1`, or any other whole number.
    Select(i64),
    /// `SHOW CLUSTER SETTING name`.
    ShowSetting(String),
    /// `SHOW CLUSTER SETTINGS`, or `SHOW ALL CLUSTER SETTINGS`.
    ShowSettings {
        /// Those that are not public too.
        all: bool,
    },
    /// `SET CLUSTER SETTING name = value`; `DEFAULT` resets.
    Set(String, Literal),
    /// `RESET CLUSTER SETTING name`.
    Reset(String),
    /// `SELECT node_id AS id, address FROM crdb_internal.kv_node_status`.
    NodeAddresses,
    /// How the stand-in's own commands ask what the real ones select from `crdb_internal`.
    NodeStatus {
        /// Nodes that left as well.
        decommissioned: bool,
        /// The question reads ranges, which needs a majority.
        reads_ranges: bool,
    },
}

impl Statement {
    /// Whether the real program refuses it inside a transaction of several statements.
    #[must_use]
    pub const fn stands_alone(&self) -> bool {
        matches!(self, Self::Set(..) | Self::Reset(..))
    }
}

/// Returns the statements of a text, in order.
///
/// # Errors
/// When one of them is not played; none is run then.
pub fn parse(text: &str) -> Result<Vec<Statement>, SqlError> {
    pieces(text)?.iter().map(statement).collect()
}

fn statement(piece: &Piece) -> Result<Statement, SqlError> {
    let Piece { tokens, text } = piece;
    let statement = match words(tokens, 3) {
        ["show", "all", "cluster"] if is_word(&tokens[3..], "settings") => {
            Some(Statement::ShowSettings { all: true })
        }
        ["show", "cluster", "settings"] if tokens.len() == 3 => Some(Statement::ShowSettings { all: false }),
        ["show", "cluster", "setting"] if is_word(&tokens[3..], "all") => {
            Some(Statement::ShowSettings { all: true })
        }
        ["show", "cluster", "setting"] => name(&tokens[3..]).map(Statement::ShowSetting),
        ["reset", "cluster", "setting"] => name(&tokens[3..]).map(Statement::Reset),
        ["set", "cluster", "setting"] => set(&tokens[3..]),
        ["roachsim", "node", "status"] => Some(Statement::NodeStatus {
            decommissioned: tokens[3..]
                .iter()
                .any(|token| is_word(std::slice::from_ref(token), "decommissioned")),
            reads_ranges: tokens[3..].iter().any(|token| is_word(std::slice::from_ref(token), "ranges")),
        }),
        ["select", ..] if is_node_addresses(text) => Some(Statement::NodeAddresses),
        ["select", ..] => match tokens.as_slice() {
            [_, Token::Number(number)] => number.parse().ok().map(Statement::Select),
            _ => None,
        },
        _ => None,
    };
    statement.ok_or_else(|| SqlError::not_played(text))
}

fn is_node_addresses(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").eq_ignore_ascii_case("SELECT node_id AS id, address FROM crdb_internal.kv_node_status")
}

/// The first words in small letters, at most `count` of them, for matching.
fn words(tokens: &[Token], count: usize) -> [&'static str; 3] {
    const KNOWN: [&str; 11] = [
        "show", "all", "cluster", "setting", "settings", "set", "reset", "select", "roachsim", "node",
        "status",
    ];
    let mut found = [""; 3];
    for (slot, token) in found.iter_mut().zip(tokens).take(count) {
        if let Token::Word(word) = token {
            *slot = KNOWN.iter().find(|known| word.eq_ignore_ascii_case(known)).copied().unwrap_or("");
        }
    }
    found
}

fn is_word(tokens: &[Token], wanted: &str) -> bool {
    matches!(tokens, [Token::Word(word)] if word.eq_ignore_ascii_case(wanted))
}

/// A name, whose dots may stand between quoted words: `"cluster"."organization"`.
fn name(tokens: &[Token]) -> Option<String> {
    let mut name = String::new();
    for token in tokens {
        match token {
            Token::Word(word) => name.push_str(&word.to_lowercase()),
            Token::Quoted(word) => name.push_str(word),
            Token::Symbol('.') => name.push('.'),
            _ => return None,
        }
    }
    (!name.is_empty()).then_some(name)
}

fn set(tokens: &[Token]) -> Option<Statement> {
    let at = tokens.iter().position(|token| match token {
        Token::Symbol('=') => true,
        Token::Word(word) => word.eq_ignore_ascii_case("to"),
        _ => false,
    })?;
    let name = name(&tokens[..at])?;
    let value = match &tokens[at + 1..] {
        [Token::Text(text) | Token::Quoted(text)] => Literal::Text(text.clone()),
        [Token::Number(number)] if number.parse::<i64>().is_ok() => Literal::Int(number.clone()),
        [Token::Number(number)] if number.parse::<f64>().is_ok() => Literal::Decimal(number.clone()),
        [Token::Word(word)] => match word.to_lowercase().as_str() {
            "default" => Literal::Default,
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            word => Literal::Text(word.to_owned()),
        },
        _ => return None,
    };
    Some(Statement::Set(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Statement {
        let statements = parse(text).unwrap();
        assert_eq!(statements.len(), 1, "{text}");
        statements[0].clone()
    }

    fn set_to(value: Literal) -> Statement {
        Statement::Set("cluster.organization".to_owned(), value)
    }

    #[test]
    fn spellings() {
        assert_eq!(one("select 1;"), Statement::Select(1));
        assert_eq!(one("show all cluster settings"), Statement::ShowSettings { all: true });
        assert_eq!(one("SHOW CLUSTER SETTINGS"), Statement::ShowSettings { all: false });
        assert_eq!(one("SHOW CLUSTER SETTING Version"), Statement::ShowSetting("version".to_owned()));
        assert_eq!(one("RESET CLUSTER SETTING a.b"), Statement::Reset("a.b".to_owned()));
        for (text, value) in [
            ("= 'Acme; Inc'", Literal::Text("Acme; Inc".to_owned())),
            ("TO 'x'", Literal::Text("x".to_owned())),
            ("= auto", Literal::Text("auto".to_owned())),
            ("= true", Literal::Bool(true)),
            ("= -1", Literal::Int("-1".to_owned())),
            ("= 0.5", Literal::Decimal("0.5".to_owned())),
            ("= DEFAULT", Literal::Default),
        ] {
            assert_eq!(
                one(&format!("SET CLUSTER SETTING cluster.organization {text}")),
                set_to(value),
                "{text}"
            );
        }
        assert_eq!(
            one("SET CLUSTER SETTING \"cluster\".\"organization\"='x'"),
            set_to(Literal::Text("x".to_owned()))
        );
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for text in [
            "SELECT 2 + 2",
            "SELECT * FROM t",
            "SELECT now()",
            "SET CLUSTER SETTING x",
            "SET CLUSTER SETTING x = 1 2",
            "SHOW CLUSTER SETTING",
            "DROP TABLE t",
            "SHOW ALL",
            "SELECT $1",
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.message.starts_with("roachsim: ") && why.code == "42601", "{text}: {why}");
        }
        assert_eq!(parse(" ; -- nothing").unwrap(), []);
    }
}
