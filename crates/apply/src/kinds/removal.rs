use crdbctl_model::{AllowFrom, Change, HostPath, Removal, UnitName};

use crate::step::{Step, call, quoted};

/// Returns the step that removes something: what it names, and only if it is still what the plan found.
pub(super) fn step(change: &Change, removal: &Removal) -> Step {
    let body = match removal {
        Removal::Service { unit, stops } => service(unit, *stops),
        Removal::Files { paths, aside, unit } => files(paths, *aside, unit.as_ref()),
        Removal::Link { path, target, is_unit } => {
            let reload = if *is_unit { "\nsystemctl daemon-reload" } else { "" };
            format!("({}){reload}", call("remove_link", &[path.as_str(), target]))
        }
        Removal::Firewall { profile, allow_from } => {
            let rules = allow_from.iter().map(|from| rule(profile, from));
            rules.collect::<Vec<_>>().join("\n")
        }
        Removal::Directory { path } => call("remove_directory", &[path.as_str()]),
        Removal::Data { path, directory } => {
            let empty = format!("({})", call("empty", &[path.as_str()]));
            if *directory {
                format!("{empty}\n{}", call("remove_directory", &[path.as_str()]))
            } else {
                empty
            }
        }
        Removal::Package { path, files, directory } => package(path, files, *directory),
        Removal::User { name } => call("remove_user", &[name.as_str()]),
        Removal::Group { name } => {
            let name = quoted(name.as_str());
            format!("if getent group {name} >/dev/null; then groupdel -- {name}; fi")
        }
        Removal::Record => "forget".to_owned(),
    };
    Step::new(&change.addr, body)
}

/// A unit whose file is gone can still be enabled and can still run: what counts is how it is afterwards.
/// One that did not run when the plan was made is not stopped by it: somebody has started it since.
fn service(unit: &UnitName, stops: bool) -> String {
    let unit = quoted(&unit.file_name());
    let look = format!(
        "if [ \"$(main_pid {unit})\" != 0 ] || systemctl is-active --quiet -- {unit}; then die 'it runs, and the plan does not say that it \
         stops: it is left as it is; plan again'; fi\n"
    );
    let look = if stops { "" } else { look.as_str() };
    format!(
        "{look}disabled=$(systemctl disable --quiet -- {unit} 2>&1) || true\n\
         [ \"$(systemctl is-enabled -- {unit} 2>/dev/null)\" != enabled ] || die \"it is still enabled: $disabled\"\n\
         stopped=$(systemctl stop -- {unit} 2>&1) || true\n\
         pid=$(main_pid {unit})\n\
         if [ \"$pid\" != 0 ] || systemctl is-active --quiet -- {unit}; then printf '%s\\n' \"it still runs: $stopped\" >&2; why_not {unit}; fi\n\
         settled"
    )
}

fn files(paths: &[HostPath], aside: bool, unit: Option<&UnitName>) -> String {
    let mut lines: Vec<String> = paths
        .iter()
        .map(|path| {
            let path = path.as_str();
            if aside {
                let name = path.trim_start_matches('/').replace('/', "-");
                format!("({})", call("remove_aside", &[path, &name]))
            } else {
                format!("({})", call("remove", &[path]))
            }
        })
        .collect();
    if let Some(unit) = unit {
        lines.push("systemctl daemon-reload".to_owned());
        // A unit that failed is remembered although it is gone (systemctl(1), reset-failed).
        lines.push(format!("systemctl reset-failed -- {} 2>/dev/null || true", quoted(&unit.file_name())));
    }
    lines.join("\n")
}

fn rule(profile: &str, from: &AllowFrom) -> String {
    match from {
        AllowFrom::Any => call("ufw", &["delete", "allow", profile]),
        AllowFrom::Network(network) => {
            call("ufw", &["delete", "allow", "from", network, "to", "any", "app", profile])
        }
    }
}

/// The paths of files are told relative to the package.
fn package(path: &HostPath, files: &[HostPath], directory: bool) -> String {
    let inside = files.iter().filter_map(|file| file.as_str().strip_prefix(path.as_str())?.strip_prefix('/'));
    let whole = if directory { "whole" } else { "part" };
    let arguments: Vec<&str> = [path.as_str(), whole].into_iter().chain(inside).collect();
    call("remove_package", &arguments)
}
