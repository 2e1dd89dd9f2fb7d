use crdbctl_model::{ClusterName, Digest, NodeName, Timestamp};
use serde::Serialize;

use crate::line::{Line, write_all};
use crate::prose::wrap_prose;
use crate::wrap::wrap;
use crate::{RenderOptions, Role};

/// A certificate that follows the first one of a file, so that others can verify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainEntry {
    /// The subject, `O=Example, CN=Issuing`.
    pub subject: String,
    /// The subject's common name, or all of the subject where it has none.
    pub name: String,
    /// The issuer, as it is named.
    pub issuer: String,
    /// The digest of the certificate that signed it; `None` when none that was found did.
    pub signed_by: Option<Digest>,
    /// The digest of the certificate itself.
    pub sha256: Digest,
    /// The algorithm of its key.
    pub key: String,
    /// The last second at which it is valid.
    pub not_after: Timestamp,
    /// The day on which it ends.
    pub expires: String,
    /// Whole days until it ends, rounded down: less than 0 when it is over.
    pub days_left: i64,
    /// Whether it ends soon enough to be renewed.
    pub due: bool,
}

/// A certificate, where it is and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateEntry {
    /// The node that has it; `None` for the authority's directory on the control host.
    pub node: Option<NodeName>,
    /// The file's name: `ca.crt`, `node.crt`, `client.root.crt`.
    pub file: String,
    /// The subject, `O=Cockroach, CN=node`.
    pub subject: String,
    /// The subject's common name, or all of the subject where it has none.
    pub name: String,
    /// The names and addresses that it covers.
    pub sans: Vec<String>,
    /// The issuer, as it is named.
    pub issuer: String,
    /// The digest of the certificate that signed it, the authority's or an intermediate; `None` when none that was found did.
    pub signed_by: Option<Digest>,
    /// The digest of the certificate itself.
    pub sha256: Digest,
    /// Its serial number in hexadecimal.
    pub serial: String,
    /// The algorithm of its key, `ecdsa-p256`.
    pub key: String,
    /// The first second at which it is valid.
    pub not_before: Timestamp,
    /// The last second at which it is valid.
    pub not_after: Timestamp,
    /// The day on which it ends.
    pub expires: String,
    /// Whole days until it ends, rounded down: less than 0 when it is over.
    pub days_left: i64,
    /// Whether it ends soon enough to be renewed.
    pub due: bool,
    /// The certificates that follow it in its file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainEntry>,
}

/// Certificates that could not be read, so that nothing is known of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadCertificate {
    /// The node; `None` for the control host.
    pub node: Option<NodeName>,
    /// The file's name; `None` when it concerns everything there.
    pub file: Option<String>,
    /// Why.
    pub reason: String,
    /// What to do next; may be empty.
    pub hint: String,
}

/// Every certificate of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateListing {
    /// The version of this document's form.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// When it was read.
    pub taken_at: Timestamp,
    /// What was found: the control host first, then the nodes; in each by the end of their time.
    pub certificates: Vec<CertificateEntry>,
    /// What could not be read.
    pub unknown: Vec<UnreadCertificate>,
}

impl CertificateListing {
    /// The form that this crdbctl writes.
    pub const FORMAT_VERSION: u32 = 1;
}

const HEADINGS: [&str; 7] = ["WHERE", "FILE", "SUBJECT", "ISSUER", "KEY", "EXPIRES", "DAYS"];

/// The columns that a narrow terminal goes without, the first one first: they are told on a line below their row.
const MOVABLE: [usize; 3] = [KEY, ISSUER, SUBJECT];

const SUBJECT: usize = 2;
const ISSUER: usize = 3;
const KEY: usize = 4;
const DAYS: usize = 6;

/// The columns that names and addresses want for a column of their own.
const NARROWEST_SANS: usize = 24;

type Cells = [(Role, String); 7];

