use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::{Diagnostic, Source, Span};

/// Beyond this many, only their number is told.
const MOST: usize = 200;

/// Lines that are longer are not shown: their place is named instead.
const LONGEST_LINE: usize = 2000;

/// Returns the diagnostics as text; see [`crate::Diagnostics::render`].
pub(super) fn render(source: &Source, list: &[Diagnostic], color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width.max(40));
    let mut out = String::new();
    for diagnostic in list.iter().take(MOST) {
        out.push_str(&renderer.render(&[group(source, diagnostic)]));
        out.push_str("\n\n");
    }
    let all = list.len();
    let unit = if all == 1 { "error" } else { "errors" };
    out.push_str(&format!("{all} {unit} in {}", source.name()));
    if all > MOST {
        out.push_str(&format!(", the first {MOST} shown"));
    }
    out.push('\n');
    out
}

fn group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let title = Level::ERROR.primary_title(&diagnostic.message);
    let group = match diagnostic.span {
        None => title.element(Origin::path(source.name())),
        Some(span) => title.element(place(source, diagnostic, span)),
    };
    group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help)))
}

/// Returns the lines of all places of the diagnostic, marked; or the bare position where they are too long.
fn place<'a>(source: &'a Source, diagnostic: &'a Diagnostic, span: Span) -> Element<'a> {
    let spans = || std::iter::once(span).chain(diagnostic.related.iter().map(|(span, _)| *span));
    let lines = spans().map(|span| source.position(span).line);
    let (first, last) = lines.fold((usize::MAX, 0), |(low, high), line| (low.min(line), high.max(line)));
    let is_long = spans().any(|span| source.line(source.position(span).line).len() > LONGEST_LINE);
    if is_long {
        let at = source.position(span);
        return Origin::path(source.name()).line(at.line).char_column(at.column).into();
    }
    let start = source.line_start(first);
    let end = source.line_start(last) + source.line(last).len();
    let mark = |kind: AnnotationKind, span: Span, label: &'a str| -> Annotation<'a> {
        let span = source.first_line_of(span);
        let annotation = kind.span(span.start - start..span.end.max(span.start) - start);
        if label.is_empty() { annotation } else { annotation.label(label) }
    };
    let related = diagnostic.related.iter().map(|(span, label)| mark(AnnotationKind::Context, *span, label));
    Snippet::source(&source.text()[start..end])
        .line_start(first)
        .path(source.name())
        .annotation(mark(AnnotationKind::Primary, span, &diagnostic.label))
        .annotations(related)
        .into()
}
