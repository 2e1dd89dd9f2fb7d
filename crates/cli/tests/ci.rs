//! The pipelines that `docs/ci.md` offers, and the action: sound by the schemas of their kinds, and run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod pipeline;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::fixture::Fixture;
use pipeline::{Action, Finished, Tools, blocks, root, shellcheck};
use serde_json::Value;

const WORKFLOWS: [&str; 3] =
    [".github/workflows/drift.yml", ".github/workflows/drift-of-a-fleet.yml", ".github/workflows/plan.yml"];
const UNITS: [&str; 3] = ["crdbctl-drift.service", "crdbctl-drift.timer", "crdbctl-drift-failed.service"];

fn page() -> String {
    fs::read_to_string(root().join("docs/ci.md")).unwrap()
}

/// A directory with what a pipeline has: the manifest, and programs of which `crdbctl` looks at what was recorded.
struct Pipeline {
    fixture: Fixture,
    tools: Tools,
}

impl Pipeline {
    fn new() -> Option<Self> {
        let pipeline = Self { tools: Tools::find()?, fixture: Fixture::new() };
        pipeline.fixture.observe_bare_hosts();
        fs::create_dir(pipeline.path("bin")).unwrap();
        let real = env!("CARGO_BIN_EXE_crdbctl");
        pipeline.program(
            "crdbctl",
            &format!("for word; do case $word in drift|plan) set -- \"$@\" --observed observed.json; break;; esac; done\nexec '{real}' \"$@\""),
        );
        Some(pipeline)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fixture.path(name)
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.path("bin").join(name);
        fs::write(&file, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn programs(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display())
    }

    /// The action, with the program that looks at what was recorded.
    fn action(&self) -> Action {
        let workspace = self.path("");
        Action::new(&self.tools, &workspace, &self.path("temporary"), &self.programs())
            .with("crdbctl", "crdbctl")
    }

    /// Runs lines of shell as a pipeline does.
    fn shell(&self, shell: &[&str], lines: &str, environment: &[(&str, &str)]) -> (i32, String) {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg("-c").arg(lines).env_clear().env("PATH", self.programs());
        command.env("HOME", self.path("")).env("RUNNER_TEMP", self.path("temporary"));
        command.envs(environment.iter().copied()).current_dir(self.path("")).stdin(Stdio::null());
        let output = command.output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    }

    /// Asserts that no key, agent or other private thing is left.
    #[track_caller]
    fn assert_nothing_is_left(&self) {
        let left: Vec<_> =
            fs::read_dir(self.path("temporary")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "crdbctl-drift"), "{left:?}");
    }
}

fn written(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Makes a pair of keys for ssh, and returns the private one.
fn ssh_key(directory: &Path) -> String {
    let file = directory.join("made-for-a-test");
    let mut command = Command::new("ssh-keygen");
    let made =
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "a test", "-f"]).arg(&file).status().unwrap();
    assert!(made.success());
    let key = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    key
}