/// Returns the certificates as a table with a heading, then what could not be read. Ends in a line feed.
///
/// On a terminal the table is made to fit: what has no room in a row stands on a line below it. Nothing is left out.
pub fn render_certificates(
    listing: &CertificateListing,
    options: &RenderOptions,
    is_terminal: bool,
) -> String {
    let mut rows: Vec<(Cells, String)> = Vec::new();
    for entry in &listing.certificates {
        rows.push((row(entry), entry.sans.join(", ")));
        rows.extend(entry.chain.iter().map(|link| (chain_row(entry, link), String::new())));
    }
    let mut lines = if rows.is_empty() {
        vec![Line::of(Role::Plain, "No certificates were found.")]
    } else {
        table(&rows, is_terminal.then(|| options.columns()))
    };
    if !listing.unknown.is_empty() {
        let width = options.columns();
        lines.push(Line::new());
        lines.extend(wrap(Line::of(Role::Unknown, "Could not be read, so nothing is known of:"), width, 2));
        for unread in &listing.unknown {
            let place = place(unread.node.as_ref());
            let what =
                unread.file.as_ref().map_or_else(|| place.to_owned(), |file| format!("{place} {file}"));
            lines.extend(wrap(Line::of(Role::Unknown, "  ? ").with(Role::Address, what), width, 4));
            for line in unread.reason.lines().filter(|line| !line.trim().is_empty()) {
                lines.extend(wrap_prose(Line::indent(4).plain(line), width, 6));
            }
            if !unread.hint.is_empty() {
                let hint = format!("hint: {}", unread.hint);
                lines.extend(wrap_prose(Line::indent(4).with(Role::Hint, hint), width, 10));
            }
        }
    }
    write_all(&lines, options.color)
}

/// Returns the rows under a heading, made to fit when the terminal has a width.
fn table(rows: &[(Cells, String)], width: Option<usize>) -> Vec<Line> {
    let mut widths = HEADINGS.map(|heading| Line::of(Role::Plain, heading).width());
    for (cells, _) in rows {
        for (width, (role, text)) in widths.iter_mut().zip(cells) {
            *width = (*width).max(Line::of(*role, text).width());
        }
    }
    let heading = HEADINGS.map(|heading| (Role::Title, heading.to_owned()));
    let mut shown: Vec<usize> = (0..HEADINGS.len()).collect();
    let column = |shown: &[usize]| shown.iter().map(|at| widths[*at] + 2).sum::<usize>();
    let sans = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let Some(width) = width.filter(|width| column(&shown) + NARROWEST_SANS > *width) else {
        let width = width.unwrap_or(usize::MAX);
        let mut lines = vec![laid_out(&heading, &widths, &shown).with(Role::Title, "SANS")];
        let hang = column(&shown);
        lines.extend(rows.iter().flat_map(|(cells, names)| {
            wrap_prose(laid_out(cells, &widths, &shown).with(Role::Muted, sans(names)), width, hang)
        }));
        return lines;
    };
    for movable in MOVABLE {
        if column(&shown) - 2 <= width {
            break;
        }
        shown.retain(|at| *at != movable);
    }
    let mut lines = wrap(laid_out(&heading, &widths, &shown), width, 4);
    for (cells, names) in rows {
        lines.extend(wrap(laid_out(cells, &widths, &shown), width, 4));
        let mut more: Vec<String> = [SUBJECT, ISSUER, KEY]
            .into_iter()
            .filter(|at| !shown.contains(at))
            .map(|at| format!("{} {}", HEADINGS[at].to_lowercase(), cells[at].1))
            .collect();
        if !names.is_empty() {
            more.push(format!("sans {names}"));
        }
        if !more.is_empty() {
            lines.extend(wrap_prose(Line::indent(4).with(Role::Muted, more.join(", ")), width, 6));
        }
    }
    lines
}

