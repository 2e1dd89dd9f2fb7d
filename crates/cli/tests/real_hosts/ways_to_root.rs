//! As root over ssh, with sudo that does not ask, and with sudo that asks.

use crdbctl_testlab::users::ASKS_PASSWORD as SUDO_PASSWORD;

use crate::bench::{ADMIN, Bench};

#[test]
fn each_way_to_root_makes_the_same_host() {
    let Some(bench) = Bench::start(1) else { return };
    for user in ["root", ADMIN, "asks"] {
        bench.manifest("", user);
        std::fs::write(bench.path("password"), format!("{SUDO_PASSWORD}\n")).unwrap();
        let password = [("CRDBCTL_SUDO_PASSWORD_COMMAND", "cat password")];
        bench.crdbctl_with(&["apply", "--yes"], &password).code(0);
        bench.crdbctl_with(&["plan", "--detailed-exitcode"], &password).code(0).says("No changes.");
        bench.host(1).fresh().unwrap();
        std::fs::remove_dir_all(bench.path("keys")).unwrap();
    }
}

#[test]
fn a_wrong_password_is_told_and_tried_once() {
    let Some(bench) = Bench::start(1) else { return };
    bench.manifest("", "asks");
    let wrong = [("CRDBCTL_SUDO_PASSWORD_COMMAND", "echo wrong")];
    bench.crdbctl_with(&["plan"], &wrong).code(5).says("password");
    let tries = "journalctl -o cat | grep -c 'incorrect password attempt'";
    assert_eq!(bench.host(1).exec_ok(tries).unwrap().text(), "1");
}
