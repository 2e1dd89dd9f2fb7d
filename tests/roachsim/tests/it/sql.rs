//! Clients of SQL: real ones, and `cockroach sql`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use crate::lab::{Lab, Node, text, wait};
use crate::postgres::Postgres;

/// A node of a release, initialised and ready.
fn alone(lab: &Lab, release: &str) -> Node {
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, release));
    assert!(lab.client(release, &node, &["init"]).status.success());
    lab.wait_ready(&node);
    node
}

#[test]
fn a_real_client_is_served_by_both_protocols() {
    let lab = Lab::new();
    let node = alone(&lab, "v24.1.0");
    let client = Postgres::connect(&node.ip, &lab.client_certs(), "root", Some("root")).unwrap();
    assert_eq!(client.simple("SELECT 1"), Ok(vec!["1".to_owned()]));
    assert_eq!(
        client.simple("SELECT 1; SHOW CLUSTER SETTING version"),
        Ok(vec!["1".to_owned(), "24.1".to_owned()])
    );
    assert_eq!(client.simple(""), Ok(vec![]));
    assert_eq!(client.extended::<i64>("SELECT 7"), Ok(7));
    assert_eq!(client.extended::<String>("SHOW CLUSTER SETTING version"), Ok("24.1".to_owned()));
    assert_eq!(client.extended::<bool>("SHOW CLUSTER SETTING diagnostics.reporting.enabled"), Ok(true));
    for query in ["SELECT count(*) FROM t", "BEGIN", "SELECT pg_sleep(1)"] {
        let why = client.simple(query).unwrap_err();
        assert!(why.starts_with("42601 roachsim: ") && why.contains(query), "{why}");
        assert!(client.extended::<i64>(query).unwrap_err().starts_with("42601 roachsim: "));
    }
    // An error leaves the connection usable, and stops the rest of its message.
    assert_eq!(
        client.simple("SELECT 1; SHOW CLUSTER SETTING x.y; SELECT 2").unwrap_err(),
        "XXUUU unknown setting: \"x.y\""
    );
    assert_eq!(client.simple("SELECT 3"), Ok(vec!["3".to_owned()]));
    assert_eq!(lab.metric(&node, "sql_conns"), 1);
    drop(client);
    wait("the session is gone", || lab.metric(&node, "sql_conns") == 0);
}

#[test]
fn who_may_connect_is_in_the_certificate() {
    let lab = Lab::new();
    let node = alone(&lab, "v24.1.0");
    let certs = lab.client_certs();
    let pair = lab.authority.issue("app", &[], 7);
    crate::pki::write_pair(&certs, "client.app", &pair);
    let refused =
        |user: &str, shown: Option<&str>| Postgres::connect(&node.ip, &certs, user, shown).err().unwrap();
    assert_eq!(refused("root", Some("app")), "28P01 password authentication failed for user root");
    // Without a certificate a password is asked for, and none is right.
    assert_eq!(refused("root", None), "28P01 password authentication failed for user root");
    let app = Postgres::connect(&node.ip, &certs, "app", Some("app")).unwrap();
    assert_eq!(app.simple("SELECT 1"), Ok(vec!["1".to_owned()]));
    let why = app.simple("SET CLUSTER SETTING cluster.organization = 'x'").unwrap_err();
    assert!(why.starts_with("42501 only users with the MODIFYCLUSTERSETTING privilege"), "{why}");
}

#[test]
fn clients_without_tls_are_told() {
    let lab = Lab::new();
    let node = alone(&lab, "v24.1.0");
    let mut stream = TcpStream::connect((node.ip.as_str(), 26257)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // GSSAPI first, as psql may, then a startup message in the clear.
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 48]).unwrap();
    let mut no = [0];
    stream.read_exact(&mut no).unwrap();
    assert_eq!(no, *b"N");
    stream.write_all(b"\0\0\0\x13\0\x03\0\0user\0root\0\0").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("C08P01\0Mnode is running secure mode, SSL connection required"), "{answer}");
}

#[test]
fn cockroach_sql_prints_a_header_a_result() {
    let lab = Lab::new();
    let node = alone(&lab, "v24.1.0");
    let run = |words: &[&str]| {
        let output = lab.client("v24.1.0", &node, &[&["sql", "--format=csv"], words].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, _) = run(&[
        "-e",
        "SHOW CLUSTER SETTING version",
        "-e",
        "SET CLUSTER SETTING cluster.organization = 'Acme, Inc'",
        "--execute=SHOW CLUSTER SETTING cluster.organization; SELECT 1",
    ]);
    assert_eq!(code, Some(0));
    assert_eq!(
        stdout,
        "version\n24.1\nSET CLUSTER SETTING\ncluster.organization\n\"Acme, Inc\"\n?column?\n1\n"
    );
    let (code, stdout, stderr) =
        run(&["-e", "SELECT 1", "-e", "SET CLUSTER SETTING no.such = 1", "-e", "SELECT 2"]);
    assert_eq!((code, stdout.as_str()), (Some(1), "?column?\n1\n"));
    assert_eq!(stderr, "ERROR: unknown cluster setting 'no.such'\nSQLSTATE: 42P02\nFailed running \"sql\"\n");
    let mut piped = lab.client_command("v24.1.0", &node, &["sql"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT 1;\nSELECT 2;\n").unwrap();
    assert_eq!(
        text(&child.wait_with_output().unwrap().stdout),
        "?column?\n1\n?column?\n2\n",
        "tsv without a terminal"
    );
}