/// The row of a certificate that follows another in its file.
fn chain_row(entry: &CertificateEntry, link: &ChainEntry) -> Cells {
    let role = urgency(link.days_left, link.due);
    [
        (Role::Address, place(entry.node.as_ref()).to_owned()),
        (Role::Plain, format!("+ {}", entry.file)),
        (Role::Plain, format!("{} {}", link.name, link.sha256.short())),
        (Role::Plain, link.signed_by.map_or_else(|| "unknown".to_owned(), |digest| digest.short())),
        (Role::Plain, link.key.clone()),
        (role, link.expires.clone()),
        (role, link.days_left.to_string()),
    ]
}

const fn urgency(days_left: i64, due: bool) -> Role {
    match (days_left < 0, due) {
        (true, _) => Role::Failure,
        (false, true) => Role::Unknown,
        (false, false) => Role::Plain,
    }
}

fn row(entry: &CertificateEntry) -> Cells {
    let role = urgency(entry.days_left, entry.due);
    let is_authority = entry.signed_by == Some(entry.sha256);
    // Authorities often share a name, so a part of the digest tells them apart.
    let subject =
        if is_authority { format!("{} {}", entry.name, entry.sha256.short()) } else { entry.name.clone() };
    let issuer = match entry.signed_by {
        Some(_) if is_authority => "itself".to_owned(),
        Some(digest) => digest.short(),
        None => "unknown".to_owned(),
    };
    [
        (Role::Address, place(entry.node.as_ref()).to_owned()),
        (Role::Plain, entry.file.clone()),
        (Role::Plain, subject),
        (Role::Plain, issuer),
        (Role::Plain, entry.key.clone()),
        (role, entry.expires.clone()),
        (role, entry.days_left.to_string()),
    ]
}

fn place(node: Option<&NodeName>) -> &str {
    node.map_or("authority", NodeName::as_str)
}

