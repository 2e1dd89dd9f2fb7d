use std::process::Stdio;
use std::time::Duration;

use crdbctl_model::{Event, NodeName};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedSender;

use crate::applier::Applier;
use crate::gate::left;

/// How long a hook that was told to end may take over it.
const GRACE: Duration = Duration::from_secs(5);

/// The same when the whole program is told to stop at once.
const LAST_GRACE: Duration = Duration::from_millis(200);

/// How long the last of a hook's output may take after its end.
const OUTPUT: Duration = Duration::from_secs(1);

/// Which command of the manifest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// `hooks.before_node`.
    BeforeNode,
    /// `hooks.after_node`.
    AfterNode,
}

/// What a hook may know.
#[derive(Clone, Debug)]
pub(crate) struct Occasion {
    pub(crate) cluster: String,
    pub(crate) node: NodeName,
    /// The changes and their causes: `unit.cockroach: manifest changed`.
    pub(crate) reason: String,
    /// `restart` or `reload`.
    pub(crate) impact: &'static str,
    /// Whether the node came back well; only known afterwards.
    pub(crate) result: Option<bool>,
}

/// How a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookEnd {
    /// With status 0.
    Ok,
    /// Because somebody wanted the run to end.
    Interrupted,
    /// Another way, in words that follow the hook's name.
    Failed(String),
}

impl Hook {
    const fn name(self) -> &'static str {
        match self {
            Self::BeforeNode => "before_node",
            Self::AfterNode => "after_node",
        }
    }
}

impl Applier {
    /// Runs a hook with `sh -c` beside the manifest; what it prints is told line by line.
    ///
    /// `before_node` ends with the run. `after_node` is there to take back what the other did, so it is let finish.
    pub(crate) async fn hook(&self, hook: Hook, command: &str, occasion: &Occasion) -> HookEnd {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(&self.directory)
            .env("CRDBCTL_CLUSTER", &occasion.cluster)
            .env("CRDBCTL_NODE", occasion.node.as_str())
            .env("CRDBCTL_REASON", &occasion.reason)
            .env("CRDBCTL_IMPACT", occasion.impact)
            .env_remove("CRDBCTL_RESULT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C on the terminal reaches it by way of this program alone.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(is_well) = occasion.result {
            shell.env("CRDBCTL_RESULT", if is_well { "ok" } else { "failed" });
        }
        let mut child = match shell.spawn() {
            Ok(child) => child,
            Err(error) => return HookEnd::Failed(format!("cannot run `{command}`: {error}")),
        };
        let group = Group::of(&child);
        let limit = Duration::from_secs(self.graph.hooks.timeout);
        let said = [
            child
                .stdout
                .take()
                .map(|out| tokio::spawn(pass_on(self.events.clone(), hook, occasion.node.clone(), out))),
            child
                .stderr
                .take()
                .map(|err| tokio::spawn(pass_on(self.events.clone(), hook, occasion.node.clone(), err))),
        ];
        let mut stop = self.stop.clone();
        let interrupted = async {
            let wanted = hook == Hook::BeforeNode && stop.wait_for(|stop| *stop).await.is_ok();
            if !wanted {
                std::future::pending::<()>().await;
            }
        };
        let (end, is_over) = tokio::select! {
            status = child.wait() => match status {
                Ok(status) if status.success() => (HookEnd::Ok, true),
                Ok(status) => (HookEnd::Failed(format!("(`{command}`) ended with {status}")), true),
                Err(error) => (HookEnd::Failed(format!("(`{command}`): {error}")), false),
            },
            () = tokio::time::sleep(limit) => {
                let words = format!("(`{command}`) was ended after hooks.timeout ({})", left(limit));
                (HookEnd::Failed(words), false)
            }
            () = interrupted => (HookEnd::Interrupted, false),
        };
        if !is_over {
            finish(&mut child).await;
        }
        group.leave();
        // What it left running in the background may hold its output open: that is not waited for.
        for mut said in said.into_iter().flatten() {
            if tokio::time::timeout(OUTPUT, &mut said).await.is_err() {
                said.abort();
            }
        }
        end
    }
}

/// Tells what a hook prints, line by line.
async fn pass_on(events: UnboundedSender<Event>, hook: Hook, node: NodeName, from: impl AsyncRead + Unpin) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.read_until(b'\n', &mut line).await {
            // A pipe that cannot be read has nothing more to tell; the status says how the hook ended.
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        // Nobody listening is no reason to stop.
        let _ = events.send(Event::Hook { node: node.clone(), hook: hook.name().to_owned(), line });
    }
}

/// The processes of a hook. They are ended when nobody waits for the hook any more: being a group of their own, they would
/// outlive this program.
struct Group(Option<rustix::process::Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(group(child))
    }

    /// Leaves alone what the hook left running on purpose.
    fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(group) = self.0 else { return };
        // A group that is gone already needs no end.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        std::thread::sleep(LAST_GRACE);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

fn group(child: &Child) -> Option<rustix::process::Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
}

/// Ends a hook with everything that it started.
async fn finish(child: &mut Child) {
    let Some(group) = group(child) else { return };
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::KILL] {
        // A group that is gone already needs no end.
        let _ = rustix::process::kill_process_group(group, signal);
        if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;
