//! Values as statements give them and as results show them.

/// The right side of `SET CLUSTER SETTING name = …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`, or a bare word, which means the same.
    Text(String),
    /// A whole number.
    Int(String),
    /// A number with a point.
    Decimal(String),
    /// `true` or `false`.
    Bool(bool),
    /// `DEFAULT`.
    Default,
}

impl Literal {
    /// The name of its type in error messages.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Int(_) => "int",
            Self::Decimal(_) => "decimal",
            Self::Bool(_) => "bool",
            Self::Default => "default",
        }
    }
}

/// A value in a row of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// `STRING`.
    Text(String),
    /// `INT8`.
    Int(i64),
    /// `FLOAT8`.
    Float(f64),
    /// `BOOL`.
    Bool(bool),
    /// `INTERVAL`, in nanoseconds.
    Interval(i64),
}
