use crdbctl_model::HostPath;

use crate::decode::Decoder;
use crate::manifest::{Install, SYSTEMD_DIRECTORY, Service};
use crate::{Diagnostic, Span, Spanned};

/// Where crdbctl keeps what it remembers of a node.
const RECORDS: &str = "/var/lib/crdbctl";

/// What crdbctl itself puts into the instance directory.
const IN_ROOT: [&str; 4] = ["certs", "data", "cockroach", "cockroach_not_to_be_run"];

/// Checks that the paths of a node neither collide nor endanger the host.
pub(in crate::manifest) fn paths(decoder: &mut Decoder, install: &Install, service: &Service) {
    let Install { root, packages, data, .. } = install;
    let before = decoder.count();
    dangerous(decoder, install);
    // A path that is wrong in itself would be reported again for what it collides with.
    if decoder.count() > before {
        return;
    }
    let mut refuse = |span: Span, message: String, help: &str| {
        decoder.report(Diagnostic::new(span, message).help(help));
    };
    if root.value == data.value {
        refuse(
            later(root, data),
            "`install.root` and `install.data` are the same directory".to_owned(),
            "data needs a directory of its own, such as /var/lib/cockroach",
        );
    } else if root.is_below(data) {
        refuse(
            later(root, data),
            "`install.root` lies in `install.data`".to_owned(),
            "programs and certificates do not belong among the data: name another directory",
        );
    } else if let Some(name) = in_root(data, root) {
        let message =
            format!("`install.data` is in the way of `{}/{name}`, which crdbctl makes itself", root.value);
        refuse(later(root, data), message, "name another directory; a link called data will lead to it");
    }
    for (key, other) in [("root", root), ("data", data)] {
        if packages.value == other.value || packages.is_below(other) {
            let message = format!("`install.packages` lies in `install.{key}`");
            refuse(
                later(packages, other),
                message,
                "the service user could exchange the programs there: name a directory that belongs to root",
            );
        }
    }
    check_unit(&mut refuse, install, service);
}

/// Refuses paths that would harm the host, or that a host loses.
fn dangerous(decoder: &mut Decoder, install: &Install) {
    let Install { root, packages, data, .. } = install;
    let mut refuse = |span: Span, message: String, help: &str| {
        decoder.report(Diagnostic::new(span, message).help(help));
    };
    for (key, path) in [("root", root), ("data", data)] {
        if path.is_shared() {
            let message = format!("`install.{key}` is `{}`, which the whole host shares", path.value);
            refuse(
                path.span,
                message,
                "its owner and mode would be changed: name a directory of CockroachDB's own",
            );
        } else if let Some(system) = path.system() {
            let message = format!("`install.{key}` lies below `{system}`");
            refuse(path.span, message, "name a directory that is CockroachDB's own and outlasts a boot");
        }
    }
    if packages.as_str() == "/" || packages.system().is_some() {
        let message = format!("`install.packages` is `{}`", packages.value);
        refuse(
            packages.span,
            message,
            "packages go into directories such as /opt or /usr/local/lib/cockroach",
        );
    }
    for (key, path) in [("root", root), ("data", data), ("packages", packages)] {
        if path.as_str() == RECORDS || is_below(path, RECORDS) {
            let message = format!("`install.{key}` lies in `{RECORDS}`, where crdbctl keeps its records");
            refuse(path.span, message, "name another directory");
        }
        if key != "packages" && is_in_a_package(path, packages) {
            let message = format!("`install.{key}` lies in a package's directory");
            refuse(path.span, message, "packages come and go with versions: name another directory");
        }
    }
}

fn check_unit(refuse: &mut impl FnMut(Span, String, &str), install: &Install, service: &Service) {
    let unit = &service.unit_path;
    let mut say = |what: String| {
        refuse(
            unit.span,
            format!("`service.unit_path` {what}"),
            "name a file in /etc/systemd/system or directly in `install.root`",
        );
    };
    if unit.value == install.data.value || unit.is_below(&install.data) {
        say("lies in `install.data`".to_owned());
    } else if let Some(name) = in_root(unit, &install.root) {
        say(format!("is in the way of `{}/{name}`, which crdbctl makes itself", install.root.value));
    } else if is_in_a_package(unit, &install.packages) && unit.value.parent() != install.root.value {
        say("lies in a package's directory".to_owned());
    } else if is_below(unit, SYSTEMD_DIRECTORY) && unit.parent().as_str() != SYSTEMD_DIRECTORY {
        say(format!("lies below a directory of `{SYSTEMD_DIRECTORY}`, where systemd looks for other things"));
    } else if unit.parent().as_str() == "/" {
        say("lies in `/`".to_owned());
    } else if let Some(system) = unit.system()
        && unit.parent().as_str() != SYSTEMD_DIRECTORY
    {
        say(format!("lies below `{system}`"));
    }
}

/// Checks that root is not made a service account.
pub(in crate::manifest) fn owner(decoder: &mut Decoder, install: &Install) {
    if install.create_user.value && (install.user.as_str() == "root" || install.group.as_str() == "root") {
        let span = if install.user.as_str() == "root" { install.user.span } else { install.group.span };
        decoder.report(
            Diagnostic::new(span, "`install.create_user` cannot make root")
                .help("name an account of CockroachDB's own, or set `create_user: false`"),
        );
    }
}

fn is_below(path: &HostPath, directory: &str) -> bool {
    path.as_str().strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the name in the instance directory that crdbctl makes and that `path` is or lies in.
fn in_root(path: &HostPath, root: &HostPath) -> Option<&'static str> {
    let rest = path.as_str().strip_prefix(root.as_str())?.strip_prefix('/')?;
    let first = rest.split('/').next()?;
    IN_ROOT.into_iter().find(|name| *name == first)
}

/// Returns whether `path` is or lies in a directory that is named as packages are.
fn is_in_a_package(path: &HostPath, packages: &HostPath) -> bool {
    let base = packages.as_str().trim_end_matches('/');
    let rest = path.as_str().strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| rest.starts_with("cockroach-v"))
}

/// Returns the place of whichever of two paths stands later in the text: defaults stand before both.
fn later(a: &Spanned<HostPath>, b: &Spanned<HostPath>) -> Span {
    a.span.max(b.span)
}
