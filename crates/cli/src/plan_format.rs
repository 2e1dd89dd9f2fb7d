use clap::ValueEnum;
use crdbctl_model::{Plan, ResourceGraph};
use crdbctl_report::{
    HtmlOptions, View, render_drift, render_drift_junit, render_drift_markdown, render_html, render_json,
    render_junit, render_markdown, render_plan,
};

use crate::Ui;

/// A form of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people at a terminal
    #[default]
    Human,
    /// For programs: one JSON document, described by specs/plan.v1.schema.json
    Json,
    /// For a comment on a pull request; less than 60,000 characters
    Markdown,
    /// For a browser: one file that needs no other
    Html,
    /// For a CI system: a test case for each resource, drift as failures
    Junit,
}

impl PlanFormat {
    /// Returns a plan in this form; with the graph that it was made from, a page draws what changes rest on. `words` say what it rests on, such as how many nodes were read.
    pub(crate) fn render(
        self,
        plan: &Plan,
        graph: Option<&ResourceGraph>,
        view: View,
        command: &str,
        words: &str,
        ui: &Ui,
    ) -> String {
        match self {
            Self::Human => {
                let text = match view {
                    View::Plan => render_plan(plan, &ui.stdout),
                    View::Drift => render_drift(plan, &ui.stdout),
                };
                let header = if ui.quiet { String::new() } else { ui.header(command, &plan.cluster, words) };
                header + &text
            }
            Self::Json => render_json(plan),
            Self::Markdown => match view {
                View::Plan => render_markdown(plan),
                View::Drift => render_drift_markdown(plan),
            },
            Self::Html => render_html(plan, &HtmlOptions { subtitle: words, graph, view }),
            Self::Junit => match view {
                View::Plan => render_junit(plan),
                View::Drift => render_drift_junit(plan),
            },
        }
    }
}