#[test]
fn the_action_is_sound() {
    let Some(tools) = Tools::find() else { return };
    let folder = root().join(".github/actions/drift");
    let file = folder.join("action.yml");
    tools.schema("github-actions", &file);
    tools.zizmor(&file);
    let mut scripts = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sh") {
            shellcheck("bash", &path);
            scripts.insert(format!(
                "bash \"$GITHUB_ACTION_PATH/{}\"",
                path.file_name().unwrap().to_str().unwrap()
            ));
        }
    }
    let action = tools.yaml(&file);
    let runs: BTreeSet<String> = action["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["run"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(runs, scripts, "every script is a step, and a step is nothing else");
    // The checkers do find fault.
    let bad = tempfile::tempdir().unwrap();
    let bad = bad.path().join("action.yml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&bad, text.replace("using: composite", "using: compost")).unwrap();
    assert!(tools.finds_fault({
        let bad = bad.clone();
        move |tools| tools.schema("github-actions", &bad)
    }));
    fs::write(
        &bad,
        text.replace("run: bash \"$GITHUB_ACTION_PATH/judge.sh\"", "run: echo ${{ inputs.manifest }}"),
    )
    .unwrap();
    assert!(tools.finds_fault(move |tools| tools.zizmor(&bad)));
}

#[test]
fn the_pipelines_of_the_page_are_sound() {
    let Some(tools) = Tools::find() else { return };
    let blocks = blocks(&page());
    let directory = tempfile::tempdir().unwrap();
    let mut names: BTreeSet<&str> = blocks.keys().map(String::as_str).collect();
    let mut file = |name: &str| {
        assert!(names.remove(name), "the page has no {name}");
        let file = directory.path().join(name.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &blocks[name].text).unwrap();
        file
    };
    let action = tools.yaml(&root().join(".github/actions/drift/action.yml"));
    for name in WORKFLOWS {
        let file = file(name);
        tools.schema("github-workflows", &file);
        tools.actionlint(&file);
        tools.zizmor(&file);
        let workflow = tools.yaml(&file);
        for job in workflow["jobs"].as_object().unwrap().values() {
            assert!(job["timeout-minutes"].is_number(), "{name}");
            for step in job["steps"].as_array().unwrap() {
                if let Some(uses) = step["uses"].as_str() {
                    let (what, commit) = uses.split_once('@').unwrap();
                    assert!(
                        commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                        "{uses}"
                    );
                    if what == "crdbctl/crdbctl/.github/actions/drift" {
                        for input in step["with"].as_object().unwrap().keys() {
                            assert!(
                                action["inputs"].get(input).is_some(),
                                "{name}: the action has no input {input}"
                            );
                        }
                    }
                }
            }
            for used in job.to_string().split("steps.drift.outputs.").skip(1) {
                let output: String =
                    used.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
                assert!(
                    action["outputs"].get(&output).is_some(),
                    "{name}: the action has no output {output}"
                );
            }
        }
    }
    let wrong = directory.path().join(".github/workflows/wrong.yml");
    fs::write(&wrong, blocks[WORKFLOWS[0]].text.replace("steps.drift.outputs", "steps.drift.output"))
        .unwrap();
    assert!(tools.finds_fault(move |tools| tools.actionlint(&wrong)), "actionlint finds nothing");
    let gitlab = file(".gitlab-ci.yml");
    tools.schema("gitlab-ci", &gitlab);
    for (job, definition) in tools.yaml(&gitlab).as_object().unwrap() {
        let script = directory.path().join("job.sh");
        fs::write(&script, lines(definition, "script")).unwrap();
        shellcheck("sh", &script);
        assert!(!job.is_empty());
    }
    for unit in UNITS {
        file(&format!("/etc/systemd/system/{unit}"));
    }
    file("/etc/crdbctl/ssh_config");
    let accepted = Fixture::new();
    let observed = accepted.observe_bare_hosts();
    fs::copy(file("cluster.accept.yaml"), accepted.path("cluster.accept.yaml")).unwrap();
    let done = accepted.run(&format!("drift --observed {observed}"));
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stdout.contains("cluster.accept.yaml:2"), "nothing is said of the entry: {}", done.stdout);
    let alerts = tools.yaml(&file("crdbctl-alerts.yml"));
    assert_alerts(&alerts);
    // What is left are commands for people, each a block without a name.
    let left: Vec<&str> = names.into_iter().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(blocks[left[0]].language, "sh");
    let commands = directory.path().join("commands.sh");
    fs::write(&commands, &blocks[left[0]].text).unwrap();
    shellcheck("sh", &commands);
}

/// Asserts that the agent whose process id is in a file ends, if it has not.
fn assert_agent_ends(file: &Path) {
    let agent = fs::read_to_string(file).unwrap();
    assert!(!agent.trim().is_empty());
    let ended = || {
        fs::read_to_string(format!("/proc/{}/comm", agent.trim()))
            .map_or(true, |comm| comm.trim() != "ssh-agent")
    };
    assert!(
        (0..50).any(|_| ended() || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            false
        }),
        "the agent runs on"
    );
}

