use crdbctl_model::{Action, AttributeDiff, DesiredGroup, DesiredUser, UserFact};

use crate::comparison::{Comparison, Difference};

/// Shells with which nobody can log in. The first is what an account gets (useradd(8) on Debian).
const NO_LOGIN: [&str; 4] = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"];

pub(super) fn create_group(desired: &DesiredGroup) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(AttributeDiff::words("name", None::<&str>, Some(&desired.name)));
    Comparison::Differs(difference)
}

pub(super) fn create_user(desired: &DesiredUser) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    for (name, value) in
        [("group", desired.group.as_str()), ("home", desired.home.as_str()), ("shell", NO_LOGIN[0])]
    {
        difference.attributes.push(AttributeDiff::words(name, None::<&str>, Some(value)));
    }
    Comparison::Differs(difference)
}

/// The home of an account that is there already stays what it is: nothing reads it.
pub(super) fn compare_user(desired: &DesiredUser, found: &UserFact) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    difference.attribute("group", &found.group, &desired.group);
    let shell = found.shell.as_str();
    difference.attribute("shell", shell, if NO_LOGIN.contains(&shell) { shell } else { NO_LOGIN[0] });
    difference.conclude()
}
