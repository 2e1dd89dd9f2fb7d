use crdbctl_model::{Plan, ResourceAddr, ResourceGraph, Verdict};
use crdbctl_report::{nearest, render_explanation};

use crate::{CliError, ExitCode, Ui};

/// Returns the address that a word is.
///
/// # Errors
/// When it is none; the hints name addresses of the graph that it is like.
pub(crate) fn address(word: &str, graph: &ResourceGraph) -> Result<ResourceAddr, CliError> {
    word.parse().map_err(|error| suggest(CliError::new(ExitCode::Usage, error), graph.resources.keys(), word))
}

/// Prints why a resource is in a plan, or is not, and returns how that ends: as a plan of this resource alone.
///
/// # Errors
/// When there is no such resource; the hints name some that it is like.
pub(crate) fn explain(
    addr: &ResourceAddr,
    plan: &Plan,
    graph: &ResourceGraph,
    detailed: bool,
    ui: &Ui,
) -> Result<ExitCode, CliError> {
    let Some(text) = render_explanation(plan, graph, addr, &ui.stdout) else {
        let error =
            CliError::new(ExitCode::Usage, format!("{addr} is no resource of the cluster {}", plan.cluster));
        return Err(suggest(error, graph.resources.keys().chain(plan.compared.keys()), &addr.to_string()));
    };
    ui.result(&text)?;
    let is_unread = plan.unknown.iter().any(|unknown| match &unknown.addr {
        Some(of) => of == addr,
        None => unknown.node.as_ref() == addr.node() && !plan.compared.contains_key(addr),
    });
    Ok(match plan.compared.get(addr) {
        _ if is_unread => ExitCode::Unknown,
        Some(Verdict::Unknown) => ExitCode::Unknown,
        Some(Verdict::Differs | Verdict::Carried) if detailed => ExitCode::Changes,
        _ => ExitCode::Done,
    })
}

/// Returns an error with those of the known addresses that a word is like.
pub(crate) fn suggest<'a>(
    error: CliError,
    known: impl IntoIterator<Item = &'a ResourceAddr>,
    word: &str,
) -> CliError {
    let near: Vec<String> = nearest(known, word).iter().map(ToString::to_string).collect();
    match near.split_last() {
        None => error.hint("`crdbctl graph --format json` lists every address"),
        Some((only, [])) => error.hint(format!("did you mean {only}?")),
        Some((last, others)) => error.hint(format!("did you mean {} or {last}?", others.join(", "))),
    }
}
