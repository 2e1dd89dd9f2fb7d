//! What crdbctl believes of systemd's quoting, asked of a real systemd.
#![allow(clippy::unwrap_used, reason = "a test tells by panicking")]

mod common;

use crdbctl_model::NodeName;
use crdbctl_spec::{SystemdContext, split_exec, systemd_quote};
use crdbctl_testlab::{Lab, require_lab};

/// Writes its command line and its environment to files: a line of hexadecimal digits each time.
const SHOW: &str = "#!/bin/sh\nod -An -v -tx1 /proc/$$/cmdline | tr -d ' \\n' >>/srv/argv\necho >>/srv/argv\n\
                    od -An -v -tx1 /proc/$$/environ | tr -d ' \\n' >/srv/environ\n";

const WORDS: [&str; 30] = [
    "plain",
    "",
    " ",
    "a b",
    "%n %% %",
    "$HOME ${HOME} $$ $",
    "a\"b",
    "a'b",
    "a\\b\\",
    "\\x41",
    ";",
    "; /bin/true",
    "#",
    "-",
    "@/bin/x",
    "a\tb",
    "a\nExecStart=/bin/true",
    "\u{1}\u{7f}",
    "ä日本",
    "{{ x }}",
    "~root",
    "*",
    "a=b=c",
    "--log={sinks: {stderr: {filter: NONE}}, file-defaults: {dir: '/var/log/%n'}}",
    "`id`",
    "$(id)",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "\"\"",
    "''",
    "\\",
];

/// Lines that somebody might write into a template: both must read the same words.
const LINES: [&str; 9] = [
    "/srv/show b c",
    "/srv/show  'b c' \"d 'e\" ",
    "/srv/show b\"c d\"e 'f'g",
    "/srv/show \\x41\\u00e4\\101\\s\\\\\\t",
    "/srv/show %% $$ 5$ a$b $$a a$$b x%%y \"5$ $\"",
    "/srv/show ';' a;b ''",
    "/srv/show \"a\\\"b\" 'a\\'b'",
    "/srv/show --x=\"y z\" \"$$HOME\"",
    "/srv/show \\\n  continued \\\n# comment\n  more",
];

fn unhex(line: &str) -> Vec<String> {
    let bytes: Vec<u8> =
        (0..line.len() / 2).map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut words: Vec<String> =
        bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.pop();
    words
}

#[test]
fn systemd_reads_what_was_quoted_and_split() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let quoted: Vec<String> = WORDS.iter().map(|word| systemd_quote(word, SystemdContext::Exec)).collect();
    let assignments: Vec<String> = WORDS
        .iter()
        .enumerate()
        .map(|(index, word)| systemd_quote(&format!("V{index}={word}"), SystemdContext::Word))
        .collect();
    let mut unit = format!(
        "[Service]\nType=oneshot\nEnvironment={}\nExecStart=/srv/show {}\n",
        assignments.join(" "),
        quoted.join(" ")
    );
    for line in LINES {
        unit.push_str(&format!("ExecStart={line}\n"));
    }
    host.write("/srv/show", SHOW.as_bytes(), 0o755, "root:root").unwrap();
    host.write("/etc/systemd/system/quoting.service", unit.as_bytes(), 0o644, "root:root").unwrap();
    host.exec_ok("systemctl daemon-reload && systemctl start quoting.service").unwrap();

    let seen = host.read_text("/srv/argv").unwrap();
    let mut seen = seen.lines().map(|line| unhex(line)[1..].to_vec());
    let mut wanted = vec!["/srv/show".to_owned()];
    wanted.extend(WORDS.map(str::to_owned));
    assert_eq!(seen.next().unwrap(), wanted);
    for line in LINES {
        let joined = line.replace("# comment\n", "").replace("\\\n", " ");
        assert_eq!(seen.next(), Some(split_exec(&joined).unwrap()), "{line}");
    }
    let environment = unhex(host.read_text("/srv/environ").unwrap().trim());
    for (index, word) in WORDS.iter().enumerate() {
        let assignment = format!("V{index}={word}");
        assert!(environment.contains(&assignment), "{assignment:?} is not in {environment:#?}");
    }
}

#[test]
fn systemd_has_nothing_to_say_about_the_built_in_unit() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    host.exec_ok("mkdir -p /opt/cockroach && ln -s /bin/true /opt/cockroach/cockroach").unwrap();
    let graph = common::graph(include_str!("../../../specs/examples/full.yaml"));
    for (path, content) in crdbctl_spec::render(&graph, &NodeName::new("store-1").unwrap()) {
        host.write(path.as_str(), content.as_bytes(), 0o644, "root:root").unwrap();
    }
    let said =
        host.exec_ok("systemd-analyze verify cockroach.service 2>&1; ufw app info CockroachDB").unwrap();
    insta::assert_snapshot!(said.text(), @"
    Profile: CockroachDB
    Title: CockroachDB
    Description: SQL and traffic between nodes of CockroachDB, and its HTTP
    endpoint

    Ports:
      26257,8080/tcp
    ");
}