/// Asserts that rules speak of metrics that there are, in the form that Prometheus reads.
fn assert_alerts(alerts: &Value) {
    let pipeline = Fixture::new();
    let file = pipeline.observe_bare_hosts();
    assert_eq!(pipeline.run(&format!("plan --observed {file} --metrics metrics.prom")).code, 0);
    let metrics = fs::read_to_string(pipeline.path("metrics.prom")).unwrap();
    let rules: Vec<&Value> = alerts["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    assert_eq!(rules.len(), 4);
    for rule in rules {
        assert!(rule["alert"].is_string() && rule["annotations"]["summary"].is_string(), "{rule}");
        let expr = rule["expr"].as_str().unwrap();
        let words = expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named: Vec<&str> = words.filter(|word| word.starts_with("crdbctl_")).collect();
        assert!(!named.is_empty(), "{expr}");
        for name in named {
            assert!(metrics.contains(&format!("# TYPE {name} gauge\n")), "{expr}: there is no {name}");
        }
    }
}

#[test]
fn the_units_of_the_page_are_sound() {
    let Some(_tools) = Tools::find() else { return };
    let blocks = blocks(&page());
    let directory = tempfile::tempdir().unwrap();
    for unit in UNITS {
        let text = &blocks[&format!("/etc/systemd/system/{unit}")].text;
        // A program that is not there is a fault of the machine.
        let text = text.replace("/usr/local/bin/crdbctl", env!("CARGO_BIN_EXE_crdbctl"));
        fs::write(directory.path().join(unit), text).unwrap();
    }
    let analyze = |words: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(words).args(UNITS).current_dir(directory.path());
        command.env("SYSTEMD_UNIT_PATH", format!("{}:", directory.path().display()));
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (sound, said) = analyze(&["verify", "--man=no", "--recursive-errors=no"]);
    assert!(sound && !said.contains("crdbctl-drift"), "{said}");
    let service = directory.path().join(UNITS[0]);
    let text = fs::read_to_string(&service).unwrap();
    fs::write(&service, text.replace("ProtectSystem=strict", "ProtectSytem=strict")).unwrap();
    let (_, said) = analyze(&["verify", "--man=no", "--recursive-errors=no"]);
    assert!(said.contains("ProtectSytem"), "a misspelling is not found: {said}");
    fs::write(&service, text).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=20"]).arg(&service);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_diverges_is_told_in_every_form_and_fails_the_job() {
    let Some(pipeline) = Pipeline::new() else { return };
    let done = pipeline.action().run();
    assert!(!done.success, "{done:?}");
    assert_eq!((done.output("result"), done.output("exit-code")), ("diverged", "2"), "{}", done.log);
    let json: Value = serde_json::from_str(&written(done.output("json"))).unwrap();
    assert_eq!(json["exit_code"], 2);
    assert!(done.summary.contains("### crdbctl drift: `store`"), "{}", done.summary);
    assert_eq!(written(done.output("markdown")), done.summary);
    assert!(written(done.output("junit")).contains("<testsuites name=\"crdbctl drift store\""));
    assert!(written(done.output("html")).starts_with("<!DOCTYPE html>"));
    pipeline.assert_nothing_is_left();
    // Whoever only wants to read of it says so.
    let done = pipeline.action().with("fail-on", "incomplete").run();
    assert!(done.success && done.output("result") == "diverged", "{done:?}");
    assert!(!pipeline.action().with("fail-on", "drifted").run().success, "no word is taken for another");
}

#[test]
fn where_crdbctl_fails_nothing_is_left_to_be_taken_for_a_result() {
    let Some(pipeline) = Pipeline::new() else { return };
    let before = pipeline.action().with("fail-on", "").run();
    assert!(Path::new(before.output("json")).exists());
    let done = pipeline.action().with("manifest", "none.yaml").with("fail-on", "").run();
    assert!(!done.success, "{done:?}");
    assert_eq!((done.output("result"), done.output("exit-code")), ("failed", "1"));
    assert_eq!((done.output("json"), done.output("junit")), ("", ""));
    assert!(!Path::new(before.output("json")).exists() && !Path::new(before.output("junit")).exists());
    assert!(done.summary.contains("crdbctl failed"), "{}", done.summary);
    assert!(done.log.contains("none.yaml"), "{}", done.log);
    pipeline.assert_nothing_is_left();
    for shard in ["1", "1/2/3", "a/b", "/2", "1/", "2/1"] {
        let done = pipeline.action().with("shard", shard).with("fail-on", "").run();
        assert!(!done.success && done.output("json").is_empty(), "{shard}: {done:?}");
    }
}

#[test]
fn shards_are_joined_and_one_that_is_missing_is_incomplete() {
    let Some(pipeline) = Pipeline::new() else { return };
    let shards = pipeline.path("shards");
    fs::create_dir(&shards).unwrap();
    let none = pipeline.action().with("join", "shards").run();
    assert!(!none.success && none.log.contains("every shard is missing"), "{none:?}");
    let look = |shard: &str| -> Finished { pipeline.action().with("shard", shard).with("fail-on", "").run() };
    for (shard, file) in [("1/2", "drift-1-of-2.json"), ("2/2", "drift-2-of-2.json")] {
        let done = look(shard);
        assert!(done.success && done.output("json").ends_with(file), "{done:?}");
        fs::copy(done.output("json"), shards.join(file)).unwrap();
    }
    let done = pipeline.action().with("join", "shards").run();
    assert_eq!((done.success, done.output("result")), (false, "diverged"), "{done:?}");
    let joined: Value = serde_json::from_str(&written(done.output("json"))).unwrap();
    assert_eq!(joined["part"]["joined"], 2);
    fs::remove_file(shards.join("drift-2-of-2.json")).unwrap();
    let done = pipeline.action().with("join", "shards").with("fail-on", "incomplete").run();
    assert_eq!((done.success, done.output("result")), (false, "incomplete"), "{done:?}");
    assert!(done.summary.contains("it is in shard 2/2, which is missing"), "{}", done.summary);
}

#[test]
fn secrets_reach_what_needs_them_and_nothing_else() {
    let Some(pipeline) = Pipeline::new() else { return };
    let key = ssh_key(&pipeline.path(""));
    let secret = key.lines().nth(1).unwrap();
    fs::create_dir(pipeline.path("keys")).unwrap();
    fs::set_permissions(pipeline.path("keys"), fs::Permissions::from_mode(0o755)).unwrap();
    // Beside looking, tells what it was given.
    let real = env!("CARGO_BIN_EXE_crdbctl");
    pipeline.program(
        "crdbctl",
        &format!(
            "case \"$*\" in *show*) exec '{real}' \"$@\";; esac\n\
             {{ echo \"$@\"; tr '\\0' '\\n' </proc/self/environ; tr '\\0' '\\n' </proc/$PPID/cmdline; }} >seen\n\
             ssh-add -l >agent; ssh -G -o VerifyHostKeyDNS=yes -o KnownHostsCommand=/bin/keys store-1 >ssh; cat \"$(dirname \"$SSH_AUTH_SOCK\")/known_hosts\" >known\n\
             echo \"$SSH_AGENT_PID\" >pid; stat -c '%a %n' keys keys/client.root.key >modes; cat keys/client.root.key >client\n\
             for word; do case $word in --sudo-password-fd=*) eval \"head -n 1 <&${{word#*=}}\" >sudo;; esac; done\n\
             find \"$RUNNER_TEMP\" -type f -exec grep -l -e '{secret}' -e 'su do' {{}} + >files\n\
             exec '{real}' \"$1\" \"$2\" drift --format json --observed observed.json"
        ),
    );
    let hosts = "store-1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let windows = key.replace('\n', "\r\n");
    let done = pipeline
        .action()
        .with("ssh-key", windows.trim_end())
        .with("known-hosts", hosts)
        .with("client-key", "the client's key")
        .with("sudo-password", "su do")
        .run();
    assert_eq!(done.output("result"), "diverged", "{}", done.log);
    let read = |name: &str| fs::read_to_string(pipeline.path(name)).unwrap();
    assert!(read("agent").contains("a test (ED25519)"), "{}", read("agent"));
    assert_eq!((read("sudo").as_str(), read("client").as_str()), ("su do\n", "the client's key\n"));
    assert_eq!(read("modes"), "700 keys\n600 keys/client.root.key\n");
    assert_eq!(read("known"), hosts.to_owned() + "\n");
    let ssh = read("ssh");
    assert!(ssh.contains("stricthostkeychecking true") && ssh.contains("/known_hosts\n"), "{ssh}");
    assert!(ssh.contains("verifyhostkeydns false") && !ssh.contains("/bin/keys"), "{ssh}");
    let seen = read("seen") + &done.log + &done.summary;
    for secret in [secret, "su do", "the client's key"] {
        assert!(!seen.contains(secret), "{secret} is in an environment, in arguments or in the log:\n{seen}");
    }
    assert_eq!(read("files"), "", "the ssh key and the password are in no file");
    // Afterwards there is neither.
    pipeline.assert_nothing_is_left();
    assert!(!pipeline.path("keys/client.root.key").exists());
    assert_agent_ends(&pipeline.path("pid"));
    // A key that is there already is nobody's to take away.
    fs::write(pipeline.path("keys/client.root.key"), "mine").unwrap();
    let done = pipeline.action().with("client-key", "another").run();
    assert!(!done.success && done.log.contains("has a client.root.key already"), "{done:?}");
    assert_eq!(read("keys/client.root.key"), "mine");
    let done = pipeline.action().with("ssh-key", "no key").run();
    assert!(!done.success && done.log.contains("the input ssh-key is no private key"), "{done:?}");
    pipeline.assert_nothing_is_left();
}

#[test]
fn a_cancelled_job_leaves_no_key() {
    let Some(pipeline) = Pipeline::new() else { return };
    let key = ssh_key(&pipeline.path(""));
    pipeline.program("crdbctl", "echo $SSH_AGENT_PID >pid; exec sleep 60");
    let action = pipeline.action().with("ssh-key", &key);
    let begun = std::time::Instant::now();
    let pid = pipeline.path("pid");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let deadline = begun + std::time::Duration::from_secs(30);
            while !fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')) {
                assert!(std::time::Instant::now() < deadline, "crdbctl was not started");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            // The shell that started the agent is the one that a cancelled job ends.
            let mut looking = Command::new("pgrep");
            let output = looking.args(["-f", "bash .*/actions/drift/look.sh"]).output().unwrap();
            let temporary = pipeline.path("temporary").display().to_string();
            for pid in String::from_utf8_lossy(&output.stdout).lines() {
                let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                if String::from_utf8_lossy(&environment).contains(&temporary) {
                    Command::new("kill").args(["-TERM", pid]).status().unwrap();
                }
            }
        });
        let done = action.run();
        assert!(!done.success && done.output("result") == "failed", "{done:?}");
    });
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "it waited for crdbctl");
    assert_agent_ends(&pid);
    pipeline.assert_nothing_is_left();
}

