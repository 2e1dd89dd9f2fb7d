//! The probe's script under the shells that it may meet, on files of this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crdbctl_model::{
    ClusterName, Desired, DesiredCa, DesiredDirectory, DesiredFile, DesiredLink, DesiredPackage,
    DesiredService, DesiredUnit, Digest, Fact, FileKind, Hooks, HostPath, Listing, Mode, NodeName,
    NodeObservation, NodeSpec, Observed, OtherCertificate, OtherCertificates, OwnerName, PackageMember,
    Presence, Reading, Resource, ResourceAddr, ResourceGraph, ResourceKind, ResourceName, Rollout,
    SourceSpan, UnitName,
};
use crdbctl_probe::{observe_answer, questions, script, start_blockers, start_script};

struct Bench {
    directory: tempfile::TempDir,
    resources: Vec<(ResourceKind, &'static str, Desired)>,
}

impl Bench {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), resources: Vec::new() }
    }

    fn path(&self, name: &str) -> HostPath {
        HostPath::new(self.directory.path().join(name).to_str().unwrap()).unwrap()
    }

    fn file(&mut self, name: &'static str) {
        let desired = DesiredFile {
            path: self.path(name),
            content: String::new(),
            owner: OwnerName::new("root").unwrap(),
            group: OwnerName::new("root").unwrap(),
            mode: Mode::new(0o644),
        };
        self.resources.push((ResourceKind::File, name, Desired::File(desired)));
    }

    fn node() -> NodeName {
        NodeName::new("store-1").unwrap()
    }

    fn addr(kind: ResourceKind, name: &str) -> ResourceAddr {
        ResourceAddr::on_node(Self::node(), kind, ResourceName::new(name).unwrap())
    }

    fn graph(&self, arch: &str) -> ResourceGraph {
        let spec = NodeSpec {
            name: Self::node(),
            address: "127.0.0.1".parse().unwrap(),
            ssh_host: "127.0.0.1".to_owned(),
            ssh_user: None,
            ssh_port: None,
            ssh_identity_file: None,
            ssh_config_file: None,
            ssh_jump: None,
            privilege: "auto".to_owned(),
            arch: arch.to_owned(),
            presence: Presence::Present,
            locality: None,
        };
        let resources = self
            .resources
            .iter()
            .map(|(kind, name, desired)| {
                let addr = Self::addr(*kind, name);
                let resource = Resource {
                    addr: addr.clone(),
                    desired: desired.clone(),
                    presence: Presence::Present,
                    depends_on: Default::default(),
                    origin: SourceSpan { line: 1, column: 1 },
                };
                (addr, resource)
            })
            .collect();
        ResourceGraph {
            cluster: ClusterName::new("crdbctl-probe-test").unwrap(),
            manifest: Digest::of("manifest"),
            version: "v24.1.0".to_owned(),
            nodes: BTreeMap::from([(Self::node(), spec)]),
            resources,
            rollout: Rollout {
                max_unavailable: 1,
                settle: 0,
                drain_timeout: 1,
                health_timeout: 1,
                ranges_pause: 1,
            },
            hooks: Hooks::default(),
            user: OwnerName::new("root").unwrap(),
            packages: HostPath::new("/opt").unwrap(),
            keep_packages: 2,
        }
    }

    fn run(&self, shell: &str) -> (Vec<u8>, NodeObservation) {
        self.run_after("", shell)
    }

    /// Runs the script after a line of another one, as in the shell that stays on a host.
    fn run_after(&self, line: &str, shell: &str) -> (Vec<u8>, NodeObservation) {
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let graph = self.graph(arch);
        let text = format!("{line}\n{}", script(&graph.cluster, &questions(&graph, &Self::node())));
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        let observation = observe_answer(&graph, &Self::node(), &output.stdout);
        (output.stdout, observation)
    }

    fn read(&self, shell: &str) -> Reading {
        match self.run(shell).1 {
            NodeObservation::Read(reading) => *reading,
            NodeObservation::Unreadable(unreadable) => panic!("{shell}: {unreadable:?}"),
        }
    }
}

fn shells() -> Vec<&'static str> {
    let present = |shell: &&str| Path::new("/bin").join(shell).exists();
    let found: Vec<&str> = ["dash", "bash"].into_iter().filter(present).collect();
    assert!(!found.is_empty(), "neither /bin/dash nor /bin/bash is here");
    found
}

