//! What users read when a manifest is wrong.

mod common;

use common::{MINIMAL, wrong};

/// Returns the diagnostics of the minimal manifest with one text put for another.
fn wrong_with(old: &str, new: &str) -> String {
    assert!(MINIMAL.contains(old), "{old}");
    wrong(&MINIMAL.replace(old, new))
}

/// Returns the diagnostics of the minimal manifest with more at its end.
fn wrong_and(more: &str) -> String {
    wrong(&format!("{MINIMAL}{more}"))
}

#[test]
fn all_errors_at_once() {
    let text = "\
apiVersion: crdbctl/v1
kind: Cluster
nme: store
cockroach:
  vesion: v24.1.0
  flags:
    chache: .25
    listen-addr: 0.0.0.0
  join: [store-1, store-9]
install:
  root: opt/cockroach
  create_user: yes
rollout: {settle: 60}
nodes:
  - {name: store-1, address: 198.0.2.166, locality: 'region=kr,zone=a'}
  - {name: store-1, address: 198.0.2.166, locality: 'zone=a,region=kr'}
  - {name: Store-3, address: store-3, ssh: {user: -oProxyCommand=id}}
";
    insta::assert_snapshot!(wrong(text), @r#"
    error: `nme` is not a key of a manifest
     --> cluster.yaml:3:1
      |
    3 | nme: store
      | ^^^
      |
      = help: did you mean `name`?

    error: `vesion` is not a key of `cockroach`
     --> cluster.yaml:5:3
      |
    5 |   vesion: v24.1.0
      |   ^^^^^^
      |
      = help: did you mean `version`?

    error: `install.root`: "opt/cockroach" is not an absolute path
      --> cluster.yaml:11:9
       |
    11 |   root: opt/cockroach
       |         ^^^^^^^^^^^^^
       |
       = help: begin it with /

    error: `install.create_user` must be true or false, and is `yes`
      --> cluster.yaml:12:16
       |
    12 |   create_user: yes
       |                ^^^
       |
       = help: write `true`: YAML 1.2 has no other word for it

    error: `rollout.settle`: "60" is a duration without a unit
      --> cluster.yaml:13:19
       |
    13 | rollout: {settle: 60}
       |                   ^^
       |
       = help: write a number with its unit, as in 60s, 10m, 12h or 30d

    error: the node name `store-1` is here a second time
      --> cluster.yaml:16:12
       |
    15 |   - {name: store-1, address: 198.0.2.166, locality: 'region=kr,zone=a'}
       |            ------- first here
    16 |   - {name: store-1, address: 198.0.2.166, locality: 'zone=a,region=kr'}
       |            ^^^^^^^ again here
       |
       = help: keep one of them

    error: the address `198.0.2.166` is here a second time
      --> cluster.yaml:16:30
       |
    15 |   - {name: store-1, address: 198.0.2.166, locality: 'region=kr,zone=a'}
       |                              ----------- first here
    16 |   - {name: store-1, address: 198.0.2.166, locality: 'zone=a,region=kr'}
       |                              ^^^^^^^^^^^ again here
       |
       = help: keep one of them

    error: the tiers are zone, region, and another node's are region, zone
      --> cluster.yaml:16:53
       |
    15 |   - {name: store-1, address: 198.0.2.166, locality: 'region=kr,zone=a'}
       |                                                     ------------------ the other node's
    16 |   - {name: store-1, address: 198.0.2.166, locality: 'zone=a,region=kr'}
       |                                                     ^^^^^^^^^^^^^^^^^^
       |
       = help: give every node the same tiers in the same order

    error: a node without a locality, and another has one
      --> cluster.yaml:17:5
       |
    15 |   - {name: store-1, address: 198.0.2.166, locality: 'region=kr,zone=a'}
       |                                                     ------------------ the other node's
    16 |   - {name: store-1, address: 198.0.2.166, locality: 'zone=a,region=kr'}
    17 |   - {name: Store-3, address: store-3, ssh: {user: -oProxyCommand=id}}
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: add a `locality` with the tiers region, zone

    error: `nodes[2].name`: "Store-3" is not a node name
      --> cluster.yaml:17:12
       |
    17 |   - {name: Store-3, address: store-3, ssh: {user: -oProxyCommand=id}}
       |            ^^^^^^^
       |
       = help: use lower-case letters, digits, - and . (63 characters at most, letter or digit at both ends, not `cluster`)

    error: `nodes[2].address` is not an IP address: `store-3`
      --> cluster.yaml:17:30
       |
    17 |   - {name: Store-3, address: store-3, ssh: {user: -oProxyCommand=id}}
       |                              ^^^^^^^
       |
       = help: write the IP address here, and the name as `hostname`

    error: `nodes[2].ssh.user`: "-oProxyCommand=id" is not a user that ssh can be given safely
      --> cluster.yaml:17:51
       |
    17 |   - {name: Store-3, address: store-3, ssh: {user: -oProxyCommand=id}}
       |                                                   ^^^^^^^^^^^^^^^^^
       |
       = help: use letters, digits and . _ + - @, not beginning with - or @; for others, put `User` into your ssh configuration

    12 errors in cluster.yaml
    "#);
}

#[test]
fn yaml_itself() {
    insta::assert_snapshot!(wrong("a: [b\nc: d\n"), @"
    error: this is not YAML: illegal placement of ':' indicator
     --> cluster.yaml:2:2
      |
    1 | a: [b
      |    - opened here and not closed
    2 | c: d
      |  ^
      |
      = help: close the `[` with `]`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("a:\n\tb: c\n"), @"
    error: a tab in the indentation
     --> cluster.yaml:2:1
      |
    2 |     b: c
      | ^
      |
      = help: YAML is indented with spaces

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong(""), @"
    error: the manifest is empty
    --> cluster.yaml
     = help: begin it with `apiVersion: crdbctl/v1` and `kind: Cluster`, or let `crdbctl init` write one

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("# only a comment\n---\n"), @"
    error: the manifest is empty
    --> cluster.yaml
     = help: begin it with `apiVersion: crdbctl/v1` and `kind: Cluster`, or let `crdbctl init` write one

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("- a\n- b\n"), @"
    error: the manifest is a list, and must be a mapping
     --> cluster.yaml:1:1
      |
    1 | - a
      | ^^^
      |
      = help: write keys with values, as in `key: value`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong(&format!("{MINIMAL}---\n{MINIMAL}")), @"
    error: a second document begins here
      --> cluster.yaml:10:1
       |
    10 | ---
       | ^^^
       |
       = help: a manifest is one document: give each cluster a file of its own

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("\u{feff}name: x\n"), @"
    error: the file begins with a byte order mark
     --> cluster.yaml:1:1
      |
    1 | ﻿name: x
      | ^
      |
      = help: save the file as UTF-8 without a byte order mark (BOM)

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("name: x\0y\n"), @"
    error: a NUL byte
     --> cluster.yaml:1:8
      |
    1 | name: x␀y
      |        ^
      |
      = help: a manifest is text; is this the right file?

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("a: &a [*a]\n"), @"
    error: this alias stands inside its own anchor
     --> cluster.yaml:1:8
      |
    1 | a: &a [*a]
      |        ^^
      |
      = help: an alias can only name what ends before it

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong("a: *b\n"), @"
    error: this is not YAML: while parsing node, found unknown anchor
     --> cluster.yaml:1:4
      |
    1 | a: *b
      |    ^
      |
      = help: look at the indentation, colons, quotes and brackets on this line and the one before

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("name: store\n", "name: !!str store\n"), @"
    error: the tag `!!str` is not used in manifests
     --> cluster.yaml:3:7
      |
    3 | name: !!str store
      |       ^^^^^^^^^^^
      |
      = help: leave it out; for a text, use quotes

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("? [a, b]\n: c\n"), @"
    error: a key that is not a plain word
      --> cluster.yaml:10:3
       |
    10 | ? [a, b]
       |   ^
       |
       = help: keys are words, as in `name: value`; in `{…}` and `[…]`, put values with braces into quotes

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("address: 198.0.2.166}", "address: ${IP}}"), @"
    error: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
     --> cluster.yaml:7:31
      |
    7 |   - {name: store-1, address: ${IP}}
      |                               ^
      |
      = help: in `{…}` and `[…]`, put values with `${NAME}` between quotes

    1 error in cluster.yaml
    ");
}

#[test]
fn duplicate_keys_name_both_lines() {
    insta::assert_snapshot!(wrong_and("name: other\n"), @"
    error: the key `name` is here a second time
      --> cluster.yaml:10:1
       |
     3 | name: store
       | ---- first here
    ...
    10 | name: other
       | ^^^^ again here
       |
       = help: keep one of them; the first is on line 3

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("version: v24.1.0", "version: v24.1.0\n  version: v24.1.1"), @"
    error: the key `version` is here a second time
     --> cluster.yaml:6:3
      |
    5 |   version: v24.1.0
      |   ------- first here
    6 |   version: v24.1.1
      |   ^^^^^^^ again here
      |
      = help: keep one of them; the first is on line 5

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("x-a: &a {b: c}\nssh:\n  <<: *a\n  <<: *a\n"), @"
    error: `b` is not a key of `ssh`
      --> cluster.yaml:10:10
       |
    10 | x-a: &a {b: c}
       |          ^
       |
       = help: its keys are user, port, identity_file, config_file, jump, privilege

    error: the key `<<` is here a second time
      --> cluster.yaml:13:3
       |
    12 |   <<: *a
       |   -- first here
    13 |   <<: *a
       |   ^^ again here
       |
       = help: keep one of them; the first is on line 12

    2 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh:\n  <<: text\n"), @"
    error: `<<` takes a mapping, and this is a single value
      --> cluster.yaml:11:7
       |
    11 |   <<: text
       |       ^^^^
       |
       = help: name an anchored mapping, as in `<<: *defaults`, or a list of them

    1 error in cluster.yaml
    ");
}

#[test]
fn environment() {
    insta::assert_snapshot!(wrong_with("address: 198.0.2.166", "address: \"${STORE_1}\""), @r#"
    error: the environment variable `STORE_1` is not set
     --> cluster.yaml:7:31
      |
    7 |   - {name: store-1, address: "${STORE_1}"}
      |                               ^^^^^^^^^^
      |
      = help: set it, or give a default: `${STORE_1:-default}`

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("name: store\n", "name: ${CLUSTER\n"), @"
    error: a variable that does not end
     --> cluster.yaml:3:7
      |
    3 | name: ${CLUSTER
      |       ^^^^^^^^^
      |
      = help: write `${NAME}`, or `$$` for a single dollar sign

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("name: store\n", "name: ${CLUSTER:?needed}\n"), @"
    error: `${CLUSTER:?needed}` is not understood
     --> cluster.yaml:3:7
      |
    3 | name: ${CLUSTER:?needed}
      |       ^^^^^^^^^^^^^^^^^^
      |
      = help: only `${CLUSTER}` and `${CLUSTER:-default}` are

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("${KEY}: x\n"), @"
    error: `${KEY}` is not a key of a manifest
      --> cluster.yaml:10:1
       |
    10 | ${KEY}: x
       | ^^^^^^
       |
       = help: its keys are apiVersion, kind, name, cockroach, install, service, certificates, firewall, rollout, checks, hooks, ssh, nodes

    1 error in cluster.yaml
    ");
}

#[test]
fn scalars_mean_what_they_show() {
    insta::assert_snapshot!(wrong_and("install: {create_user: no}\n"), @"
    error: `install.create_user` must be true or false, and is `no`
      --> cluster.yaml:10:24
       |
    10 | install: {create_user: no}
       |                        ^^
       |
       = help: write `false`: YAML 1.2 has no other word for it

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {create_user: \"false\"}\n"), @r#"
    error: `install.create_user` must be true or false, and is `false`
      --> cluster.yaml:10:24
       |
    10 | install: {create_user: "false"}
       |                        ^^^^^^^
       |
       = help: write it without quotes

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_and("ssh: {port: 022}\n"), @"
    error: `ssh.port` must be a whole number, and is `022`
      --> cluster.yaml:10:13
       |
    10 | ssh: {port: 022}
       |             ^^^
       |
       = help: write it without leading zeros: they could mean octal

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: {port: \"22\"}\n"), @r#"
    error: `ssh.port` must be a whole number, and is `22`
      --> cluster.yaml:10:13
       |
    10 | ssh: {port: "22"}
       |             ^^^^
       |
       = help: write it without quotes

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_and("ssh: {port: 0x16}\n"), @"
    error: `ssh.port` must be a whole number, and is `0x16`
      --> cluster.yaml:10:13
       |
    10 | ssh: {port: 0x16}
       |             ^^^^
       |
       = help: write a number from 1 to 65535

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: {port: 70000}\n"), @"
    error: `ssh.port` is out of range: `70000`
      --> cluster.yaml:10:13
       |
    10 | ssh: {port: 70000}
       |             ^^^^^
       |
       = help: write a number from 1 to 65535

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: {port: -1}\n"), @"
    error: `ssh.port` must be a whole number, and is `-1`
      --> cluster.yaml:10:13
       |
    10 | ssh: {port: -1}
       |             ^^
       |
       = help: write a number from 1 to 65535

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: {user: }\n"), @"
    error: `ssh.user` has no value
      --> cluster.yaml:10:7
       |
    10 | ssh: {user: }
       |       ^^^^
       |
       = help: write one, or leave the key out

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: [user, azmin]\n"), @"
    error: `ssh` is a list, and must be a mapping
      --> cluster.yaml:10:6
       |
    10 | ssh: [user, azmin]
       |      ^^^^^^^^^^^^^
       |
       = help: write keys with values, as in `key: value`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("ssh: {user: [azmin]}\n"), @"
    error: `ssh.user` is a list, and must be a text
      --> cluster.yaml:10:13
       |
    10 | ssh: {user: [azmin]}
       |             ^^^^^^^
       |
       = help: write a text, or leave the key out

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("certificates: {clients: root}\n"), @"
    error: `certificates.clients` is a single value, and must be a list
      --> cluster.yaml:10:25
       |
    10 | certificates: {clients: root}
       |                         ^^^^
       |
       = help: write `[a, b]`, or items on lines of their own that begin with `- `

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("rollout: {settle: 60, drain_timeout: 250ms, health_timeout: ten}\n"), @r#"
    error: `rollout.settle`: "60" is a duration without a unit
      --> cluster.yaml:10:19
       |
    10 | rollout: {settle: 60, drain_timeout: 250ms, health_timeout: ten}
       |                   ^^
       |
       = help: write a number with its unit, as in 60s, 10m, 12h or 30d

    error: `rollout.drain_timeout` is not a number of whole seconds
      --> cluster.yaml:10:38
       |
    10 | rollout: {settle: 60, drain_timeout: 250ms, health_timeout: ten}
       |                                      ^^^^^
       |
       = help: write it in seconds or longer units, as in 60s

    error: `rollout.health_timeout`: "ten" is not a duration
      --> cluster.yaml:10:61
       |
    10 | rollout: {settle: 60, drain_timeout: 250ms, health_timeout: ten}
       |                                                             ^^^
       |
       = help: write a number with its unit, as in 60s, 10m, 12h or 30d

    3 errors in cluster.yaml
    "#);
}

#[test]
fn versions_and_archives() {
    insta::assert_snapshot!(wrong_with("v24.1.0", "24.1"), @"
    error: `cockroach.version`: `24.1` is not a CockroachDB version: all three numbers are needed, such as `v24.1.0`
     --> cluster.yaml:5:12
      |
    5 |   version: 24.1
      |            ^^^^

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v20.1.0"), @"
    error: v20.1.0 was published without a digest
     --> cluster.yaml:5:12
      |
    5 |   version: v20.1.0
      |            ^^^^^^^
      |
      = help: pin the digest: `cockroach.sha256: {amd64: <64 hexadecimal digits>}`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v22.1.0\n  arch: arm64"), @"
    error: CockroachDB v22.1.0 has no archive for arm64; the first that has one is v22.2.14
     --> cluster.yaml:5:12
      |
    5 |   version: v22.1.0
      |            ^^^^^^^
      |
      = help: write a version that was published

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  archive: http://mirror/{version}.tgz"), @"
    error: an archive over plain http, and no digest to hold it to
     --> cluster.yaml:6:12
      |
    6 |   archive: http://mirror/{version}.tgz
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pin the digest: `cockroach.sha256: {amd64: <64 hexadecimal digits>}`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  archive: https://u:p@mirror/x.tgz"), @r#"
    error: `cockroach.archive`: "https://u:p@mirror/x.tgz" holds a user or a password, and manifests are shown and kept in many places
     --> cluster.yaml:6:12
      |
    6 |   archive: https://u:p@mirror/x.tgz
      |            ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: use a mirror that needs none, or fetch the file yourself and give its path

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  archive: '{verion}.tgz'"), @r#"
    error: `cockroach.archive`: "{verion}.tgz" has the unknown placeholder {verion}
     --> cluster.yaml:6:12
      |
    6 |   archive: '{verion}.tgz'
      |            ^^^^^^^^^^^^^^
      |
      = help: use {version}, {os} and {arch} only

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  sha256: {amd64: abc, x86_64: abc}"), @r#"
    error: `cockroach.sha256.amd64`: "abc" is not a SHA-256 digest
     --> cluster.yaml:6:19
      |
    6 |   sha256: {amd64: abc, x86_64: abc}
      |                   ^^^
      |
      = help: write 64 hexadecimal digits

    error: `cockroach.sha256`: CockroachDB has no archives for `x86_64`: only for amd64 and arm64
     --> cluster.yaml:6:24
      |
    6 |   sha256: {amd64: abc, x86_64: abc}
      |                        ^^^^^^

    2 errors in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  arch: x86_64"), @"
    error: `cockroach.arch`: CockroachDB has no archives for `x86_64`: only for amd64 and arm64
     --> cluster.yaml:6:9
      |
    6 |   arch: x86_64
      |         ^^^^^^

    1 error in cluster.yaml
    ");
}

#[test]
fn flags_and_environment_of_the_service() {
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: \"a\\nb\"}"), @r#"
    error: flag `cache`: `25%` has a %, which systemd reads as a specifier
     --> cluster.yaml:6:18
      |
    6 |   flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: "a\nb"}
      |                  ^^^
      |
      = help: write `.25`

    error: flag `insecure`: it cannot be set here: crdbctl sets up secure clusters only, with certificates from `certificates.authority`
     --> cluster.yaml:6:23
      |
    6 |   flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: "a\nb"}
      |                       ^^^^^^^^

    error: flag `host`: it cannot be set here: it is an old name of `listen-addr`; crdbctl sets it from `nodes[].address`
     --> cluster.yaml:6:39
      |
    6 |   flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: "a\nb"}
      |                                       ^^^^

    error: flag `attrs`: it takes one value, and 2 were given
     --> cluster.yaml:6:48
      |
    6 |   flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: "a\nb"}
      |                                                ^^^^^

    error: `cockroach.flags.log` holds the control character U+000A
     --> cluster.yaml:6:68
      |
    6 |   flags: {cache: 25%, insecure: true, host: a, attrs: [a, b], log: "a\nb"}
      |                                                                    ^^^^^^
      |
      = help: write it on one line, without control and invisible characters

    5 errors in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  flags: {store: path=/mnt/d1}"), @"
    error: no store lies in `install.data`
     --> cluster.yaml:6:18
      |
    6 |   flags: {store: path=/mnt/d1}
      |                  ^^^^^^^^^^^^
      |
      = help: write `path=/var/lib/cockroach` in one of them, or set `install.data` to the first store

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  environment: {A-B: x, C: \"a\\nb\", D: [x]}"), @r#"
    error: `A-B` is not the name of a variable
     --> cluster.yaml:6:17
      |
    6 |   environment: {A-B: x, C: "a\nb", D: [x]}
      |                 ^^^
      |
      = help: use letters, digits and _, not beginning with a digit

    error: `cockroach.environment.C` holds the control character U+000A
     --> cluster.yaml:6:28
      |
    6 |   environment: {A-B: x, C: "a\nb", D: [x]}
      |                            ^^^^^^
      |
      = help: write it on one line, without control and invisible characters

    error: `cockroach.environment.D` is a list, and must be a text
     --> cluster.yaml:6:39
      |
    6 |   environment: {A-B: x, C: "a\nb", D: [x]}
      |                                       ^^^
      |
      = help: write a text, or leave the key out

    3 errors in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_with("address: 198.0.2.166}", "address: 198.0.2.166, flags: {cach: .5}}"), @"
    error: flag `cach`: `cockroach start` has no such flag
     --> cluster.yaml:7:51
      |
    7 |   - {name: store-1, address: 198.0.2.166, flags: {cach: .5}}
      |                                                   ^^^^
      |
      = help: did you mean `cache`?

    1 error in cluster.yaml
    ");
}

#[test]
fn nodes() {
    insta::assert_snapshot!(wrong_with("{name: store-2, address: 198.0.2.158}", "{name: store-1, address: 198.0.2.166}"), @"
    error: the node name `store-1` is here a second time
     --> cluster.yaml:8:12
      |
    7 |   - {name: store-1, address: 198.0.2.166}
      |            ------- first here
    8 |   - {name: store-1, address: 198.0.2.166}
      |            ^^^^^^^ again here
      |
      = help: keep one of them

    error: the address `198.0.2.166` is here a second time
     --> cluster.yaml:8:30
      |
    7 |   - {name: store-1, address: 198.0.2.166}
      |                              ----------- first here
    8 |   - {name: store-1, address: 198.0.2.166}
      |                              ^^^^^^^^^^^ again here
      |
      = help: keep one of them

    2 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("name: store-2", "name: 198.0.2.158"), @"
    error: `nodes[1].name`: `198.0.2.158` is not a DNS name, and it becomes one in the certificate
     --> cluster.yaml:8:12
      |
    8 |   - {name: 198.0.2.158, address: 198.0.2.158}
      |            ^^^^^^^^^^^
      |
      = help: use a name such as store-1: labels of letters, digits and -, the last one not of digits alone

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("name: store-2", "name: a-.b"), @"
    error: `nodes[1].name`: `a-.b` is not a DNS name, and it becomes one in the certificate
     --> cluster.yaml:8:12
      |
    8 |   - {name: a-.b, address: 198.0.2.158}
      |            ^^^^
      |
      = help: use a name such as store-1: labels of letters, digits and -, the last one not of digits alone

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "198.0.2.158:26257"), @"
    error: `nodes[1].address` is not an IP address: `198.0.2.158:26257`
     --> cluster.yaml:8:30
      |
    8 |   - {name: store-2, address: 198.0.2.158:26257}
      |                              ^^^^^^^^^^^^^^^^^
      |
      = help: write it as in 198.0.2.166 or 2001:db8::1, without port and brackets

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "0.0.0.0"), @"
    error: `nodes[1].address`: 0.0.0.0 stands for every address of a host
     --> cluster.yaml:8:30
      |
    8 |   - {name: store-2, address: 0.0.0.0}
      |                              ^^^^^^^
      |
      = help: write the node's own address, which the other nodes reach it by

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "127.0.0.1"), @"
    error: `127.0.0.1` is a loopback address: other nodes cannot reach it
     --> cluster.yaml:8:30
      |
    8 |   - {name: store-2, address: 127.0.0.1}
      |                              ^^^^^^^^^
      |
      = help: write the address by which the other nodes reach this one

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "198.0.2.158, hostname: 198.0.2.166"), @"
    error: `198.0.2.166` is another node's address
     --> cluster.yaml:8:53
      |
    7 |   - {name: store-1, address: 198.0.2.166}
      |                              ----------- that node's
    8 |   - {name: store-2, address: 198.0.2.158, hostname: 198.0.2.166}
      |                                                     ^^^^^^^^^^^
      |
      = help: write where ssh reaches this node

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "198.0.2.158, locality: region=kr"), @"
    error: a node without a locality, and another has one
     --> cluster.yaml:7:5
      |
    7 |   - {name: store-1, address: 198.0.2.166}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    8 |   - {name: store-2, address: 198.0.2.158, locality: region=kr}
      |                                                     --------- the other node's
      |
      = help: add a `locality` with the tiers region

    error: a node without a locality, and another has one
     --> cluster.yaml:9:5
      |
    8 |   - {name: store-2, address: 198.0.2.158, locality: region=kr}
      |                                                     --------- the other node's
    9 |   - {name: store-3, address: 198.0.2.171}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add a `locality` with the tiers region

    2 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("{name: store-2, address: 198.0.2.158}", "store-2"), @"
    error: `nodes[1]` is a single value, and must be a mapping
     --> cluster.yaml:8:5
      |
    8 |   - store-2
      |     ^^^^^^^
      |
      = help: write keys with values, as in `key: value`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("v24.1.0", "v24.1.0\n  join: [stor-1, store-2, store-2]"), @"
    error: `cockroach.join` names `stor-1`, and there is no such node
     --> cluster.yaml:6:10
      |
    6 |   join: [stor-1, store-2, store-2]
      |          ^^^^^^
      |
      = help: did you mean `store-1`?

    error: the node `store-2` is here a second time
     --> cluster.yaml:6:27
      |
    6 |   join: [stor-1, store-2, store-2]
      |                  -------  ^^^^^^^ again here
      |                  |
      |                  first here
      |
      = help: keep one of them

    2 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_with("198.0.2.158", "198.0.2.158, hostname: store-1"), @"
    error: `store-1` is another node's name
     --> cluster.yaml:8:53
      |
    7 |   - {name: store-1, address: 198.0.2.166}
      |            ------- that node's
    8 |   - {name: store-2, address: 198.0.2.158, hostname: store-1}
      |                                                     ^^^^^^^
      |
      = help: write where ssh reaches this node

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong(&MINIMAL.replace("198.0.2.158", "198.0.2.158, hostname: h").replace("198.0.2.171", "198.0.2.171, hostname: H")), @"
    error: two nodes on the host `h`
     --> cluster.yaml:9:53
      |
    8 |   - {name: store-2, address: 198.0.2.158, hostname: h}
      |                                                     - first here
    9 |   - {name: store-3, address: 198.0.2.171, hostname: H}
      |                                                     ^ again here
      |
      = help: each node is a host of its own; hosts behind one name need an `ssh.port` each

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("rollout: {max_unavailable: 2}\n"), @"
    error: with 2 of 3 nodes down, no majority is left
      --> cluster.yaml:10:28
       |
    10 | rollout: {max_unavailable: 2}
       |                            ^
       |
       = help: write 1 at most; 1 is safe for data with three replicas

    1 error in cluster.yaml
    ");
    let one_look = wrong_and("rollout: {ranges_pause: 0s}\n");
    assert!(one_look.contains("`rollout.ranges_pause` of 0 makes two looks one"), "{one_look}");
}

