//! A host that an install script made by hand is described by a manifest, and only what differs is planned.

use crate::bench::{ADMIN, Bench};
use crate::release::Release;

/// What the script did: its own user, the unit in the instance directory, certificates by openssl.
fn install_by_hand(bench: &Bench) {
    let host = bench.host(1);
    let package = Release::of_hosts().package();
    let address = host.address();
    host.write(
        "/root/archive.tgz",
        &std::fs::read(&Release::of_hosts().archive).unwrap(),
        0o600,
        "root:root",
    )
    .unwrap();
    let unit = format!(
        "[Unit]\nDescription=CockroachDB\nConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run\n\n[Service]\n\
         Type=notify\nUser=azmin\nGroup=zees\nWorkingDirectory=/opt/cockroach\n\
         ExecStart=/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --store=/var/lib/cockroach \
         --listen-addr={address}:26257 --advertise-addr={address}:26257 --http-addr={address}:8080 \
         --join={address}:26257 --cache=.25\nLimitNOFILE=65536\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n"
    );
    host.write("/root/unit", unit.as_bytes(), 0o644, "root:root").unwrap();
    host.exec_ok(&format!(
        "set -e; groupadd zees; useradd -g zees -M -s /usr/sbin/nologin azmin; cd /opt; tar xzf /root/archive.tgz --no-same-owner; \
         chmod -R u=rwX,go=rX {package}; chown -R root:root {package}; \
         install -d -m 0750 -o azmin -g zees /opt/cockroach /opt/cockroach/certs /var/lib/cockroach; \
         ln -s /var/lib/cockroach /opt/cockroach/data; ln -s {package}/cockroach /opt/cockroach/cockroach; \
         install -m 0664 -o azmin -g zees /root/unit /opt/cockroach/cockroach.service; mkdir -m 0700 /root/keys; cd /root/keys; \
         openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -subj '/O=Cockroach/CN=Cockroach CA' \
           -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature 2>/dev/null; \
         openssl req -newkey rsa:2048 -nodes -keyout node.key -out node.csr -subj /O=Cockroach/CN=node 2>/dev/null; \
         openssl rsa -traditional -in node.key -out node.pkcs1 2>/dev/null; \
         printf 'subjectAltName=DNS:localhost,DNS:store-1,IP:127.0.0.1,IP:{address}\\nextendedKeyUsage=serverAuth,clientAuth\\nkeyUsage=digitalSignature,keyEncipherment\\n' >ext; \
         openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 900 -extfile ext -out node.crt 2>/dev/null; \
         install -m 0644 -o azmin -g zees ca.crt node.crt /opt/cockroach/certs/; \
         install -m 0600 -o azmin -g zees node.pkcs1 /opt/cockroach/certs/node.key; \
         systemctl link -q /opt/cockroach/cockroach.service; systemctl enable -q cockroach; systemctl start cockroach"
    ))
    .unwrap();
    let keys = bench.path("keys");
    std::fs::create_dir(&keys).unwrap();
    for name in ["ca.crt", "ca.key"] {
        std::fs::write(keys.join(name), host.read(&format!("/root/keys/{name}")).unwrap()).unwrap();
    }
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(keys.join("ca.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    host.exec_ok("rm -r /root/keys /root/archive.tgz /root/unit").unwrap();
}

#[test]
fn a_host_made_by_an_old_script_plans_only_what_differs() {
    let Some(bench) = Bench::start(1) else { return };
    install_by_hand(&bench);
    let unit = bench.host(1).read_text("/opt/cockroach/cockroach.service").unwrap();
    std::fs::write(bench.path("unit.j2"), unit).unwrap();
    bench.manifest_with(
        "  flags: {cache: \".25\"}\n",
        "",
        "install: {user: azmin, group: zees, create_user: false}\nfirewall: none\n\
         service: {unit_path: /opt/cockroach/cockroach.service, template: unit.j2}\n",
        ADMIN,
    );
    let plan = bench.crdbctl(&["plan", "--format", "json"]).code(0);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let addrs: Vec<&str> = document["plan"]["changes"]
        .as_array()
        .or(document["changes"].as_array())
        .unwrap()
        .iter()
        .map(|change| change["addr"].as_str().unwrap())
        .collect();
    // The unit is writable by the service user, nobody made root's certificate, and init was never run.
    assert_eq!(
        addrs,
        ["cluster/certificate.client.root", "store-1/unit.cockroach", "cluster/init.store"],
        "{}",
        plan.stdout
    );
    let certificate = bench.host(1).read("/opt/cockroach/certs/node.crt").unwrap();
    let running = crate::bench::pid(bench.host(1));
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(bench.host(1).read("/opt/cockroach/certs/node.crt").unwrap(), certificate);
    assert_eq!(crate::bench::pid(bench.host(1)), running, "adopting restarts nothing");
    let owner = "stat -c '%U:%G %a' /opt/cockroach/cockroach.service";
    assert_eq!(bench.host(1).exec_ok(owner).unwrap().text(), "root:root 644");
}
