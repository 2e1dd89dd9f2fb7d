use crdbctl_model::{Action, Change, DesiredGroup, DesiredUser, ResourceAddr, Value};

use crate::step::{Step, call};

const NO_LOGIN: &str = "/usr/sbin/nologin";

pub(super) fn group(addr: &ResourceAddr, desired: &DesiredGroup) -> Step {
    Step::new(addr, call("groupadd", &["--system", "--", desired.name.as_str()]))
}

pub(super) fn user(change: &Change, desired: &DesiredUser) -> Step {
    let name = desired.name.as_str();
    if change.action == Action::Create {
        let arguments = [
            "--system",
            "--gid",
            desired.group.as_str(),
            "--home-dir",
            desired.home.as_str(),
            "--no-create-home",
            "--shell",
            NO_LOGIN,
            "--",
            name,
        ];
        return Step::new(&change.addr, call("useradd", &arguments));
    }
    let mut lines = Vec::new();
    for attribute in &change.attributes {
        let Some(Value::Word(value)) = &attribute.after else { continue };
        match attribute.name.as_str() {
            "group" => lines.push(call("usermod", &["--gid", value, "--", name])),
            "shell" => lines.push(call("usermod", &["--shell", value, "--", name])),
            _ => {}
        }
    }
    Step::new(&change.addr, lines.join("\n"))
}