#[test]
fn paths() {
    insta::assert_snapshot!(wrong_and("install: {root: /, data: /etc, packages: /}\n"), @"
    error: `install.root` is `/`, which the whole host shares
      --> cluster.yaml:10:17
       |
    10 | install: {root: /, data: /etc, packages: /}
       |                 ^
       |
       = help: its owner and mode would be changed: name a directory of CockroachDB's own

    error: `install.data` is `/etc`, which the whole host shares
      --> cluster.yaml:10:26
       |
    10 | install: {root: /, data: /etc, packages: /}
       |                          ^^^^
       |
       = help: its owner and mode would be changed: name a directory of CockroachDB's own

    error: `install.packages` is `/`
      --> cluster.yaml:10:42
       |
    10 | install: {root: /, data: /etc, packages: /}
       |                                          ^
       |
       = help: packages go into directories such as /opt or /usr/local/lib/cockroach

    3 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {root: /var/lib/cockroach/root}\n"), @"
    error: `install.root` lies in `install.data`
      --> cluster.yaml:10:17
       |
    10 | install: {root: /var/lib/cockroach/root}
       |                 ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: programs and certificates do not belong among the data: name another directory

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {data: /opt/cockroach/data}\n"), @"
    error: `install.data` is in the way of `/opt/cockroach/data`, which crdbctl makes itself
      --> cluster.yaml:10:17
       |
    10 | install: {data: /opt/cockroach/data}
       |                 ^^^^^^^^^^^^^^^^^^^
       |
       = help: name another directory; a link called data will lead to it

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {data: /opt/cockroach-v24.1.0.linux-amd64/x, packages: /opt}\n"), @"
    error: `install.data` lies in a package's directory
      --> cluster.yaml:10:17
       |
    10 | install: {data: /opt/cockroach-v24.1.0.linux-amd64/x, packages: /opt}
       |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: packages come and go with versions: name another directory

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {root: /srv/x, packages: /srv/x/packages}\n"), @"
    error: `install.packages` lies in `install.root`
      --> cluster.yaml:10:35
       |
    10 | install: {root: /srv/x, packages: /srv/x/packages}
       |                                   ^^^^^^^^^^^^^^^
       |
       = help: the service user could exchange the programs there: name a directory that belongs to root

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("install: {root: \"/opt/$(id)\", data: /opt/../etc}\n"), @r#"
    error: `install.root`: "/opt/$(id)" holds '$'
      --> cluster.yaml:10:17
       |
    10 | install: {root: "/opt/$(id)", data: /opt/../etc}
       |                 ^^^^^^^^^^^^
       |
       = help: use letters, digits and . _ - + @ : only

    error: `install.data`: "/opt/../etc" is not a normal path
      --> cluster.yaml:10:37
       |
    10 | install: {root: "/opt/$(id)", data: /opt/../etc}
       |                                     ^^^^^^^^^^^
       |
       = help: leave out empty, . and .. components and a trailing slash

    2 errors in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_and("install: {user: root}\n"), @"
    error: `install.create_user` cannot make root
      --> cluster.yaml:10:17
       |
    10 | install: {user: root}
       |                 ^^^^
       |
       = help: name an account of CockroachDB's own, or set `create_user: false`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("service: {unit_path: /opt/cockroach/crdb.service}\n"), @"
    error: `service.unit_path` must end in `/cockroach.service`
      --> cluster.yaml:10:22
       |
    10 | service: {unit_path: /opt/cockroach/crdb.service}
       |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: systemd knows a unit by the name of its file; change `service.name` or this path

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("service: {unit_path: /opt/cockroach/certs/cockroach.service}\n"), @"
    error: `service.unit_path` is in the way of `/opt/cockroach/certs`, which crdbctl makes itself
      --> cluster.yaml:10:22
       |
    10 | service: {unit_path: /opt/cockroach/certs/cockroach.service}
       |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a file in /etc/systemd/system or directly in `install.root`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("service: {unit_path: /etc/systemd/system/x.d/cockroach.service}\n"), @"
    error: `service.unit_path` lies below a directory of `/etc/systemd/system`, where systemd looks for other things
      --> cluster.yaml:10:22
       |
    10 | service: {unit_path: /etc/systemd/system/x.d/cockroach.service}
       |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a file in /etc/systemd/system or directly in `install.root`

    1 error in cluster.yaml
    ");
}

#[test]
fn certificates_and_firewall() {
    insta::assert_snapshot!(wrong_and("certificates: {lifetime: {ca: 10d, node: 20d}, renew_before: 15d}\n"), @"
    error: a client's certificate would outlive its authority
      --> cluster.yaml:10:26
       |
    10 | certificates: {lifetime: {ca: 10d, node: 20d}, renew_before: 15d}
       |                          ^^^^^^^^^^^^^^^^^^^^
       |
       = help: write a lifetime that is no longer than `certificates.lifetime.ca`

    error: a node's certificate would outlive its authority
      --> cluster.yaml:10:42
       |
    10 | certificates: {lifetime: {ca: 10d, node: 20d}, renew_before: 15d}
       |                                          ^^^
       |
       = help: write a lifetime that is no longer than `certificates.lifetime.ca`

    2 errors in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}\n"), @r#"
    error: `certificates.clients[1]`: "node" is the user of the nodes themselves, and a certificate for it would be a key to everything
      --> cluster.yaml:10:32
       |
    10 | certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}
       |                                ^^^^
       |
       = help: leave out node; root is the first administrator

    error: `certificates.clients[2]`: "../x" is not a SQL user that crdbctl makes certificates for
      --> cluster.yaml:10:38
       |
    10 | certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}
       |                                      ^^^^
       |
       = help: begin with a lower-case letter or _, then lower-case letters, digits, _ - and . (63 characters at most)

    error: the client `root` is here a second time
      --> cluster.yaml:10:44
       |
    10 | certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}
       |                          ---- first here   ^^^^ again here
       |
       = help: keep one of them

    error: `certificates.extra_names[0]`: "a b" is neither a DNS name nor an IP address, it holds other characters
      --> cluster.yaml:10:65
       |
    10 | certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}
       |                                                                 ^^^
       |
       = help: use labels of letters, digits and - with dots between, as in node-1.example.com

    error: the name `lb` is here a second time
      --> cluster.yaml:10:74
       |
    10 | certificates: {clients: [root, node, ../x, root], extra_names: [a b, lb, lb]}
       |                                                                      --  ^^ again here
       |                                                                      |
       |                                                                      first here
       |
       = help: keep one of them

    5 errors in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong_and("certificates: {key: rsa-4096}\n"), @"
    error: `certificates.key` cannot be `rsa-4096`
      --> cluster.yaml:10:21
       |
    10 | certificates: {key: rsa-4096}
       |                     ^^^^^^^^
       |
       = help: did you mean `rsa-2048`? The choices are `ecdsa-p256`, `rsa-2048`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("firewall: {ufw: {allow_from: []}}\n"), @"
    error: `firewall.ufw.allow_from` is an empty list
      --> cluster.yaml:10:30
       |
    10 | firewall: {ufw: {allow_from: []}}
       |                              ^^
       |
       = help: write `[any]` or networks; to leave the firewall alone, `firewall: none`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("firewall: iptables\n"), @"
    error: `firewall` cannot be `iptables`
      --> cluster.yaml:10:11
       |
    10 | firewall: iptables
       |           ^^^^^^^^
       |
       = help: the choices are `ufw`, `none`

    1 error in cluster.yaml
    ");
    insta::assert_snapshot!(wrong_and("firewall: {ufw: {profile: any, allow_from: [10.0.0.1/8, any]}}\n"), @r#"
    error: `firewall.ufw.profile`: `any` is not the name of a ufw profile
      --> cluster.yaml:10:27
       |
    10 | firewall: {ufw: {profile: any, allow_from: [10.0.0.1/8, any]}}
       |                           ^^^
       |
       = help: begin with a letter, then letters, digits and _ . - (64 at most); any, all, default and OpenSSH are taken

    error: `firewall.ufw.allow_from[0]`: "10.0.0.1/8" has bits set behind its prefix; the network is 10.0.0.0/8
      --> cluster.yaml:10:45
       |
    10 | firewall: {ufw: {profile: any, allow_from: [10.0.0.1/8, any]}}
       |                                             ^^^^^^^^^^
       |
       = help: write any, an IP address, or a network as in 10.0.0.0/8

    2 errors in cluster.yaml
    "#);
}

