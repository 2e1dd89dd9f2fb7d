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

/// The comparison of an account that somebody else created: it is kept as it is.
///
/// The service does not need more than its name: the unit sets the user and the group of the process (systemd.exec(5), `User=` and
/// `Group=`), and files and directories get their owner and group by name.
pub(super) const KEPT: Comparison = Comparison::Same { unchanged: 1 };

/// Compares an account that crdbctl created. Its home stays what it is: nothing reads it.
pub(super) fn compare_user(desired: &DesiredUser, found: &UserFact) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    if found.group == desired.group.as_str() {
        difference.unchanged += 1;
    } else {
        let group = AttributeDiff::words("group", Some(&found.group), Some(&desired.group));
        // usermod(8) about --gid: "Any file from the user's home directory owned by the previous primary group of the user will
        // be owned by this new group."
        let effect =
            format!("usermod also gives files of group {} in {} this group", found.group, found.home);
        difference.attributes.push(group.with_remark(effect));
    }
    let shell = found.shell.as_str();
    difference.attribute("shell", shell, if NO_LOGIN.contains(&shell) { shell } else { NO_LOGIN[0] });
    difference.conclude()
}

/// Returns how an account that somebody else created differs from one that crdbctl creates; `None` when it does not.
///
/// `unit` is the text of the unit: one without `Group=` runs the process with the account's primary group.
pub(super) fn note(
    desired: &DesiredUser,
    found: &UserFact,
    is_ours: bool,
    unit: Option<&str>,
) -> Option<String> {
    if is_ours {
        return None;
    }
    let mut differs = Vec::new();
    if found.group != desired.group.as_str() {
        differs.push(format!("its primary group is {}", found.group));
        if unit.is_some_and(|text| !sets_group(text)) {
            differs.push("the unit has no Group=, so CockroachDB runs with that group".to_owned());
        }
    }
    if !NO_LOGIN.contains(&found.shell.as_str()) {
        let shell = if found.shell.is_empty() { "/bin/sh" } else { &found.shell };
        differs.push(format!("its login shell is {shell}"));
    }
    (!differs.is_empty())
        .then(|| format!("was not created by crdbctl and is kept as it is: {}", differs.join(", ")))
}

/// Whether a unit sets the group of its process. An empty value takes an earlier one back.
fn sets_group(unit: &str) -> bool {
    let mut values =
        unit.lines().filter_map(|line| line.trim().strip_prefix("Group")?.trim_start().strip_prefix('='));
    values.next_back().is_some_and(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::sets_group;

    #[test]
    fn a_unit_sets_the_group_with_its_last_value() {
        for (unit, sets) in [
            ("[Service]\nUser=a\nGroup=b\n", true),
            ("[Service]\n Group = b\n", true),
            ("[Service]\nUser=a\n# Group=b\nSupplementaryGroups=c\n", false),
            ("[Service]\nGroup=b\nGroup=\n", false),
        ] {
            assert_eq!(sets_group(unit), sets, "{unit}");
        }
    }
}