#[test]
fn the_job_that_comments_on_a_pull_request_gives_the_plan() {
    let Some(pipeline) = Pipeline::new() else { return };
    let workflow = pipeline.path("plan.yml");
    fs::write(&workflow, &blocks(&page())[WORKFLOWS[2]].text).unwrap();
    fs::create_dir(pipeline.path("temporary")).unwrap();
    pipeline.program("gh", "echo \"$@\" >gh; cp \"$7\" comment.md");
    let steps = pipeline.tools.yaml(&workflow)["jobs"]["plan"]["steps"].clone();
    let runs: Vec<&str> = steps.as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert!(!run.contains("${{"), "{run}");
        let (code, said) = pipeline.shell(&["bash", "-eo", "pipefail"], run, &[("PULL_REQUEST", "7")]);
        assert_eq!(code, 0, "{run}: {said}");
    }
    let comment = fs::read_to_string(pipeline.path("comment.md")).unwrap();
    assert!(comment.starts_with("### crdbctl plan: `store`"), "{comment}");
    let gh = fs::read_to_string(pipeline.path("gh")).unwrap();
    assert!(gh.starts_with("pr comment 7 --edit-last --create-if-none --body-file "), "{gh}");
    // Where there is no plan, an old comment is not replaced by nothing.
    fs::write(pipeline.path("temporary/plan.md"), "").unwrap();
    assert_ne!(pipeline.shell(&["bash", "-eo", "pipefail"], runs[1], &[("PULL_REQUEST", "7")]).0, 0);
}

