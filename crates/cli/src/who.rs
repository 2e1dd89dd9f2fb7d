/// Returns who runs this, for locks and records: `azmin@bastion`.
pub(crate) fn user_at_host() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user =
        variable("SUDO_USER").or_else(|| variable("USER")).or_else(|| variable("LOGNAME")).or_else(account);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| variable("HOSTNAME"));
    let word = |text: Option<String>| text.map(|text| crdbctl_report::clean(text.trim()).into_owned());
    let user = word(user).unwrap_or_else(|| "somebody".to_owned());
    let host = word(host).unwrap_or_else(|| "somewhere".to_owned());
    format!("{user}@{host}")
}

/// The name of the account that this runs as, without the help of the environment (passwd(5)).
fn account() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let uid =
        status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.to_owned();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    Some(name.unwrap_or_else(|| format!("uid {uid}")))
}