#[test]
fn what_is_not_supported_yet() {
    let text = format!("{MINIMAL}  - {{name: store-4, address: 198.0.2.4, state: decommissioned}}\n")
        .replace("v24.1.0", "v24.1.0\n  delivery: pull");
    insta::assert_snapshot!(common::manifest(&text).unsupported(), @"
    error: `cockroach.delivery: pull` is not supported yet
     --> cluster.yaml:6:13
      |
    6 |   delivery: pull
      |             ^^^^
      |
      = help: use `delivery: push`

    1 error in cluster.yaml
    ");
}

#[test]
fn a_node_leaves_only_when_three_stay() {
    let leaving = "  - {name: store-4, address: 198.0.2.4, state: decommissioned}\n";
    assert!(common::manifest(&format!("{MINIMAL}{leaving}")).unsupported().is_empty());
    let text = format!("{MINIMAL}{leaving}").replace("198.0.2.171}", "198.0.2.171, state: decommissioned}");
    insta::assert_snapshot!(common::wrong(&text), @"
    error: 2 nodes would be left, and data has 3 replicas at least
     --> cluster.yaml:9:50
      |
    9 |   - {name: store-3, address: 198.0.2.171, state: decommissioned}
      |                                                  ^^^^^^^^^^^^^^
      |
      = help: let a node leave only when three stay: add another first

    1 error in cluster.yaml
    ");
}

#[test]
fn limits_and_counts_without_effect_are_not_supported_yet() {
    let nodes = "  - {name: store-4, address: 198.0.2.4}\n  - {name: store-5, address: 198.0.2.5}\n";
    let text = format!(
        "{MINIMAL}{nodes}install: {{keep_packages: 1}}\nchecks: {{clock_skew: 100ms, disk_free: 5GiB}}\n"
    );
    insta::assert_snapshot!(common::manifest(&text).unsupported(), @"
    error: `checks.clock_skew` is not supported yet
      --> cluster.yaml:13:22
       |
    13 | checks: {clock_skew: 100ms, disk_free: 5GiB}
       |                      ^^^^^
       |
       = help: leave it out, and look at the hosts yourself before the first apply

    error: `checks.disk_free` is not supported yet
      --> cluster.yaml:13:40
       |
    13 | checks: {clock_skew: 100ms, disk_free: 5GiB}
       |                                        ^^^^
       |
       = help: leave it out, and look at the hosts yourself before the first apply

    2 errors in cluster.yaml
    ");
    // What they are without a word may be written too.
    let text =
        format!("{MINIMAL}install: {{keep_packages: 2}}\nchecks: {{clock_skew: 250ms, disk_free: 10%}}\n");
    assert!(common::manifest(&text).unsupported().is_empty());
}

#[test]
fn no_name_of_a_host_is_a_sql_user() {
    let text = MINIMAL.replace("store-1, ", "app, hostname: root, ");
    let text =
        format!("{text}certificates: {{clients: [app, reports, localhost], extra_names: [Reports, lb]}}\n");
    insta::assert_snapshot!(wrong(&text), @"
    error: `app` is a SQL user too: CockroachDB would take a node's certificate for that user's
      --> cluster.yaml:7:12
       |
     7 |   - {name: app, hostname: root, address: 198.0.2.166}
       |            ^^^
    ...
    10 | certificates: {clients: [app, reports, localhost], extra_names: [Reports, lb]}
       |                          --- the client
       |
       = help: give the host another name

    error: `root` is a SQL user too: CockroachDB would take a node's certificate for that user's
     --> cluster.yaml:7:27
      |
    7 |   - {name: app, hostname: root, address: 198.0.2.166}
      |                           ^^^^
      |
      = help: give the host another name

    error: `localhost` is a name in every node's certificate: CockroachDB would take that for the user's
      --> cluster.yaml:10:40
       |
    10 | certificates: {clients: [app, reports, localhost], extra_names: [Reports, lb]}
       |                                        ^^^^^^^^^
       |
       = help: give the user another name

    error: `reports` is a SQL user too: CockroachDB would take a node's certificate for that user's
      --> cluster.yaml:10:66
       |
    10 | certificates: {clients: [app, reports, localhost], extra_names: [Reports, lb]}
       |                               ------- the client                 ^^^^^^^
       |
       = help: give the host another name

    4 errors in cluster.yaml
    ");
    // What the section does not say has no place of its own to point to.
    let lone = wrong_with("store-1, ", "node, ");
    assert!(lone.contains("`node` is a SQL user too") && !lone.contains("the client"), "{lone}");
    let lone = wrong_with("store-1, ", "root, ");
    assert!(lone.contains("`root` is a SQL user too") && !lone.contains("the client"), "{lone}");
}

#[test]
fn no_certificate_is_due_as_soon_as_it_is_made() {
    for certificates in [
        "{lifetime: {node: 30d}, renew_before: 30d}",
        "{lifetime: {node: 29d}}",
        "{lifetime: {client: 30d}}",
        "{renew_before: 1830d}",
        "{lifetime: {node: 0d}, renew_before: 0d}",
    ] {
        let text = wrong_and(&format!("certificates: {certificates}\n"));
        assert!(text.contains("due for renewal as soon as it is made"), "{certificates}: {text}");
    }
    common::manifest(&format!("{MINIMAL}certificates: {{lifetime: {{node: 31d}}, renew_before: 30d}}\n"));
}

#[test]
fn what_is_not_supported_is_told_beside_what_is_wrong() {
    let told = wrong_and("rollout: {settle: 60}\nchecks: {disk_free: 5GiB}\n");
    assert!(
        told.contains("`rollout.settle`") && told.contains("`checks.disk_free` is not supported yet"),
        "{told}"
    );
}

#[test]
fn spaces_that_yaml_does_not_know_are_named_where_they_stand() {
    for (c, code) in [('\u{A0}', "U+00A0"), ('\u{202F}', "U+202F"), ('\u{3000}', "U+3000")] {
        for (nodes, at) in [
            (format!("  - name:{c}store-1\n    address: 198.0.2.166\n"), "8:10"),
            (format!("  - name: store-1\n   {c}address: 198.0.2.166\n"), "9:4"),
            (format!("  - name: store-1\n    address:{c}198.0.2.166\n  - {{name: store-3}}\n"), "9:13"),
            (format!("  - name: store-1{c}\n    address: 198.0.2.166\n"), "8:18"),
            (format!("  - {{name: store-1,{c}address: 198.0.2.166}}\n"), "8:20"),
            (format!("  - {{name: store-1, address: 198.0.2.166}}\n{c} - {{name: store-2}}\n"), "9:1"),
        ] {
            let head = "# it's\u{A0}a comment\napiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach:\n  version: v24.1.0\nnodes:\n";
            let said = wrong(&format!("{head}{nodes}"));
            assert!(said.contains(&format!("cluster.yaml:{at}\n")), "{nodes:?} is wrong at {at}:\n{said}");
            assert!(said.contains(code) && said.contains("ordinary space"), "{said}");
            assert_eq!(said.matches("error:").count(), 1, "{said}");
        }
    }
}

#[test]
fn what_misled_the_parser_is_shown_and_not_only_where_it_stumbled() {
    insta::assert_snapshot!(wrong_with(
        "  - {name: store-1, address: 198.0.2.166}\n",
        "  - {name: store-1, address: 198.0.2.166\n"
    ), @r#"
    error: this is not YAML: "-" is only valid inside a block
     --> cluster.yaml:9:3
      |
    7 |   - {name: store-1, address: 198.0.2.166
      |     - opened here and not closed
    8 |   - {name: store-2, address: 198.0.2.158}
    9 |   - {name: store-3, address: 198.0.2.171}
      |   ^
      |
      = help: close the `{` with `}`

    1 error in cluster.yaml
    "#);
    insta::assert_snapshot!(wrong("a:\n  - name: store-1\n\taddress: 198.0.2.166\n"), @"
    error: a tab in the indentation
     --> cluster.yaml:3:1
      |
    3 |     address: 198.0.2.166
      | ^
      |
      = help: YAML is indented with spaces

    1 error in cluster.yaml
    ");
}
