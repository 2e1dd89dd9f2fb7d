use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::{SystemdContext, systemd_quote};

/// The unit that crdbctl writes when the manifest has no `service.template`: a start for one's own.
pub const BUILT_IN_TEMPLATE: &str = include_str!("cockroach.service.j2");

/// How many instructions a template may take: far more than any unit needs.
const FUEL: u64 = 200_000;

/// Returns the text of a template with `variables` put in, or a sentence about what is wrong with it.
pub(super) fn render(template: &str, variables: &Value) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax =
        SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment.set_fuel(Some(FUEL));
    environment.add_filter("exec", |word: &str| systemd_quote(word, SystemdContext::Exec));
    environment.add_filter("word", |word: &str| systemd_quote(word, SystemdContext::Word));
    environment.render_str(template, variables).map_err(|error| {
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
        format!("{}{detail}{line}", error.kind())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn is_strict_and_limited() {
        let variables = context! { root => "/opt/x", hostile => "a\" %n $HOME" };
        assert_eq!(render("{{ root }}\n", &variables).unwrap(), "/opt/x\n");
        assert_eq!(render("{{ hostile | exec }}", &variables).unwrap(), "\"a\\\" %%n $$HOME\"");
        assert_eq!(render("{{ hostile | word }}", &variables).unwrap(), "\"a\\\" %%n $HOME\"");
        for (template, says) in [
            ("{{ rot }}", "undefined"),
            ("{% if %}", "line 1"),
            ("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}", "fuel"),
            ("{% include 'other' %}", "other"),
        ] {
            let error = render(template, &variables).unwrap_err();
            assert!(error.contains(says), "{template}: {error}");
        }
    }
}