/// Returns the lines of a GitLab job's script.
fn lines(job: &Value, script: &str) -> String {
    let lines = job[script].as_array().into_iter().flatten();
    lines.map(|line| line.as_str().unwrap().to_owned() + "\n").collect()
}

#[test]
fn the_jobs_for_gitlab_look_at_shards_and_join_them() {
    let Some(pipeline) = Pipeline::new() else { return };
    let file = pipeline.path("gitlab.yml");
    fs::write(&file, &blocks(&page())[".gitlab-ci.yml"].text).unwrap();
    let jobs = pipeline.tools.yaml(&file);
    fs::create_dir(pipeline.path("keys")).unwrap();
    fs::write(pipeline.path("ssh.key"), ssh_key(&pipeline.path(""))).unwrap();
    fs::write(pipeline.path("client.key"), "key").unwrap();
    let [key, client] = ["ssh.key", "client.key"].map(|name| pipeline.path(name).display().to_string());
    let (look, join) = (&jobs["drift"], &jobs["drift of the fleet"]);
    let total = look["parallel"].as_u64().unwrap().to_string();
    // GitLab's shells stop at the first line that fails (docs, shells of the runner).
    let sh = ["sh", "-e"];
    for index in 1..=4 {
        let index = index.to_string();
        let environment = [
            ("CI_NODE_INDEX", index.as_str()),
            ("CI_NODE_TOTAL", &total),
            ("CRDBCTL_SSH_KEY", &key),
            ("CRDBCTL_CLIENT_KEY", &client),
        ];
        let (code, said) = pipeline.shell(&sh, &lines(look, "script"), &environment);
        assert_eq!(code, 0, "{said}");
        assert_eq!(pipeline.shell(&sh, &lines(look, "after_script"), &environment).0, 0);
        assert!(!pipeline.path("keys/client.root.key").exists());
    }
    let (code, said) = pipeline.shell(&sh, &lines(join, "script"), &[]);
    assert_eq!(code, 2, "{said}");
    assert_eq!(join["allow_failure"]["exit_codes"], serde_json::json!([2]));
    let junit = join["artifacts"]["reports"]["junit"].as_str().unwrap();
    assert!(fs::read_to_string(pipeline.path(junit)).unwrap().contains("<testsuites"));
    fs::remove_file(pipeline.path("shard-3.json")).unwrap();
    assert_eq!(pipeline.shell(&sh, &lines(join, "script"), &[]).0, 5, "what is missing is no warning");
    // A crdbctl that could not look fails the job of its shard.
    pipeline.program("crdbctl", "exit 1");
    let environment = [
        ("CI_NODE_INDEX", "1"),
        ("CI_NODE_TOTAL", "4"),
        ("CRDBCTL_SSH_KEY", &key),
        ("CRDBCTL_CLIENT_KEY", &client),
    ];
    assert_eq!(pipeline.shell(&sh, &lines(look, "script"), &environment).0, 1);
}
