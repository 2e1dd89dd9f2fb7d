//! What servers send.

use crate::settings::Shown;
use crate::sql::{Column, Notice, SqlError};

/// Messages on their way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backend {
    bytes: Vec<u8>,
}

impl Backend {
    /// Takes what was written so far.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        // Bodies are made of statements' results, far below 4 GiB.
        let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
        self.bytes.push(kind);
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(body);
    }

    /// `AuthenticationOk`.
    pub fn authenticated(&mut self) {
        self.message(b'R', &0_u32.to_be_bytes());
    }

    /// Asks for a password in clear text.
    pub fn ask_password(&mut self) {
        self.message(b'R', &3_u32.to_be_bytes());
    }

    /// `ParameterStatus`.
    pub fn parameter(&mut self, name: &str, value: &str) {
        self.message(b'S', format!("{name}\0{value}\0").as_bytes());
    }

    /// `BackendKeyData`; nothing can be cancelled with it.
    pub fn key(&mut self, process: u32) {
        self.message(b'K', &[process.to_be_bytes(), [0; 4]].concat());
    }

    /// `ReadyForQuery`, outside of transactions.
    pub fn ready(&mut self) {
        self.message(b'Z', b"I");
    }

    /// `EmptyQueryResponse`.
    pub fn empty_query(&mut self) {
        self.message(b'I', &[]);
    }

    /// A message without a body: `1` parsed, `2` bound, `3` closed, `n` no rows.
    pub fn bare(&mut self, kind: u8) {
        self.message(kind, &[]);
    }

    /// `ParameterDescription` of a statement without parameters.
    pub fn no_parameters(&mut self) {
        self.message(b't', &0_u16.to_be_bytes());
    }

    /// `RowDescription`; `binary` says which columns will come so.
    pub fn columns(&mut self, columns: &[Column], binary: &[bool]) {
        let mut body = count(columns.len());
        for (at, column) in columns.iter().enumerate() {
            body.extend(column.name.as_bytes());
            body.extend([0; 7]);
            body.extend(column.oid.to_be_bytes());
            body.extend(column.size.to_be_bytes());
            body.extend((-1_i32).to_be_bytes());
            body.extend(u16::from(is_binary(binary, at)).to_be_bytes());
        }
        self.message(b'T', &body);
    }

    /// `DataRow`.
    pub fn row(&mut self, row: &[Shown], binary: &[bool]) {
        let mut body = count(row.len());
        for (at, value) in row.iter().enumerate() {
            let bytes = if is_binary(binary, at) { value.as_binary() } else { value.as_text().into_bytes() };
            body.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            body.extend(bytes);
        }
        self.message(b'D', &body);
    }

    /// `CommandComplete`.
    pub fn complete(&mut self, tag: &str) {
        self.message(b'C', format!("{tag}\0").as_bytes());
    }

    /// `ErrorResponse`.
    pub fn error(&mut self, error: &SqlError) {
        self.fields(b'E', error.severity, &error.code, &error.message, error.hint.as_deref());
    }

    /// `NoticeResponse`.
    pub fn notice(&mut self, notice: &Notice) {
        self.fields(b'N', "NOTICE", "00000", &notice.message, notice.hint.as_deref());
    }

    fn fields(&mut self, kind: u8, severity: &str, code: &str, message: &str, hint: Option<&str>) {
        let mut body = format!("S{severity}\0V{severity}\0C{code}\0M{message}\0");
        if let Some(hint) = hint {
            body.push_str(&format!("H{hint}\0"));
        }
        body.push('\0');
        self.message(kind, body.as_bytes());
    }
}

fn count(number: usize) -> Vec<u8> {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes().to_vec()
}

/// No formats mean text, one counts for all columns.
fn is_binary(binary: &[bool], at: usize) -> bool {
    match binary {
        [] => false,
        [all] => *all,
        each => each.get(at).copied().unwrap_or(false),
    }
}
