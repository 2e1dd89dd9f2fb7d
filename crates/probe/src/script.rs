use std::fmt::Write as _;

use crdbctl_model::ClusterName;
use crdbctl_transport::quote;

use crate::Questions;
use crate::questions::CertificateFiles;

/// The shell functions that every probe is made of. POSIX sh, coreutils, grep, sed, find and systemctl; openssl, curl and
/// ufw's files only where the host has them. Nothing here writes: not even a temporary file.
pub(crate) const LIBRARY: &str = include_str!("probe.sh");

/// Returns the shell functions of a probe: after this text, calling `probe` prints one answer (see
/// [`crate::Answer`] for its form), and `probe_body` prints the part of it that stays equal while the
/// host is unchanged.
///
/// Every value is quoted by [`crdbctl_transport::quote`].
pub fn functions(cluster: &ClusterName, questions: &Questions) -> String {
    let mut text = String::with_capacity(LIBRARY.len() + 4096);
    text.push_str(&sent(LIBRARY));
    let _ = writeln!(text, "crdbctl_state=/var/lib/crdbctl/{cluster}");
    text.push_str("probe_body() {\n");
    text.push_str("ask_host\nask_record\nask_steps\nask_others\n");
    let mut call = |function: &str, items: Vec<&str>| write_call(&mut text, function, items);
    call("ask_groups", questions.groups.iter().map(|name| name.as_str()).collect());
    call("ask_users", questions.users.iter().map(|name| name.as_str()).collect());
    call("ask_stat", questions.stat.iter().map(|path| path.as_str()).collect());
    call("ask_targets", questions.targets.iter().map(|path| path.as_str()).collect());
    call("ask_contents", questions.contents.iter().map(|path| path.as_str()).collect());
    call("ask_pems", questions.pems.iter().map(|path| path.as_str()).collect());
    call("ask_installed", questions.installed.iter().map(|path| path.as_str()).collect());
    call("ask_digests", questions.digests.iter().map(|path| path.as_str()).collect());
    call("ask_keys", questions.keys.iter().map(|path| path.as_str()).collect());
    call("ask_packages", questions.packages.iter().map(|path| path.as_str()).collect());
    call("ask_entries", questions.entries.iter().map(|path| path.as_str()).collect());
    call("ask_certificates", questions.certificates.iter().flat_map(CertificateFiles::words).collect());
    if questions.firewall {
        call("ask_firewall", vec!["/etc/ufw"]);
    }
    // Before mounts are read: a look has systemd mount what it mounts on demand.
    call("ask_store_places", questions.stores.iter().map(|path| path.as_str()).collect());
    call("ask_mounts", questions.mounts.iter().map(|path| path.as_str()).collect());
    ask_start(questions, &mut call);
    // Last: whatever was asked before is not dropped.
    text.push_str("ask_dropped\n");
    text.push_str("}\nprobe_live() {\nask_clock\n");
    if let Some(package) = &questions.room {
        let _ = writeln!(text, "ask_room {}", quoted(package.as_str()));
    }
    if let Some(service) = &questions.service {
        let _ = writeln!(
            text,
            "ask_health {} {}",
            quoted(&service.unit.file_name()),
            quoted(&service.http_address)
        );
    }
    let _ = writeln!(text, "ask_lock /run/crdbctl/{cluster}.lock");
    text.push_str("}\n");
    text
}

/// Returns the read-only script that asks only what [`crate::start_blockers`] needs: the service, its drop-ins, and what a start
/// needs. Nothing else of the node can make its answer unreadable.
pub fn start_script(cluster: &ClusterName, questions: &Questions) -> String {
    let mut text = sent(LIBRARY);
    let _ = writeln!(text, "crdbctl_state=/var/lib/crdbctl/{cluster}");
    text.push_str("probe_body() {\nask_host\n");
    ask_start(questions, &mut |function, items| write_call(&mut text, function, items));
    text.push_str("}\nprobe_live() { ask_clock; }\nprobe\n");
    text
}

/// Calls what asks about the service, its drop-ins, and what a start needs.
fn ask_start(questions: &Questions, call: &mut dyn FnMut(&str, Vec<&str>)) {
    if let Some(unit) = &questions.drop_ins {
        call("ask_drop_ins", vec![&unit.file_name()]);
    }
    let Some(service) = &questions.service else { return };
    let mut words = vec![service.unit.file_name(), service.binary.to_string()];
    words.extend(service.environment.keys().cloned());
    call("ask_service", words.iter().map(String::as_str).collect());
    if !questions.start.is_empty() {
        let packages = questions.packages.as_ref().map_or("/", |path| path.as_str());
        let unit = service.unit.file_name();
        let known = [service.user.as_str(), unit.as_str(), packages].into_iter();
        call("ask_start", known.chain(questions.start.iter().map(String::as_str)).collect());
    }
}

/// Writes a call of a shell function, unless it has nothing to ask.
fn write_call(text: &mut String, function: &str, items: Vec<&str>) {
    if !items.is_empty() {
        let words = items.into_iter().map(quoted).collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "{function} {words}");
    }
}

/// Returns a library as it travels: what is for people stays here. No string of it goes over several lines.
fn sent(library: &str) -> String {
    let lines = library.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Returns these functions of the library alone, as they travel, with its first line.
pub(crate) fn only(names: &[&str]) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    for (number, line) in LIBRARY.lines().enumerate() {
        let begins = line.split_once("() {").is_some_and(|(name, _)| names.contains(&name));
        if number == 0 || begins || is_inside {
            text.push_str(line);
            text.push('\n');
        }
        // A function of one line ends on it; a longer one ends with a brace alone.
        is_inside = (begins && !line.ends_with('}')) || (is_inside && line != "}");
    }
    sent(&text)
}

/// Returns the whole read-only script of a probe of one node.
pub fn script(cluster: &ClusterName, questions: &Questions) -> String {
    format!("{}probe\n", functions(cluster, questions))
}

/// Returns a value as a word of shell.
pub(crate) fn quoted(word: &str) -> String {
    quote(word).expect("model types hold no NUL").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_travels_alone_and_without_comments() {
        let text = only(&["b64", "word", "ask_health"]);
        assert!(text.starts_with("LC_ALL=C; export LC_ALL\nb64() { base64 -w0; }\nword() {"), "{text}");
        assert!(text.contains("\nask_health() {\n") && text.ends_with("\n}\n"), "{text}");
        assert!(text.len() < 2048 && !text.contains("\n#") && !text.contains("ask_lock"), "{text}");
        // Whatever it calls of the library is there.
        let defined: Vec<&str> =
            LIBRARY.lines().filter_map(|line| Some(line.split_once("() {")?.0)).collect();
        for name in defined.iter().filter(|name| !["b64", "word", "ask_health"].contains(name)) {
            let calls = [format!("$({name} "), format!("| {name}"), format!("\n{name} ")];
            let is_called = calls.iter().any(|call| text.contains(call.as_str()));
            assert!(!is_called, "{name} is called");
        }
    }
}
