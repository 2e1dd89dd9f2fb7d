//! Accounts that were on a host before crdbctl: kept as they are, and what differs is said.

use crate::bench::{ADMIN, Bench};

/// Everything that `usermod` could change: the account's entry, its groups, and the files in its home.
const ENTRY: &str = "getent passwd cockroach; id -gn cockroach; id -Gn cockroach; stat -c '%n %U:%G %a' \
                     /home/dbs /home/dbs/.bashrc-of-dbs /home/dbs/data";

#[test]
fn an_account_that_exists_is_kept_with_its_group_shell_home_and_files() {
    let Some(bench) = Bench::start(2) else { return };
    // An account of people: another primary group, a login shell, a home with files.
    bench
        .host(1)
        .exec_ok(
            "groupadd dbs && useradd -m -d /home/dbs -g dbs -s /bin/bash cockroach && \
             install -o cockroach -g dbs -m 0640 /dev/null /home/dbs/.bashrc-of-dbs && \
             install -o cockroach -g dbs -m 0640 /dev/null /home/dbs/data",
        )
        .unwrap();
    // The group has a number of its own, the account is locked and has expired.
    bench
        .host(2)
        .exec_ok(
            "groupadd -g 4321 cockroach && useradd -u 54321 -g 4321 -M -d /nonexistent -s /bin/false cockroach && \
             usermod -L -e 1 cockroach",
        )
        .unwrap();
    let before = bench.host(1).exec_ok(ENTRY).unwrap().text();
    let second = bench.host(2).exec_ok("getent passwd cockroach; getent shadow cockroach").unwrap().text();

    let plan = bench.crdbctl(&["plan"]).code(0);
    assert!(!plan.stdout.contains("store-1/user.cockroach will be"), "{}", plan.stdout);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("its primary group is dbs, its login shell is /bin/bash"), "{}", plan.stdout);
    assert!(!words.contains("store-2/user.cockroach"), "{}", plan.stdout);
    bench.apply();
    assert_eq!(bench.host(1).exec_ok(ENTRY).unwrap().text(), before);
    let after = bench.host(2).exec_ok("getent passwd cockroach; getent shadow cockroach").unwrap().text();
    assert_eq!(after, second);
    bench.assert_empty_plan();
    // The unit says which group the process has; that of the account does not matter to it.
    for host in bench.lab.hosts() {
        let process = host
            .exec_ok("ps -o user:20=,group:20= -p $(systemctl show cockroach.service -p MainPID --value)")
            .unwrap()
            .text();
        assert_eq!(process.split_whitespace().collect::<Vec<_>>(), ["cockroach", "cockroach"]);
    }
    // What was there before stays when the cluster goes, group and all.
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0);
    assert_eq!(bench.host(1).exec_ok(ENTRY).unwrap().text(), before);
    assert_eq!(
        bench.host(2).exec_ok("getent passwd cockroach; getent shadow cockroach").unwrap().text(),
        second
    );

    // An account that crdbctl made is its own to keep, and the plan says what that does to files.
    bench
        .host(1)
        .exec_ok("userdel -r cockroach 2>/dev/null; groupdel dbs 2>/dev/null; groupadd -g 4322 cockroach")
        .unwrap();
    bench.manifest("", ADMIN);
    bench.apply();
    bench.host(1).exec_ok("groupadd dbs && usermod -g dbs cockroach").unwrap();
    let plan = bench.crdbctl(&["plan"]).code(0).says("store-1/user.cockroach will be updated");
    let words = plan.stdout.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("usermod also gives files of group dbs in /var/lib/cockroach this group"),
        "{}",
        plan.stdout
    );
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(bench.host(1).exec_ok("id -gn cockroach").unwrap().text(), "cockroach");
    // userdel(8) takes the group of the same name along, and crdbctl did not create that one.
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0);
    let left = bench.host(1).exec_ok("getent group cockroach; getent passwd cockroach; true").unwrap().text();
    assert_eq!(left, "cockroach:x:4322:");
}
