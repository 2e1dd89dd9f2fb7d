//! What people read, over the corpus.

use unicode_width::UnicodeWidthStr;

use crate::corpus::corpus;
use crate::{RenderOptions, render_json, render_plan};

const WIDTHS: [usize; 2] = [80, 200];

fn strip_styles(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('m').unwrap() + 1..];
    }
    plain + rest
}

#[test]
fn plans_read_as_they_should() {
    for (name, plan) in corpus() {
        for width in WIDTHS {
            let text = render_plan(&plan, &RenderOptions::plain(width));
            insta::assert_snapshot!(format!("{name}@{width}"), text);
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, plan) in corpus() {
        for width in WIDTHS {
            let color = render_plan(&plan, &RenderOptions { color: true, ..RenderOptions::plain(width) });
            assert!(color.contains('\x1b'), "{name}");
            assert_eq!(
                strip_styles(&color),
                render_plan(&plan, &RenderOptions::plain(width)),
                "{name}@{width}"
            );
        }
    }
}

#[test]
fn colours_mean_what_they_say() {
    for name in ["contract", "drift"] {
        let text = render_plan(&corpus()[name], &RenderOptions { color: true, ..RenderOptions::plain(80) });
        insta::assert_snapshot!(format!("{name}@80-colour"), text.replace('\x1b', "␛"));
    }
}

/// Whether a line holds a single word or command, which is never broken.
fn is_whole(line: &str) -> bool {
    let text = line.trim_start().trim_start_matches("Note: ").trim_start_matches("hint: ");
    !text.contains(' ') || text.starts_with('`') || text.starts_with("crdbctl ")
}

#[test]
fn no_line_is_wider_than_the_terminal_and_none_ends_in_space() {
    for (name, plan) in corpus() {
        for width in [40, 80, 100, 200] {
            for line in render_plan(&plan, &RenderOptions::plain(width)).lines() {
                assert!(line.width() <= width || is_whole(line), "{name}@{width}: {line}");
                assert_eq!(line.trim_end_matches(' '), line, "{name}@{width}");
            }
        }
    }
}

#[test]
fn nothing_from_outside_reaches_the_terminal_unclean() {
    let text = render_plan(&corpus()["hostile"], &RenderOptions::plain(80));
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!text.lines().any(|line| line.starts_with("# No changes") || line.starts_with("No changes")));
}

#[test]
fn what_goes_for_good_is_seen_without_colour() {
    let of = |name: &str| render_plan(&corpus()[name], &RenderOptions::plain(80));
    assert!(of("leaving").contains("store-4/unit.cockroach will be DELETED "), "{}", of("leaving"));
    let dropped = of("dropped");
    assert!(dropped.contains("firewall.ufw@CockroachDB will be DELETED on 3 nodes\n"), "{dropped}");
    // What is set aside is not gone.
    assert!(dropped.contains("store-2/file.ufw-profile will be deleted "), "{dropped}");
    assert!(of("drift").contains("drop-in") && !of("drift").contains("DELETED"), "{}", of("drift"));
    for (name, plan) in corpus() {
        let of_change = |change: &crdbctl_model::Change| usize::from(crate::word::goes_for_good(change));
        let gone: usize = plan.changes.iter().map(of_change).sum();
        assert_eq!(of(name).contains("DELETED"), gone > 0, "{name}");
    }
}

#[test]
fn nothing_is_reloaded_on_a_node_that_restarts() {
    let mut plan = corpus()["contract"].clone();
    let text = |plan: &crdbctl_model::Plan| render_plan(plan, &RenderOptions::plain(120));
    assert!(text(&plan).contains("# reloads certificates, no restart"), "{}", text(&plan));
    let unit = plan
        .changes
        .iter()
        .find(|change| change.addr.kind == crdbctl_model::ResourceKind::Unit)
        .unwrap()
        .clone();
    let addr = "store-3/unit.cockroach".parse().unwrap();
    plan.changes.push(crdbctl_model::Change { addr, impact: crdbctl_model::Impact::Restart, ..unit });
    let text = text(&plan);
    assert!(
        !text.contains("reloads certificates") && text.contains("# read when cockroach restarts"),
        "{text}"
    );
    assert!(!crate::render_junit(&plan).contains("reloads certificates"));
}

#[test]
fn every_address_of_a_plan_can_be_found_in_its_text() {
    for (name, plan) in corpus() {
        let text = render_plan(&plan, &RenderOptions::plain(200));
        for change in &plan.changes {
            let whole = text.contains(&change.addr.to_string());
            let parts = text.contains(&change.addr.local())
                && change.addr.node().is_some_and(|node| text.contains(node.as_str()));
            assert!(whole || parts, "{name}: {}", change.addr);
        }
    }
}

#[test]
fn what_was_agreed_to_is_not_asked_for_again() {
    let last = |skip_unknown| {
        let options = RenderOptions { skip_unknown, ..RenderOptions::plain(200) };
        render_plan(&corpus()["unknown"], &options).lines().last().unwrap().to_owned()
    };
    let what = "Incomplete: nothing is planned for store-2, store-3, store-1/unit.cockroach";
    assert_eq!(last(false), format!("{what}. Without --skip-unknown, nothing is applied."));
    assert_eq!(last(true), format!("{what}: left alone, as --skip-unknown says."));
}

#[test]
fn a_fresh_cluster_fits_a_screen() {
    let text = render_plan(&corpus()["fresh"], &RenderOptions::plain(120));
    assert!(text.lines().count() <= 32, "{}", text.lines().count());
}

#[test]
fn the_json_form_reads_back_and_agrees_with_the_numbers() {
    for (name, plan) in corpus() {
        let json: serde_json::Value = serde_json::from_str(&render_json(&plan)).unwrap();
        assert_eq!(json["format_version"], 1, "{name}");
        assert_eq!(serde_json::from_value::<crdbctl_model::Plan>(json.clone()).unwrap(), plan, "{name}");
        let expected = if !plan.is_complete() {
            5
        } else if plan.is_empty() {
            0
        } else {
            2
        };
        assert_eq!(json["exit_code"], expected, "{name}");
        assert_eq!(json["applyable"], expected == 2, "{name}");
        let counts = plan.counts();
        assert_eq!(json["summary"]["create"], counts.create);
        let total = counts.create + counts.update + counts.replace + counts.delete;
        assert_eq!(total, plan.changes.len(), "{name}");
    }
}
