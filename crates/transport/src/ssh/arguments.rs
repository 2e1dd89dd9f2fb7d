use crate::target::Target;

/// Returns the arguments that say where and how to connect: the same for asking ssh and for connecting.
pub(super) fn of_target(target: &Target) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
    if let Some(file) = &target.ssh.config_file {
        add(&["-F", &home(file)]);
    }
    if let Some(user) = &target.ssh.user {
        add(&["-l", user]);
    }
    if let Some(port) = target.ssh.port {
        add(&["-p", &port.to_string()]);
    }
    if let Some(file) = &target.ssh.identity_file {
        // No other key: each one tried counts as a failed login on the host.
        add(&["-o", "IdentitiesOnly=yes", "-i", &home(file)]);
    }
    if let Some(jump) = &target.ssh.jump {
        add(&["-J", jump]);
    }
    arguments
}

/// Returns the file name with a leading `~/` replaced: ssh does that for keys, not for `-F`.
fn home(file: &str) -> String {
    match (file.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    }
}
