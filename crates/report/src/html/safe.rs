use crate::Role;
use crate::line::Line;

/// Returns text with what HTML minds replaced, in content as in quoted attributes.
pub(super) fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            other => into.push(other),
        }
    }
}

/// Returns lines as HTML, each in a `span` that the style makes a line, their pieces in the classes of their roles.
///
/// Made here and not by the template, because a large plan has hundreds of thousands of pieces.
pub(super) fn lines_html(lines: &[Line]) -> String {
    let mut html = String::new();
    for line in lines {
        let kind = line.spans.iter().find(|(_, piece)| !piece.trim().is_empty()).map(|(role, _)| *role);
        html.push_str(match kind {
            Some(Role::Before | Role::BeforeWord) => "<span class=\"l del\">",
            Some(Role::After | Role::AfterWord) => "<span class=\"l add\">",
            _ => "<span class=\"l\">",
        });
        for (role, piece) in &line.spans {
            match class(*role) {
                "" => escape(piece, &mut html),
                class => {
                    html.push_str("<span class=\"");
                    html.push_str(class);
                    html.push_str("\">");
                    escape(piece, &mut html);
                    html.push_str("</span>");
                }
            }
        }
        html.push_str("</span>");
    }
    html
}

/// The class of a role in the style sheet; roles without a style of their own have none.
const fn class(role: Role) -> &'static str {
    match role {
        Role::Create | Role::After => "create",
        Role::Update => "update",
        Role::Replace => "replace",
        Role::Delete | Role::Failure | Role::Before => "delete",
        Role::BeforeWord => "gone",
        Role::AfterWord => "come",
        Role::Restart => "restart",
        Role::Reload => "reload",
        Role::Unknown => "unknown",
        Role::Muted => "muted",
        Role::Plain | Role::Title | Role::Address | Role::Hint | Role::Success => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        let line = Line::of(Role::After, "<script>&\"'").with(Role::AfterWord, "</span>");
        assert_eq!(
            lines_html(&[line]),
            "<span class=\"l add\"><span class=\"create\">&lt;script&gt;&amp;&quot;&#39;</span>\
             <span class=\"come\">&lt;/span&gt;</span></span>"
        );
    }
}
