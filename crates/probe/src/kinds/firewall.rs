use crdbctl_model::{DesiredFirewall, Fact, FirewallFact, Observed};

use super::{present, unknown};
use crate::answer::Answer;
use crate::questions::Questions;

pub(super) fn ask(_: &DesiredFirewall, questions: &mut Questions) {
    questions.firewall = true;
}

pub(super) fn read(_: &DesiredFirewall, answer: &Answer) -> Observed {
    of_host(answer)
}

/// The firewall of a host.
pub(super) fn of_host(answer: &Answer) -> Observed {
    match &answer.firewall {
        Some(Ok(Some(raw))) => present(Fact::Firewall(FirewallFact {
            enabled: raw.enabled,
            ipv6: raw.ipv6,
            rules: raw
                .rules
                .lines()
                .filter_map(|line| line.strip_prefix("### tuple ### "))
                .map(|rule| rule.trim_end().to_owned())
                .collect(),
        })),
        // Not an absence that an apply could mend: crdbctl installs no system packages.
        Some(Ok(None)) => {
            unknown("ufw is not installed (there is no /etc/ufw): install ufw, or say `firewall: none`")
        }
        Some(Err(why)) => unknown(format!("cannot read ufw's rules in /etc/ufw: {why}")),
        None => unknown("the host's answer does not speak of it"),
    }
}
