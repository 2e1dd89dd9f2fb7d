//! Two hosts through all that a lab offers.

use crdbctl_testlab::{Lab, require_lab, users};

#[test]
fn boots() {
    let start = std::time::Instant::now();
    let Some(lab) = require_lab(Lab::builder().hosts(3).name_prefix("store")) else { return };
    eprintln!("up after {:?}", start.elapsed());
    for host in &lab {
        for user in ["root", users::ADMIN, users::ASKS, users::PLAIN] {
            let output = lab.ssh(user, host.name().as_str()).arg("id -un; hostname").output().unwrap();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                format!("{user}\n{}\n", host.name()),
                "{output:?}"
            );
        }
    }
    eprintln!("{:?}", lab.host("store-1").exec("id; cat /proc/self/cgroup").unwrap());
    let t = std::time::Instant::now();
    lab.host("store-1").exec_ok("true").unwrap();
    eprintln!("exec {:?}", t.elapsed());
    let t = std::time::Instant::now();
    lab.host("store-1").reboot().unwrap();
    eprintln!("reboot {:?}", t.elapsed());
    let t = std::time::Instant::now();
    lab.host("store-1").power_cut().unwrap();
    eprintln!("cut {:?}", t.elapsed());
    let t = std::time::Instant::now();
    drop(lab);
    eprintln!("drop {:?}", t.elapsed());
}
