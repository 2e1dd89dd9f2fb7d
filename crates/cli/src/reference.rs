//! The reference of the command line, `docs/cli.md`, made from the definitions.

use clap::{Command, CommandFactory};

use crate::args::Cli;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");

fn reference() -> String {
    let root = Cli::command().term_width(100).color(clap::ColorChoice::Never);
    let mut text = String::from(
        "# Command line\n\nThis file is made from the program's own help; a test compares them. After a change of \
         the help, write it again with\n\n```\nUPDATE_REFERENCE=1 cargo nextest run -p crdbctl reference\n```\n\n\
         Every command takes the global options too.\n",
    );
    section(&mut text, root.clone(), "crdbctl");
    // Taken out of the tree before it is built, commands do not repeat the global options.
    for command in root.get_subcommands() {
        let name = format!("crdbctl {}", command.get_name());
        section(&mut text, command.clone().term_width(100).color(clap::ColorChoice::Never), &name);
        for part in command.get_subcommands() {
            let name = format!("{name} {}", part.get_name());
            section(&mut text, part.clone().term_width(100).color(clap::ColorChoice::Never), &name);
        }
    }
    text
}

fn section(text: &mut String, command: Command, name: &str) {
    let help = command.bin_name(name).render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
}

#[test]
fn the_reference_is_up_to_date() {
    let made = reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(PATH, &made).unwrap();
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        written == made,
        "docs/cli.md is out of date: run UPDATE_REFERENCE=1 cargo nextest run -p crdbctl reference"
    );
}
