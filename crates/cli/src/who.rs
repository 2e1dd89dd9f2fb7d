/// Returns who runs this, for locks and records: `azmin@bastion`.
pub(crate) fn user_at_host() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("SUDO_USER").or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| variable("HOSTNAME"));
    let word = |text: Option<String>| text.map(|text| crdbctl_report::clean(text.trim()).into_owned());
    let user = word(user).unwrap_or_else(|| "somebody".to_owned());
    let host = word(host).unwrap_or_else(|| "somewhere".to_owned());
    format!("{user}@{host}")
}