/// The cells that are shown in their columns, numbers to the right.
fn laid_out(cells: &Cells, widths: &[usize; 7], shown: &[usize]) -> Line {
    let mut line = Line::new();
    let mut column = 0;
    for at in shown {
        let ((role, text), width) = (&cells[*at], widths[*at]);
        let cell = Line::of(*role, text);
        if *at == DAYS {
            line.pad_to(column + width - cell.width());
        }
        line = line.then(cell);
        column += width + 2;
        line.pad_to(column);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(node: Option<&str>, file: &str, name: &str, days: i64) -> CertificateEntry {
        CertificateEntry {
            node: node.map(|node| NodeName::new(node).unwrap()),
            file: file.to_owned(),
            subject: format!("O=Cockroach, CN={name}"),
            name: name.to_owned(),
            sans: Vec::new(),
            issuer: "O=Cockroach, CN=Cockroach CA".to_owned(),
            signed_by: Some(Digest::of("ca")),
            sha256: Digest::of(file),
            serial: "0a".to_owned(),
            key: "ecdsa-p256".to_owned(),
            not_before: Timestamp::from_unix(0),
            not_after: Timestamp::from_unix(days * 86_400),
            expires: Timestamp::from_unix(days * 86_400).date(),
            days_left: days,
            due: days < 30,
            chain: Vec::new(),
        }
    }

    fn link() -> ChainEntry {
        ChainEntry {
            subject: "O=Example, CN=Issuing".to_owned(),
            name: "Issuing".to_owned(),
            issuer: "O=Cockroach, CN=Cockroach CA".to_owned(),
            signed_by: Some(Digest::of("ca")),
            sha256: Digest::of("issuing"),
            key: "ecdsa-p256".to_owned(),
            not_after: Timestamp::from_unix(800 * 86_400),
            expires: Timestamp::from_unix(800 * 86_400).date(),
            days_left: 800,
            due: false,
        }
    }

    fn listing() -> CertificateListing {
        let ca = CertificateEntry { sha256: Digest::of("ca"), ..entry(None, "ca.crt", "Cockroach CA", 3660) };
        let sans = ["localhost", "store-1", "127.0.0.1"].map(str::to_owned).to_vec();
        let node =
            CertificateEntry { sans, chain: vec![link()], ..entry(Some("store-1"), "node.crt", "node", 12) };
        let foreign =
            CertificateEntry { signed_by: None, ..entry(Some("store-2"), "node.crt", "no\u{1b}[1mde", -3) };
        CertificateListing {
            format_version: CertificateListing::FORMAT_VERSION,
            cluster: ClusterName::new("store").unwrap(),
            taken_at: Timestamp::from_unix(0),
            certificates: vec![ca, entry(None, "client.root.crt", "root", 1830), node, foreign],
            unknown: vec![UnreadCertificate {
                node: Some(NodeName::new("store-3").unwrap()),
                file: None,
                reason: "no route to host".to_owned(),
                hint: "look after the network".to_owned(),
            }],
        }
    }

    #[test]
    fn columns_are_aligned_and_nothing_unread_is_left_out() {
        insta::assert_snapshot!(render_certificates(&listing(), &RenderOptions::plain(80), false), @r"
        WHERE      FILE             SUBJECT                ISSUER    KEY         EXPIRES     DAYS  SANS
        authority  ca.crt           Cockroach CA 69590970  itself    ecdsa-p256  1980-01-09  3660  -
        authority  client.root.crt  root                   69590970  ecdsa-p256  1975-01-05  1830  -
        store-1    node.crt         node                   69590970  ecdsa-p256  1970-01-13    12  localhost, store-1, 127.0.0.1
        store-1    + node.crt       Issuing 974289a2       69590970  ecdsa-p256  1972-03-11   800  -
        store-2    node.crt         no\x1b[1mde            unknown   ecdsa-p256  1969-12-29    -3  -

        Could not be read, so nothing is known of:
          ? store-3
            no route to host
            hint: look after the network
        ");
    }

    #[test]
    fn a_terminal_gets_lines_that_fit() {
        insta::assert_snapshot!(render_certificates(&listing(), &RenderOptions::plain(80), true), @r"
        WHERE      FILE             SUBJECT                ISSUER    EXPIRES     DAYS
        authority  ca.crt           Cockroach CA 69590970  itself    1980-01-09  3660
            key ecdsa-p256
        authority  client.root.crt  root                   69590970  1975-01-05  1830
            key ecdsa-p256
        store-1    node.crt         node                   69590970  1970-01-13    12
            key ecdsa-p256, sans localhost, store-1, 127.0.0.1
        store-1    + node.crt       Issuing 974289a2       69590970  1972-03-11   800
            key ecdsa-p256
        store-2    node.crt         no\x1b[1mde            unknown   1969-12-29    -3
            key ecdsa-p256

        Could not be read, so nothing is known of:
          ? store-3
            no route to host
            hint: look after the network
        ");
        let wide = |width| render_certificates(&listing(), &RenderOptions::plain(width), true);
        let column = " ".repeat(91);
        assert!(wide(116).contains(&format!("localhost, store-1,\n{column}127.0.0.1\n")), "{}", wide(116));
        assert_eq!(wide(200), render_certificates(&listing(), &RenderOptions::plain(200), false));
        for width in [40, 60, 80, 100, 116, 120] {
            for line in wide(width).lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn an_empty_list_says_so_and_colour_marks_what_is_due() {
        let empty = CertificateListing { certificates: Vec::new(), unknown: Vec::new(), ..listing() };
        assert_eq!(
            render_certificates(&empty, &RenderOptions::plain(80), true),
            "No certificates were found.\n"
        );
        let colored =
            render_certificates(&listing(), &RenderOptions { color: true, ..RenderOptions::plain(80) }, true);
        assert!(
            colored.contains(&Role::Unknown.paint("12", true))
                && colored.contains(&Role::Failure.paint("-3", true))
        );
        assert!(!colored.contains("\u{1b}[1mde"));
    }
}
