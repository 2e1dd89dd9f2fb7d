//! The user's own template of the unit.

mod common;

use common::MINIMAL;
use crdbctl_model::Desired;
use crdbctl_spec::{BUILT_IN_TEMPLATE, Inputs, Manifest, lower, parse, placeholder_archives};

fn try_with(template: &str) -> Result<Manifest, String> {
    let text = format!("{MINIMAL}service: {{template: unit.j2}}\n");
    let file = |_: &str| Ok(template.to_owned());
    parse(&text, "cluster.yaml", &Inputs { environment: &|_| None, file: &file })
        .map_err(|wrong| wrong.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("; "))
}

#[test]
fn the_built_in_template_as_ones_own_changes_nothing() {
    let own = lower(&try_with(BUILT_IN_TEMPLATE).unwrap(), &placeholder_archives()).unwrap();
    let plain = common::graph(MINIMAL);
    let desired = |graph: &crdbctl_model::ResourceGraph| -> Vec<Desired> {
        graph.resources.values().map(|resource| resource.desired.clone()).collect()
    };
    assert_eq!(desired(&own), desired(&plain));
    assert_ne!(own.manifest, plain.manifest);
}

#[test]
fn what_a_template_says_of_the_process_is_read_back() {
    let template = "[Service]\nUser={{ user }}\nEnvironment=A=1 \"B=2 3\"\nEnvironment='C=%%'\nLimitNOFILE=1024:4096\nExecStart={{ program }} start \\\n # why\n  '--listen-addr={{ address }}:5' --http-addr=:81\n";
    let graph = lower(&try_with(template).unwrap(), &placeholder_archives()).unwrap();
    let service = graph.resources.values().find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(service.clone()),
        _ => None,
    });
    let service = service.unwrap();
    assert_eq!(
        service.argv,
        ["/opt/cockroach/cockroach", "start", "--listen-addr=198.0.2.166:5", "--http-addr=:81"]
    );
    assert_eq!(format!("{:?}", service.environment), r#"{"A": "1", "B": "2 3", "C": "%"}"#);
    assert_eq!(service.nofile, Some(1024));
    assert_eq!(service.http_address, "198.0.2.166:81");
    assert_eq!(service.sql_address, "198.0.2.166:5");
    let ports = graph.resources.values().find_map(|resource| match &resource.desired {
        Desired::Firewall(firewall) => Some(firewall.ports.clone()),
        _ => None,
    });
    assert_eq!(ports.as_deref(), Some("5,81/tcp"));
}

#[test]
fn a_template_that_gives_no_unit_is_refused_with_the_manifest() {
    let said = |template: &str| try_with(template).unwrap_err();
    let line = "User=cockroach\nExecStart=/opt/cockroach/cockroach start";
    insta::assert_snapshot!(said("{{ rot }}"), @"the template unit.j2 gives no unit for store-1: undefined value: `rot` is undefined (line 1)");
    insta::assert_snapshot!(said("{% if %}"), @"the template unit.j2 gives no unit for store-1: syntax error: unexpected end of block (line 1)");
    insta::assert_snapshot!(said("[Service]\nUser=cockroach\n"), @"the template unit.j2 gives no unit for store-1: it has 0 ExecStart lines under [Service], and needs one");
    insta::assert_snapshot!(said(&format!("[Service]\n{line}\nExecStart=/bin/true\n")), @"the template unit.j2 gives no unit for store-1: it has 2 ExecStart lines under [Service], and needs one");
    insta::assert_snapshot!(said(&format!("[Service]\n{line} --cache=%m\n")), @"the template unit.j2 gives no unit for store-1: ExecStart has the specifier `%m`, whose value only systemd knows (a plain % is written %%) in `/opt/cockroach/cockroach start --cache=%m`");
    insta::assert_snapshot!(said(&format!("[Service]\n{line} --cache=${{CACHE}}\n")), @"the template unit.j2 gives no unit for store-1: ExecStart has the variable `${CACHE}`, whose value only systemd knows (a plain $ is written $$) in `/opt/cockroach/cockroach start --cache=${CACHE}`");
    insta::assert_snapshot!(said("[Service]\nUser=cockroach\nExecStart=-/bin/x start\n"), @"the template unit.j2 gives no unit for store-1: ExecStart has the program `-/bin/x`, which is not an absolute path without prefixes in `-/bin/x start`");
    insta::assert_snapshot!(said("[Service]\nUser=cockroach\nExecStart=/bin/x start-single-node\n"), @"the template unit.j2 gives no unit for store-1: ExecStart: `/bin/x` runs `start-single-node`; expected `start`");
    insta::assert_snapshot!(said("[Service]\nUser=nobody\nExecStart=/bin/x start\n"), @"the template unit.j2 gives no unit for store-1: it has User=nobody, and `install.user` is cockroach");
    insta::assert_snapshot!(said("[Service]\nExecStart=/bin/x start\n"), @"the template unit.j2 gives no unit for store-1: it has no User=, and `install.user` is cockroach");
    insta::assert_snapshot!(said(&format!("[Service]\n{line} --certs-dir=/etc/certs\n")), @"the template unit.j2 gives no unit for store-1: it has --certs-dir=/etc/certs, and certificates are in /opt/cockroach/certs");
    insta::assert_snapshot!(said(&format!("[Service]\n{line} --store=path=/mnt/a\n")), @"the template unit.j2 gives no unit for store-1: its stores are /mnt/a, and `install.data` is /var/lib/cockroach");
    insta::assert_snapshot!(said(&format!("[Service]\n{line}\nLimitNOFILE=infinity\n")), @"the template unit.j2 gives no unit for store-1: LimitNOFILE is `infinity`, and must be a number");
    insta::assert_snapshot!(said(&format!("[Service]\n{line}\n\u{1b}[31m\n")), @"the template unit.j2 gives no unit for store-1: the unit would hold the control character U+001B");
    insta::assert_snapshot!(said(&"x".repeat(70_000)), @"the template unit.j2 cannot be used: it is larger than 64 KiB");
}

#[test]
fn a_template_that_cannot_be_read_is_an_error_beside_the_others() {
    let text = MINIMAL.replace("name: store\n", "name: STORE\n") + "service: {template: ../unit.j2}\n";
    insta::assert_snapshot!(common::wrong(&text), @r#"
    error: `name`: "STORE" is not a cluster name
     --> cluster.yaml:3:7
      |
    3 | name: STORE
      |       ^^^^^
      |
      = help: use lower-case letters, digits and - (63 characters at most, letter or digit at both ends)

    error: the template ../unit.j2 cannot be used: no file can be read here
      --> cluster.yaml:10:21
       |
    10 | service: {template: ../unit.j2}
       |                     ^^^^^^^^^^
       |
       = help: a relative path counts from the manifest

    2 errors in cluster.yaml
    "#);
}
