use crdbctl_model::{DesiredPackage, ResourceAddr};

use crate::step::{Content, Step, call, quoted};

/// Owners and modes of a package whose files are as they shall be.
pub(super) fn amend(addr: &ResourceAddr, desired: &DesiredPackage) -> Step {
    let mut lines =
        vec![format!("({})", call("directory", &[desired.path.as_str(), "root", "root", "0755"]))];
    for member in &desired.members {
        let path = format!("{}/{}", desired.path, member.path);
        lines.push(format!("({})", call("amend", &[&path, "root", "root", &member.mode.to_string()])));
    }
    Step::new(addr, lines.join("\n")).writing(&desired.path)
}

/// Returns the step that receives the archive as the rest of the payload, verifies and unpacks it in a place
/// of root's own, and only then puts it, or in an existing package each wrong file, under its name.
pub(crate) fn unpack(addr: &ResourceAddr, desired: &DesiredPackage) -> Step {
    let path = desired.path.as_str();
    let directory = desired.path.file_name();
    let names: Vec<String> =
        desired.members.iter().map(|member| quoted(&format!("{directory}/{}", member.path))).collect();
    let mut body = format!(
        "(make_parents=yes; enter {parent})\nroom {parent} {bytes} {inodes}\nenter {parent}\nstage_dir {path}\n\
         head -c {size} >archive.tgz || unwritten {path}\n\
         [ \"$(stat -c %s archive.tgz)\" -eq {size} ] || die 'the archive was cut off on its way'\n\
         hash=$(sha256sum <archive.tgz); [ \"${{hash%% *}}\" = {digest} ] || die 'the archive came with another sha256'\n\
         tar -xzf archive.tgz --no-same-owner --no-same-permissions --delay-directory-restore -- {names} ||\
         \x20unwritten {path}\n\
         rm -f archive.tgz\n\
         chown -R -h root:root ./{directory}\nfind ./{directory} -type d -exec chmod 00755 {{}} +\nknown=\n",
        parent = quoted(desired.path.parent().as_str()),
        path = quoted(path),
        bytes = desired.needed_bytes(),
        inodes = desired.needed_inodes(),
        size = desired.archive_size,
        digest = desired.archive,
        names = names.join(" "),
        directory = quoted(directory),
    );
    for member in &desired.members {
        let file = quoted(&format!("{directory}/{}", member.path));
        body.push_str(&format!(
            "[ -f ./{file} ] && [ ! -L ./{file} ] || die {not_file}\n\
             hash=$(sha256sum <./{file}); [ \"${{hash%% *}}\" = {digest} ] || die {wrong}\n\
             chmod {mode} ./{file}\nsync ./{file}\n",
            digest = member.digest,
            mode = member.mode,
            not_file = quoted(&format!("{} is not a plain file in the archive", member.path)),
            wrong = quoted(&format!("{} came with another sha256", member.path)),
        ));
    }
    body.push_str(&format!("if [ -d ../{directory} ]; then\n", directory = quoted(directory)));
    for member in &desired.members {
        let file = quoted(&format!("{directory}/{}", member.path));
        body.push_str(&format!(
            "hash=$(sha256sum <../{file} 2>/dev/null) || hash=\n\
             if [ \"${{hash%% *}}\" != {digest} ] || [ -L ../{file} ]; then\n\
             mkdir -p -m 0755 \"$(dirname ../{file})\"; mv -f -T ./{file} ../{file}; fi\n\
             chown -h root:root ../{file}; chmod {mode} ../{file}\n",
            digest = member.digest,
            mode = member.mode,
        ));
    }
    body.push_str(&format!(
        "chown -h root:root ../{directory}; chmod 00755 ../{directory}; rm -rf ./{directory}\nelse\n\
         mv -T ./{directory} ../{directory}\nfi\nunstage\nsync .\n{remember}",
        directory = quoted(directory),
        remember = remember(desired),
    ));
    Step::new(addr, body).with(Content::Rest).writing(&desired.path)
}

/// Returns the lines that note the digests of a package's files for the probe, so that it need not hash
/// them again while device, inode, size and times stay. They were verified a moment ago.
fn remember(desired: &DesiredPackage) -> String {
    let mut lines = String::from("known=\n");
    for member in &desired.members {
        let file = quoted(&format!("{}/{}", desired.path, member.path));
        lines.push_str(&format!(
            "known=\"$known$(stat -c '%d:%i:%s:%.9Y:%.9Z' -- {file}) {}\n\"\n",
            member.digest
        ));
    }
    lines.push_str("(put \"$state/$cluster.digests\" root root 0600 \"$known\")");
    lines
}