fn present(reading: &Reading, kind: ResourceKind, name: &str) -> Fact {
    match &reading.resources[&Bench::addr(kind, name)] {
        Observed::Present(fact) => (**fact).clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn content_of_any_bytes_comes_back_and_absence_is_seen() {
    let mut bench = Bench::new();
    let bytes: Vec<u8> = (0..=255).chain(b"\n\nend 0000\nlive\n".iter().copied()).collect();
    std::fs::write(bench.directory.path().join("bytes"), &bytes).unwrap();
    std::fs::write(bench.directory.path().join("large"), vec![b'x'; 70_000]).unwrap();
    for name in ["bytes", "large", "missing", "bytes-below"] {
        bench.file(name);
    }
    bench.resources.push((ResourceKind::File, "below-a-file", {
        let Desired::File(mut file) = bench.resources[0].2.clone() else { unreachable!() };
        file.path = bench.path("bytes/below");
        Desired::File(file)
    }));
    for shell in shells() {
        let reading = bench.read(shell);
        let Fact::File(file) = present(&reading, ResourceKind::File, "bytes") else { panic!() };
        assert_eq!(file.digest, Some(Digest::of(&bytes)), "{shell}");
        let Fact::File(large) = present(&reading, ResourceKind::File, "large") else { panic!() };
        assert_eq!((large.digest, large.content), (Some(Digest::of(vec![b'x'; 70_000])), None), "{shell}");
        for name in ["missing", "bytes-below", "below-a-file"] {
            let observed = &reading.resources[&Bench::addr(ResourceKind::File, name)];
            assert_eq!(*observed, Observed::Absent, "{shell}: {name}");
        }
    }
}

#[test]
fn links_and_modes_are_those_of_the_path_itself() {
    let mut bench = Bench::new();
    let at = bench.directory.path().to_owned();
    std::fs::create_dir(at.join("root")).unwrap();
    std::fs::set_permissions(at.join("root"), std::fs::Permissions::from_mode(0o1750)).unwrap();
    symlink("/nowhere at all/ $(id)", at.join("data")).unwrap();
    let root = DesiredDirectory {
        path: bench.path("root"),
        owner: OwnerName::new("root").unwrap(),
        group: OwnerName::new("root").unwrap(),
        mode: Mode::new(0o750),
    };
    let link = DesiredLink { path: bench.path("data"), target: HostPath::new("/var/lib/x").unwrap() };
    bench.resources.push((ResourceKind::Directory, "root", Desired::Directory(root)));
    bench.resources.push((ResourceKind::Link, "data", Desired::Link(link)));
    for shell in shells() {
        let reading = bench.read(shell);
        let Fact::Directory(root) = present(&reading, ResourceKind::Directory, "root") else { panic!() };
        assert_eq!((root.kind, root.mode), (FileKind::Directory, Mode::new(0o1750)), "{shell}");
        let Fact::Link(link) = present(&reading, ResourceKind::Link, "data") else { panic!() };
        assert_eq!(link.path.kind, FileKind::Link, "{shell}");
        assert_eq!(link.target.as_deref(), Some("/nowhere at all/ $(id)"), "{shell}");
    }
}

#[test]
fn a_package_is_read_by_digest_and_a_link_among_its_files_is_not_followed() {
    let mut bench = Bench::new();
    let at = bench.directory.path().join("package");
    std::fs::create_dir_all(at.join("lib")).unwrap();
    std::fs::write(at.join("cockroach"), b"program").unwrap();
    symlink("/etc/hostname", at.join("lib/libgeos.so")).unwrap();
    let member = |path: &str| PackageMember {
        path: path.to_owned(),
        mode: Mode::new(0o755),
        size: 7,
        digest: Digest::of("program"),
    };
    let package = DesiredPackage {
        path: bench.path("package"),
        version: "v24.1.0".to_owned(),
        archive: Digest::of("archive"),
        archive_size: 1,
        unknown: None,
        members: vec![member("cockroach"), member("lib/libgeos.so"), member("lib/libgeos_c.so")],
    };
    bench.resources.push((ResourceKind::Package, "package", Desired::Package(package)));
    for shell in shells() {
        let reading = bench.read(shell);
        let Fact::Package(package) = present(&reading, ResourceKind::Package, "package") else { panic!() };
        assert_eq!(package.files["cockroach"].digest, Some(Digest::of("program")), "{shell}");
        assert_eq!(package.files["lib/libgeos.so"].digest, None, "{shell}");
        assert!(!package.files.contains_key("lib/libgeos_c.so"), "{shell}");
    }
}

#[test]
fn equal_hosts_give_equal_digests_and_a_change_another_one() {
    let mut bench = Bench::new();
    std::fs::write(bench.directory.path().join("unit"), "a").unwrap();
    bench.file("unit");
    for shell in shells() {
        std::fs::write(bench.directory.path().join("unit"), "a").unwrap();
        let first = bench.read(shell).digest;
        assert_eq!(bench.read(shell).digest, first, "{shell}");
        std::fs::write(bench.directory.path().join("unit"), "b").unwrap();
        assert_ne!(bench.read(shell).digest, first, "{shell}");
    }
}

#[test]
fn an_answer_that_is_cut_off_or_altered_makes_the_node_unreadable() {
    let mut bench = Bench::new();
    std::fs::write(bench.directory.path().join("unit"), "content").unwrap();
    bench.file("unit");
    let (answer, _) = bench.run(shells()[0]);
    let graph = bench.graph("amd64");
    for end in 0..answer.len() - 1 {
        let observation = observe_answer(&graph, &Bench::node(), &answer[..end]);
        assert!(matches!(observation, NodeObservation::Unreadable(_)), "{end} of {}", answer.len());
    }
    let body = answer.iter().position(|byte| *byte == b'\n').unwrap() + 6;
    let mut altered = answer.clone();
    altered[body] ^= 1;
    assert!(matches!(observe_answer(&graph, &Bench::node(), &altered), NodeObservation::Unreadable(_)));
}

#[test]
fn a_machine_of_another_architecture_is_not_read() {
    let bench = Bench::new();
    let (answer, _) = bench.run(shells()[0]);
    let graph = bench.graph(if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" });
    let NodeObservation::Unreadable(unreadable) = observe_answer(&graph, &Bench::node(), &answer) else {
        panic!()
    };
    assert!(unreadable.hint.contains("arch:"), "{unreadable:?}");
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_and_not_a_record() {
    let directory = tempfile::tempdir().unwrap();
    // Even root cannot read a directory as a file.
    std::fs::create_dir(directory.path().join("x.json")).unwrap();
    std::fs::create_dir(directory.path().join("x.pending")).unwrap();
    std::fs::create_dir(directory.path().join("x.begun")).unwrap();
    let library =
        crdbctl_probe::functions(&ClusterName::new("x").unwrap(), &crdbctl_probe::Questions::default());
    for shell in shells() {
        let text = format!("{library}\ncrdbctl_state={}/x\nask_record\n", directory.path().display());
        let output = Command::new(shell).arg("-c").arg(text).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = said.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        assert_eq!(words, ["record-error json", "record-error pending", "record-error begun"], "{shell}");
    }
}

#[test]
fn a_pipe_or_device_in_the_place_of_a_file_is_never_opened() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().display();
    for name in ["x.json", "x.pending", "x.begun", "x.steps", "x.keys", "x.digests", "drop-in.conf"] {
        assert!(Command::new("mkfifo").arg(directory.path().join(name)).status().unwrap().success());
    }
    symlink("/dev/zero", directory.path().join("zero.conf")).unwrap();
    symlink("/dev/null", directory.path().join("masked.conf")).unwrap();
    std::fs::write(directory.path().join("small.key"), "x").unwrap();
    std::fs::File::create(directory.path().join("large.key")).unwrap().set_len(2 << 30).unwrap();
    let library =
        crdbctl_probe::functions(&ClusterName::new("x").unwrap(), &crdbctl_probe::Questions::default());
    let calls = format!(
        "crdbctl_state={at}/x\nask_record\nask_steps\nask_dropped\nask_installed {at}\nask_keys {at}/small.key {at}/large.key\n\
         for name in drop-in zero masked; do one_content {at}/$name.conf; done\n"
    );
    for shell in shells() {
        let mut command = Command::new("timeout");
        let output = command.args(["20", shell, "-c", &format!("{library}\n{calls}")]).output().unwrap();
        assert_ne!(output.status.code(), Some(124), "{shell}: it waits for a pipe");
        let said = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = said.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        let expected = [
            "record-error json".to_owned(),
            "record-error pending".to_owned(),
            "record-error begun".to_owned(),
            "record-error steps".to_owned(),
            format!("key {at}/small.key bad"),
            format!("key {at}/large.key error"),
            "error".to_owned(),
            "error".to_owned(),
            "text".to_owned(),
        ];
        assert_eq!(words, expected, "{shell}");
    }
}

#[test]
fn what_stands_around_is_listed_whole_or_is_unknown() {
    let mut bench = Bench::new();
    let at = bench.directory.path().to_owned();
    std::fs::create_dir_all(at.join("opt/cockroach-v1.0.0.linux-amd64/lib")).unwrap();
    std::fs::write(at.join("opt/cockroach-v1.0.0.linux-amd64/lib/a \nb"), "").unwrap();
    symlink("/", at.join("opt/cockroach-v2.0.0.linux-amd64")).unwrap();
    std::fs::create_dir(at.join("opt/other")).unwrap();
    std::fs::create_dir(at.join("root")).unwrap();
    std::fs::write(at.join("root/-n"), "").unwrap();
    std::fs::create_dir(at.join("root/*")).unwrap();
    let directory = |name: &str| {
        Desired::Directory(DesiredDirectory {
            path: bench.path(name),
            owner: OwnerName::new("root").unwrap(),
            group: OwnerName::new("root").unwrap(),
            mode: Mode::new(0o750),
        })
    };
    let directories = [("root", directory("root")), ("gone", directory("gone"))];
    bench.resources.extend(directories.map(|(name, desired)| (ResourceKind::Directory, name, desired)));
    let proc = DesiredDirectory {
        path: HostPath::new("/proc").unwrap(),
        owner: OwnerName::new("root").unwrap(),
        group: OwnerName::new("root").unwrap(),
        mode: Mode::new(0o555),
    };
    bench.resources.push((ResourceKind::Directory, "proc", Desired::Directory(proc)));
    // A program that runs from a package.
    std::fs::copy("/bin/sleep", at.join("opt/cockroach-v1.0.0.linux-amd64/cockroach")).unwrap();
    let mut running =
        Command::new(at.join("opt/cockroach-v1.0.0.linux-amd64/cockroach")).arg("60").spawn().unwrap();
    let mut graph = bench.graph(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    graph.packages = bench.path("opt");
    graph.retire(&[Bench::node()].into());
    for shell in shells() {
        let text = script(&graph.cluster, &questions(&graph, &Bench::node()));
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        let observation = observe_answer(&graph, &Bench::node(), &output.stdout);
        let NodeObservation::Read(reading) = observation else { panic!("{shell}: {observation:?}") };
        let footprint = &reading.footprint;
        let listed = |path: &HostPath| match footprint.listing(path) {
            Listing::Entries(entries) => entries.into_iter().collect::<Vec<_>>(),
            Listing::Unknown { reason } => panic!("{shell}: {path}: {reason}"),
        };
        let entry = |name: &str, kind| (name.to_owned(), kind);
        let package = [
            entry("cockroach-v1.0.0.linux-amd64", FileKind::Directory),
            entry("cockroach-v1.0.0.linux-amd64/cockroach", FileKind::Regular),
            entry("cockroach-v1.0.0.linux-amd64/lib", FileKind::Directory),
            entry("cockroach-v1.0.0.linux-amd64/lib/a%20%0Ab", FileKind::Regular),
            entry("cockroach-v2.0.0.linux-amd64", FileKind::Link),
        ];
        assert_eq!(listed(&bench.path("opt")), package, "{shell}");
        let root = [entry("*", FileKind::Directory), entry("-n", FileKind::Regular)];
        assert_eq!(listed(&bench.path("root")), root, "{shell}");
        assert_eq!(listed(&bench.path("gone")), [], "{shell}");
        let in_use: Vec<&String> = footprint.packages_in_use.iter().collect();
        assert_eq!(in_use, ["cockroach-v1.0.0.linux-amd64"], "{shell}");
        let mounts: Vec<&str> = footprint.mount_points.iter().map(HostPath::as_str).collect();
        assert_eq!(mounts, ["/proc"], "{shell}");
        // More than is told of a directory is not told in part.
        let crowd = at.join("opt/cockroach-v3.0.0.linux-amd64");
        std::fs::create_dir_all(&crowd).unwrap();
        for number in 0..1500 {
            std::fs::write(crowd.join(format!("{number:0200}")), "").unwrap();
        }
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        let NodeObservation::Read(reading) = observe_answer(&graph, &Bench::node(), &output.stdout) else {
            panic!("{shell}")
        };
        let listing = reading.footprint.listing(&bench.path("opt"));
        assert!(matches!(listing, Listing::Unknown { .. }), "{shell}");
        std::fs::remove_dir_all(&crowd).unwrap();
    }
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn other_certificates_are_told_whole_and_no_link_is_followed() {
    let mut bench = Bench::new();
    let certs = bench.directory.path().join("certs");
    std::fs::create_dir(&certs).unwrap();
    let ca = DesiredCa {
        path: bench.path("certs/ca.crt"),
        owner: OwnerName::new("root").unwrap(),
        group: OwnerName::new("root").unwrap(),
        mode: Mode::new(0o644),
    };
    bench.resources.push((ResourceKind::Certificate, "ca", Desired::Ca(ca)));
    for shell in shells() {
        assert_eq!(
            bench.read(shell).footprint.certificates,
            OtherCertificates::Found(BTreeMap::new()),
            "{shell}"
        );
    }
    let block = |name: &str| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", name.replace('\n', ""))
    };
    for name in ["ca.crt", "client.node.crt", "-n.crt", "a b\n.crt", "ui.key", ".hidden.crt"] {
        std::fs::write(certs.join(name), format!("subject=x\n{0}noise\n{0}", block(name))).unwrap();
    }
    let key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n";
    std::fs::write(certs.join("client.app.crt"), format!("{}{key}", block("app"))).unwrap();
    std::fs::write(certs.join("client.cut.crt"), "-----BEGIN CERTIFICATE-----\ncut off\n").unwrap();
    std::fs::write(certs.join("client.text.crt"), "no certificate\n").unwrap();
    std::fs::write(certs.join("large.crt"), vec![b'x'; 70_000]).unwrap();
    std::fs::create_dir(certs.join("directory.crt")).unwrap();
    symlink("/etc/shadow", certs.join("link.crt")).unwrap();
    symlink("/nonexistent", certs.join("dangling.crt")).unwrap();
    assert!(Command::new("mkfifo").arg(certs.join("fifo.crt")).status().unwrap().success());
    for shell in shells() {
        let OtherCertificates::Found(found) = bench.read(shell).footprint.certificates else {
            panic!("{shell}")
        };
        let lines: Vec<String> = found
            .iter()
            .map(|(name, found)| match found {
                OtherCertificate::Pem(text) => format!("{name}: {text}"),
                OtherCertificate::Unread { reason } => format!("{name}? {reason}"),
            })
            .collect();
        let expected = [
            format!("-n.crt: {0}{0}", block("-n.crt")),
            format!("a%20b%0A.crt: {0}{0}", block("a b.crt")),
            "client.app.crt? it holds another PEM block than certificates, such as a private key, and CockroachDB \
             loads no such file"
                .to_owned(),
            "client.cut.crt: -----BEGIN CERTIFICATE-----\ncut off\n".to_owned(),
            format!("client.node.crt: {0}{0}", block("client.node.crt")),
            "client.text.crt: \n".to_owned(),
            "dangling.crt? it is not a regular file".to_owned(),
            "fifo.crt? it is not a regular file".to_owned(),
            "large.crt? it is larger than 64 KiB".to_owned(),
            "link.crt? it is not a regular file".to_owned(),
        ];
        assert_eq!(lines, expected, "{shell}");
    }
    for number in 0..64 {
        std::fs::write(certs.join(format!("client.{number}.crt")), "").unwrap();
    }
    for shell in shells() {
        let found = bench.read(shell).footprint.certificates;
        assert!(
            matches!(&found, OtherCertificates::Unread { reason, .. } if reason.contains("more than 64")),
            "{found:?}"
        );
        // What is looked for by name is known all the same, and so is that it is not there.
        let node_client = OtherCertificate::Pem(format!("{0}{0}", block("client.node.crt")));
        assert_eq!(found.get("client.node.crt"), Ok(Some(&node_client)), "{shell}");
        assert_eq!(found.get("ca-client.crt"), Ok(None), "{shell}");
        assert!(found.get("client.app.crt").is_err(), "{shell}");
        assert_eq!(found.known().count(), 1, "{shell}");
    }
}

#[test]
fn of_a_file_of_certificates_no_key_leaves_the_host_and_what_was_not_read_is_unknown() {
    let mut bench = Bench::new();
    let at = bench.directory.path().to_owned();
    let root = || OwnerName::new("root").unwrap();
    let ca = DesiredCa { path: bench.path("ca.crt"), owner: root(), group: root(), mode: Mode::new(0o644) };
    bench.resources.push((ResourceKind::Certificate, "ca", Desired::Ca(ca)));
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n";
    let label = key.replace("SECRET\n", "");
    let unended = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let cases = [
        (certificate.to_owned(), certificate.to_owned()),
        (format!("{certificate}{key}"), format!("{certificate}{label}")),
        (format!("{key}{certificate}"), format!("{label}{certificate}")),
        (format!("{unended}{key}"), format!("{unended}{label}")),
        (format!("{unended} {key}"), format!("{unended}{label}")),
        (format!("{unended}xx{}", key.replace("-----\nS", "-----S")), format!("{unended}{label}")),
        ("SECRET\n".to_owned(), "(text without a PEM block)\n".to_owned()),
    ];
    for shell in shells() {
        for (content, expected) in &cases {
            std::fs::write(at.join("ca.crt"), content).unwrap();
            let (answer, _) = bench.run(shell);
            let answer = String::from_utf8(answer).unwrap();
            let Fact::Ca(found) = present(&bench.read(shell), ResourceKind::Certificate, "ca") else {
                panic!()
            };
            assert_eq!(&found.pem, expected, "{shell}: {content}");
            let sent = answer.lines().find(|line| line.starts_with("content ")).unwrap();
            let sent = sent.rsplit(' ').next().unwrap();
            let sent = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, sent).unwrap();
            assert!(!String::from_utf8_lossy(&sent).contains("SECRET"), "{shell}: {content}");
        }
        std::fs::write(at.join("ca.crt"), certificate.repeat(2000)).unwrap();
        let reading = bench.read(shell);
        let Observed::Unknown { reason, .. } =
            &reading.resources[&Bench::addr(ResourceKind::Certificate, "ca")]
        else {
            panic!("{shell}")
        };
        assert!(reason.contains("larger than 64 KiB"), "{shell}: {reason}");
    }
}

/// A record of what an earlier manifest had below `at`, in the form in which apply writes it.
fn record_of_before(at: &Path) -> crdbctl_model::Record {
    use crdbctl_model::{Mark, Record, RecordedResource, Timestamp};
    let path = |name: &str| HostPath::new(at.join(name).to_str().unwrap()).unwrap();
    let entry = |paths: &[&str], mark| RecordedResource {
        desired: Digest::of("then"),
        created: true,
        applied_at: Timestamp::from_unix(0),
        paths: paths.iter().map(|name| path(name)).collect(),
        mark,
    };
    let resources = [
        ("directory.root", entry(&["root"], None)),
        ("directory.data", entry(&["data"], None)),
        ("link.data", entry(&["root/data"], Some(Mark::Target(path("data"))))),
        ("unit.old", entry(&["old.service"], Some(Mark::Content(Digest::of("unit\n"))))),
        ("file.ufw-profile", entry(&["gone"], None)),
        ("file.kept", entry(&["kept"], None)),
        ("file.over-a-link", entry(&["way/file"], None)),
        ("user.root", entry(&[], None)),
        ("group.nobody-has-this", entry(&[], None)),
        (
            "package.cockroach-v1.0.0.linux-amd64",
            entry(&["pkg/cockroach-v1.0.0.linux-amd64", "pkg/cockroach-v1.0.0.linux-amd64/cockroach"], None),
        ),
    ];
    Record {
        archive: None,
        format_version: Record::FORMAT_VERSION,
        cluster: ClusterName::new("crdbctl-probe-test").unwrap(),
        applied_by: "/etc/passwd on \"/x\"".to_owned(),
        manifest: Digest::of("then"),
        run: "run".to_owned(),
        store_mount: None,
        initialised: true,
        forced_gate: None,
        resources: resources.into_iter().map(|(key, entry)| (key.to_owned(), entry)).collect(),
    }
}

/// What is dropped is asked for only where it was not asked for anyway: nothing that is asked may forget the list of that.
#[test]
fn a_key_that_crdbctl_made_leaves_the_list_of_what_was_asked_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("node.key"), "a key").unwrap();
    let made = format!("{} {}\n", Digest::of("a key"), Digest::of("public"));
    std::fs::write(at("x.keys"), made).unwrap();
    let library = include_str!("../src/probe.sh");
    for shell in shells() {
        let text = format!(
            "crdbctl_state={0}/x\n{library}\nask_stat {0}/node.key >/dev/null\nask_keys {0}/node.key\nprintf '%s\\n' \"$known\"\n",
            directory.path().display()
        );
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let (answer, known) = told.split_once('\n').unwrap();
        assert!(answer.starts_with("key ") && answer.contains(" made "), "{shell}: {told}");
        assert_eq!(known.trim(), at("node.key").to_str().unwrap(), "{shell}");
    }
}

#[test]
fn what_the_manifest_no_longer_has_is_seen_where_the_record_says() {
    let mut bench = Bench::new();
    bench.file("kept");
    let at = bench.directory.path().to_owned();
    for directory in ["root", "data", "pkg/cockroach-v1.0.0.linux-amd64", "state"] {
        std::fs::create_dir_all(at.join(directory)).unwrap();
    }
    std::fs::write(at.join("data/000001.sst"), "").unwrap();
    std::fs::write(at.join("root/-foreign"), "").unwrap();
    symlink("/elsewhere", at.join("root/data")).unwrap();
    symlink("root", at.join("way")).unwrap();
    std::fs::write(at.join("old.service"), "edited\n").unwrap();
    std::fs::write(at.join("begun.service"), "unit\n").unwrap();
    std::fs::write(at.join("pkg/cockroach-v1.0.0.linux-amd64/cockroach"), "").unwrap();
    let record = serde_json::to_string_pretty(&record_of_before(&at)).unwrap() + "\n";
    std::fs::write(at.join("state/x.json"), &record).unwrap();
    // The last line is as good as any: most lists have one.
    let begun = format!("link.odd /a;id /../etc relative\nunit.begun {}\n", bench.path("begun.service"));
    std::fs::write(at.join("state/x.begun"), begun).unwrap();
    let graph = bench.graph(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    let read = |shell: &str| {
        let text = script(&graph.cluster, &questions(&graph, &Bench::node())).replace(
            "crdbctl_state=/var/lib/crdbctl/crdbctl-probe-test",
            &format!("crdbctl_state={}/state/x", at.display()),
        );
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        match observe_answer(&graph, &Bench::node(), &output.stdout) {
            NodeObservation::Read(reading) => *reading,
            NodeObservation::Unreadable(why) => panic!("{shell}: {why:?}"),
        }
    };
    for shell in shells() {
        let reading = read(shell);
        let at = |kind, name| match reading.resources.get(&Bench::addr(kind, name)) {
            Some(Observed::Present(fact)) => Some(fact.as_ref().clone()),
            Some(Observed::Absent) => None,
            other => panic!("{shell}: {kind}.{name} is {other:?}"),
        };
        assert!(matches!(at(ResourceKind::Directory, "root"), Some(Fact::Directory(_))), "{shell}");
        let Some(Fact::Link(link)) = at(ResourceKind::Link, "data") else { panic!("{shell}") };
        assert_eq!(link.target.as_deref(), Some("/elsewhere"));
        let Some(Fact::Unit(unit)) = at(ResourceKind::Unit, "old") else { panic!("{shell}") };
        assert_eq!(unit.file.digest, Some(Digest::of("edited\n")));
        assert!(matches!(at(ResourceKind::Unit, "begun"), Some(Fact::Unit(_))), "{shell}");
        assert!(matches!(at(ResourceKind::User, "root"), Some(Fact::User(_))), "{shell}");
        assert_eq!(at(ResourceKind::Group, "nobody-has-this"), None);
        assert_eq!(at(ResourceKind::File, "ufw-profile"), None);
        let footprint = &reading.footprint;
        let listed = |name: &str| match footprint.listing(&bench.path(name)) {
            Listing::Entries(entries) => entries.into_keys().collect::<Vec<_>>(),
            Listing::Unknown { reason } => panic!("{shell}: {reason}"),
        };
        assert_eq!(listed("root"), ["-foreign", "data"], "{shell}");
        // Whether there is something or not; a link at the path itself is what stands there.
        let places = BTreeMap::from([(bench.path("way/file"), bench.path("root/file"))]);
        assert_eq!(footprint.places, places, "{shell}");
        assert_eq!(listed("pkg/cockroach-v1.0.0.linux-amd64"), ["cockroach"], "{shell}");
        // What is in a store is not told, only that there is something.
        assert_eq!(footprint.stores, BTreeMap::from([(bench.path("data"), true)]), "{shell}");
        assert!(!footprint.listings.contains_key(&bench.path("data")), "{shell}");
        let package = bench.path("pkg/cockroach-v1.0.0.linux-amd64");
        assert!(!footprint.packages_in_use.contains(package.as_str()), "{shell}");
    }
    // A program that runs there keeps it.
    std::fs::copy("/bin/sleep", at.join("pkg/cockroach-v1.0.0.linux-amd64/cockroach")).unwrap();
    let mut running =
        Command::new(at.join("pkg/cockroach-v1.0.0.linux-amd64/cockroach")).arg("60").spawn().unwrap();
    for shell in shells() {
        let package = bench.path("pkg/cockroach-v1.0.0.linux-amd64");
        assert!(read(shell).footprint.packages_in_use.contains(package.as_str()), "{shell}");
    }
    running.kill().unwrap();
    running.wait().unwrap();
    // A record in another form tells nothing of where to look: that is not known, and never absent.
    let compact = serde_json::to_string(&record_of_before(&at)).unwrap();
    std::fs::write(at.join("state/x.json"), compact).unwrap();
    for shell in shells() {
        let reading = read(shell);
        for (kind, name) in [(ResourceKind::Unit, "old"), (ResourceKind::User, "root")] {
            let observed = &reading.resources[&Bench::addr(kind, name)];
            assert!(matches!(observed, Observed::Unknown { .. }), "{shell}: {kind}.{name} is {observed:?}");
        }
    }
}

#[test]
fn what_a_start_needs_is_seen_as_root_and_as_the_user_of_the_service() {
    let mut bench = Bench::new();
    let at = bench.directory.path().to_owned();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = |name: &str, mode: u32| {
        std::fs::write(at.join(name), "x").unwrap();
        std::fs::set_permissions(at.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    file("readable", 0o644);
    file("secret", 0o600);
    file("a b", 0o644);
    std::fs::create_dir(at.join("closed")).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let here = at.to_str().unwrap();
    let unit = format!(
        "[Unit]\nConditionPathExists={here}/a b\nConditionPathExists=!{here}/readable\nConditionPathIsDirectory={here}/closed\n\
         AssertPathExists={here}/gone\n[Service]\nUser=nobody\nGroup=no-such-group\nEnvironmentFile={here}/readable\n\
         EnvironmentFile=-{here}/gone\nEnvironmentFile={here}/$(touch {here}/never)\nWorkingDirectory=/\n\
         ExecStartPre={here}/readable --x\nExecStart=/bin/cockroach start\n"
    );
    let argv = [
        "/bin/cockroach".to_owned(),
        "start".to_owned(),
        "--listen-addr=192.0.2.99:1".to_owned(),
        format!("--http-addr=127.0.0.1:{port}"),
        format!("--log-config-file={here}/secret"),
        format!("--store={here}/closed/a/b"),
        format!("--temp-dir={here}/readable"),
        format!("--enterprise-encryption=path=/x,key={here}/readable,old-key={here}/gone/key"),
    ];
    let path = |text: &str| HostPath::new(text).unwrap();
    let root = || OwnerName::new("root").unwrap();
    let name = UnitName::new("crdbctl-probe-test").unwrap();
    let unit = Desired::Unit(DesiredUnit {
        name: name.clone(),
        file: DesiredFile {
            path: path("/etc/u.service"),
            content: unit,
            owner: root(),
            group: root(),
            mode: Mode::new(0o644),
        },
        set_drop_ins_aside: false,
    });
    let service = Desired::Service(DesiredService {
        unit: name,
        user: OwnerName::new("nobody").unwrap(),
        argv: argv.to_vec(),
        environment: BTreeMap::new(),
        nofile: None,
        binary: path("/bin/cockroach"),
        binary_digest: Some(Digest::of("")),
        program: path("/bin/cockroach"),
        http_address: "127.0.0.1:1".to_owned(),
        sql_address: "127.0.0.1:1".to_owned(),
        rpc_address: "127.0.0.1:1".to_owned(),
        certs: path("/certs"),
        version: "v24.1.0".to_owned(),
        store: path("/store"),
    });
    bench.resources.push((ResourceKind::Unit, "u", unit));
    bench.resources.push((ResourceKind::Service, "u", service));
    let is_root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&at).unwrap()) == 0;
    let mut expected = vec![
        format!("ConditionPathExists=!{here}/readable in /etc/u.service does not hold"),
        format!("AssertPathExists={here}/gone in /etc/u.service does not hold"),
        "Group=no-such-group in /etc/u.service names an account that does not exist".to_owned(),
        format!("--temp-dir needs {here}/readable, which is not a directory"),
        format!("--enterprise-encryption needs {here}/gone/key, which does not exist"),
        format!("ExecStartPre= in /etc/u.service needs {here}/readable, which cannot be executed"),
        format!(
            "EnvironmentFile= in /etc/u.service needs {here}/$(touch {here}/never), which does not exist"
        ),
        format!("--http-addr is 127.0.0.1:{port}, where another program listens"),
    ];
    if Path::new("/usr/sbin/ip").exists() || Path::new("/sbin/ip").exists() {
        expected
            .push("--listen-addr is 192.0.2.99:1, an address that is on no interface of the host".to_owned());
    }
    if is_root {
        expected.push(format!("--log-config-file needs {here}/secret, and nobody cannot read it"));
        expected.push(format!(
            "--store needs {here}/closed/a/b, which does not exist, and nobody cannot create it in {here}/closed"
        ));
    }
    expected.sort();
    for shell in shells() {
        let mut found: Vec<String> =
            bench.read(shell).start_blockers.iter().map(ToString::to_string).collect();
        found.sort();
        assert_eq!(found, expected, "{shell}");
        assert!(!at.join("never").exists(), "{shell}");
        let NodeObservation::Read(again) = bench.run_after("unset IFS", shell).1 else { panic!("{shell}") };
        let mut again: Vec<String> = again.start_blockers.iter().map(ToString::to_string).collect();
        again.sort();
        assert_eq!(again, expected, "{shell}");
        // What a rollout asks before it stops a node finds the same.
        let graph = bench.graph(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
        let text = start_script(&graph.cluster, &questions(&graph, &Bench::node()));
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        let mut alone: Vec<String> = start_blockers(&graph, &Bench::node(), &output.stdout)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        alone.sort();
        assert_eq!(alone, expected, "{shell}");
    }
}
