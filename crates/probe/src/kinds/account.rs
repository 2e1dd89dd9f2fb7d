use crdbctl_model::{DesiredGroup, DesiredUser, Fact, GroupFact, Observed, UserFact};

use super::{present, unknown};
use crate::answer::Answer;
use crate::questions::Questions;

/// getent(1) exits with 2 when a key is not in the database.
const NOT_FOUND: i32 = 2;

pub(super) fn ask_group(desired: &DesiredGroup, questions: &mut Questions) {
    questions.groups.insert(desired.name.clone());
}

pub(super) fn ask_user(desired: &DesiredUser, questions: &mut Questions) {
    questions.users.insert(desired.name.clone());
}

pub(super) fn read_group(desired: &DesiredGroup, answer: &Answer) -> Observed {
    group_named(desired.name.as_str(), answer)
}

/// The group of a name that was asked.
pub(super) fn group_named(name: &str, answer: &Answer) -> Observed {
    let Some((status, line)) = answer.groups.get(name) else {
        return unknown("the host's answer does not speak of it");
    };
    let line = String::from_utf8_lossy(line);
    match (*status, line.split(':').nth(2).and_then(|gid| gid.parse().ok())) {
        (0, Some(gid)) => present(Fact::Group(GroupFact { gid })),
        (NOT_FOUND, _) => Observed::Absent,
        (status, _) => unknown(format!("getent group ended with status {status}: {}", line.trim())),
    }
}

pub(super) fn read_user(desired: &DesiredUser, answer: &Answer) -> Observed {
    user_named(desired.name.as_str(), answer)
}

/// The user of a name that was asked.
pub(super) fn user_named(name: &str, answer: &Answer) -> Observed {
    let Some((status, line, group)) = answer.users.get(name) else {
        return unknown("the host's answer does not speak of it");
    };
    let line = String::from_utf8_lossy(line);
    let fields: Vec<&str> = line.split(':').collect();
    match (*status, fields.as_slice()) {
        (0, [_, _, uid, gid, _, home, shell]) => match uid.parse() {
            Ok(uid) => present(Fact::User(UserFact {
                uid,
                group: if group.is_empty() { (*gid).to_owned() } else { group.clone() },
                home: (*home).to_owned(),
                shell: (*shell).trim_end().to_owned(),
            })),
            Err(_) => unknown(format!("getent passwd printed {:?}", line.trim())),
        },
        (NOT_FOUND, _) => Observed::Absent,
        (status, _) => unknown(format!("getent passwd ended with status {status}: {}", line.trim())),
    }
}
