use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use crate::diagnostic::{is_foreign_space, quoted};
use crate::source::Document;
use crate::{Diagnostic, Source, Span};

use super::alias::Anchors;
use super::budget::Budget;
use super::environment::Environment;
use super::merge::merge;
use super::node::{Entry, Key, Kind, Node, Scalar, Style};
use super::precheck;

/// What loading a text gave.
pub(crate) struct Loaded {
    /// The root, unless the text could not be read to its end.
    pub(crate) root: Option<Node>,
    /// What is wrong with it as YAML.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The variables that were put in, with what they stood for; `None` for unset ones with a default.
    pub(crate) variables: BTreeMap<String, Option<String>>,
}

/// Returns the tree of a YAML text. Reading stops at the first error of syntax or of a budget; duplicate
/// keys, unset variables and the like are collected.
pub(crate) fn load(source: &Source, environment: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let mut loader = Loader {
        source,
        cursor: Cursor::default(),
        frames: Vec::new(),
        anchors: Anchors::default(),
        budget: Budget::new(),
        environment: Environment::new(environment),
        diagnostics: Vec::new(),
        has_faulty_key: false,
        root: None,
    };
    if let Err(diagnostic) = loader.run() {
        loader.diagnostics.push(diagnostic);
        loader.root = None;
    }
    // It would be reported again, as an unknown key.
    if loader.has_faulty_key {
        loader.root = None;
    }
    Loaded { root: loader.root, diagnostics: loader.diagnostics, variables: loader.environment.used }
}

/// A collection that is not complete yet.
enum Frame {
    Sequence {
        start: usize,
        anchor: usize,
        items: Vec<Node>,
    },
    Mapping {
        start: usize,
        anchor: usize,
        entries: Vec<Entry>,
        key: Option<Key>,
        seen: BTreeMap<String, Span>,
    },
}

struct Loader<'a> {
    source: &'a Source,
    cursor: Cursor,
    frames: Vec<Frame>,
    anchors: Anchors,
    budget: Budget,
    environment: Environment<'a>,
    diagnostics: Vec<Diagnostic>,
    has_faulty_key: bool,
    root: Option<Node>,
}

impl Loader<'_> {
    fn run(&mut self) -> Result<(), Diagnostic> {
        let source = self.source;
        precheck::check(source.text())?;
        let mut parser = Parser::new_from_str(source.text());
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, place) = event.map_err(|error| self.syntax_error(&error))?;
            let start = self.cursor.offset(source, &place.start);
            let span = Span::new(start, self.cursor.offset(source, &place.end).max(start));
            if let Event::DocumentStart(_) = event {
                documents += 1;
                if documents > 1 {
                    return Err(Diagnostic::new(span, "a second document begins here")
                        .help("a manifest is one document: give each cluster a file of its own"));
                }
            }
            self.event(event, span)?;
        }
        if self.root.as_ref().is_none_or(Node::is_null) {
            let document = self.source.document();
            return Err(Diagnostic::general(format!("{} is empty", document.the())).help(match document {
                Document::Manifest => {
                    "begin it with `apiVersion: crdbctl/v1` and `kind: Cluster`, or let `crdbctl init` write one"
                }
                Document::Accept => "write `accept: []`, or remove the file",
            }));
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag, span);
                let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
                let foreign_space = self.foreign_space(style, span);
                let is_faulty = foreign_space.is_some();
                self.diagnostics.extend(foreign_space);
                if let Some(Frame::Mapping { key: key @ None, .. }) = self.frames.last_mut() {
                    self.has_faulty_key |= is_faulty;
                    self.budget.charge((1, text.len()), span)?;
                    *key = Some(Key { name: text.into_owned(), style, span });
                    return Ok(());
                }
                if is_faulty {
                    return self.attach(Node { span, kind: Kind::Faulty });
                }
                let node = self.scalar(&text, style, span);
                self.budget.charge(node.weight(), span)?;
                self.anchors.keep(anchor, &node, &mut self.budget)?;
                self.attach(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag, span);
                self.open(Frame::Sequence { start: span.start, anchor, items: Vec::new() }, span)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag, span);
                let (entries, key, seen) = (Vec::new(), None, BTreeMap::new());
                self.open(Frame::Mapping { start: span.start, anchor, entries, key, seen }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            Event::Alias(anchor) => {
                let node = self.anchors.resolve(anchor, span, self.frames.len(), &mut self.budget)?;
                self.attach(node)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame, span: Span) -> Result<(), Diagnostic> {
        if let Some(Frame::Mapping { key: None, .. }) = self.frames.last() {
            return Err(Self::bad_key(span));
        }
        self.budget.charge((1, 0), span)?;
        self.frames.push(frame);
        Budget::check_depth(self.frames.len(), span)
    }

    fn close(&mut self, end: usize) -> Result<(), Diagnostic> {
        let (node, anchor) = match self.frames.pop() {
            Some(Frame::Sequence { start, anchor, items }) => {
                (Node { span: Span::new(start, end), kind: Kind::Sequence(items) }, anchor)
            }
            Some(Frame::Mapping { start, anchor, entries, .. }) => {
                let entries = merge(entries, &mut self.diagnostics);
                (Node { span: Span::new(start, end), kind: Kind::Mapping(entries) }, anchor)
            }
            // The parser pairs starts and ends.
            None => return Ok(()),
        };
        self.anchors.keep(anchor, &node, &mut self.budget)?;
        self.attach(node)
    }

    /// Puts a complete node where it belongs.
    fn attach(&mut self, node: Node) -> Result<(), Diagnostic> {
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, seen, .. }) => {
                let Some(key) = key.take() else { return Err(Self::bad_key(node.span)) };
                if let Some(first) = seen.insert(key.name.clone(), key.span) {
                    let line = self.source.position(first).line;
                    let message = format!("the key {} is here a second time", quoted(&key.name));
                    self.diagnostics.push(
                        Diagnostic::new(key.span, message)
                            .label("again here")
                            .related(first, "first here")
                            .help(format!("keep one of them; the first is on line {line}")),
                    );
                } else {
                    entries.push(Entry { key, value: node });
                }
            }
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: Style, span: Span) -> Node {
        let raw = self.source.text().get(span.start..span.end).unwrap_or_default();
        let scalar = |text: String, substituted| Kind::Scalar(Scalar { text, style, substituted });
        let kind = match self.environment.expand(text, raw, span) {
            Ok(None) => scalar(text.to_owned(), false),
            Ok(Some(expanded)) => scalar(expanded, true),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                Kind::Faulty
            }
        };
        Node { span, kind }
    }

    /// Returns what is wrong with a word that holds a space which YAML takes for a letter.
    fn foreign_space(&self, style: Style, span: Span) -> Option<Diagnostic> {
        if style == Style::Quoted {
            return None;
        }
        let raw = self.source.text().get(span.start..span.end)?;
        let (at, c) = raw.char_indices().find(|(_, c)| is_foreign_space(*c))?;
        Some(precheck::foreign_space(span.start + at, c))
    }

    fn refuse_tag(&mut self, tag: Option<Cow<'_, Tag>>, span: Span) {
        if let Some(tag) = tag {
            let handle = if tag.is_yaml_core_schema() { "!!" } else { tag.handle.as_str() };
            let message =
                format!("the tag {} is not used in manifests", quoted(&format!("{handle}{}", tag.suffix)));
            self.diagnostics
                .push(Diagnostic::new(span, message).help("leave it out; for a text, use quotes"));
        }
    }

    fn bad_key(span: Span) -> Diagnostic {
        Diagnostic::new(span, "a key that is not a plain word").help(
            "keys are words, as in `name: value`; in `{…}` and `[…]`, put values with braces into quotes",
        )
    }

    fn syntax_error(&mut self, error: &ScanError) -> Diagnostic {
        let at = self.cursor.offset(self.source, error.marker());
        // The scanner's own limit on flow collections lies beyond the budget's.
        if error.info().contains("recursion limit") {
            return Budget::too_deep(Span::new(at, at + 1));
        }
        let line = self.source.position(Span::new(at, at)).line;
        // The scanner often stumbles only on the line after the character that misled it.
        let scanned = self.source.text().get(..self.source.line_start(line + 1)).unwrap_or_default();
        if let Some((at, c)) = precheck::first_foreign_space(scanned) {
            return precheck::foreign_space(at, c);
        }
        for line in [line, line + 1] {
            let text = self.source.line(line);
            let indent = &text[..text.len() - text.trim_start().len()];
            if let Some(tab) = indent.find('\t') {
                let start = self.source.line_start(line) + tab;
                return Diagnostic::new(Span::new(start, start + 1), "a tab in the indentation")
                    .help("YAML is indented with spaces");
            }
        }
        let text = self.source.line(line);
        let diagnostic =
            Diagnostic::new(Span::new(at, at + 1), format!("this is not YAML: {}", error.info()));
        // Not what the parser has open: it looks for the end of `{…}` before it reports that one begins.
        let before = self.source.text().get(..self.source.line_start(line)).unwrap_or_default();
        if let Some((start, bracket)) = precheck::open_bracket(before) {
            let close = if bracket == '{' { '}' } else { ']' };
            return diagnostic
                .related(Span::new(start, start + 1), "opened here and not closed")
                .help(format!("close the `{bracket}` with `{close}`"));
        }
        if text.contains("${") {
            return diagnostic.help("in `{…}` and `[…]`, put values with `${NAME}` between quotes");
        }
        diagnostic
            .help("look at the indentation, colons, quotes and brackets on this line and the one before")
    }
}

/// Turns the parser's places, lines with columns in characters, into offsets. Its own offsets are not
/// used: behind comments with characters beyond ASCII they go astray.
#[derive(Debug, Default)]
struct Cursor {
    line: usize,
    column: usize,
    offset: usize,
}

impl Cursor {
    fn offset(&mut self, source: &Source, marker: &Marker) -> usize {
        let (line, column) = (marker.line(), marker.col());
        // Going on from the last place keeps long lines linear.
        if line != self.line || column < self.column {
            *self = Self { line, column: 0, offset: source.line_start(line) };
        }
        let rest = source.text().get(self.offset..).unwrap_or_default();
        let step = rest.char_indices().nth(column - self.column).map_or(rest.len(), |(at, _)| at);
        self.offset += step;
        self.column = column;
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// Returns the tree in a short form, with the place of each scalar in the text checked on the way.
    fn show(text: &str) -> String {
        let source = Source::new("x", text);
        let loaded = load(&source, &|_| None);
        let mut out = String::new();
        if let Some(root) = &loaded.root {
            write(root, text, &mut out);
        }
        for diagnostic in &loaded.diagnostics {
            let _ = write!(out, " !{}", diagnostic.message);
        }
        out
    }

    fn write(node: &Node, source: &str, out: &mut String) {
        match &node.kind {
            Kind::Scalar(scalar) => {
                let raw = &source[node.span.start..node.span.end];
                assert!(raw.contains(&scalar.text) || raw.contains('\\'), "{raw:?} is not {:?}", scalar.text);
                let quote = if scalar.style == Style::Plain { "" } else { "'" };
                let _ = write!(out, "{quote}{}{quote}", scalar.text);
            }
            Kind::Faulty => out.push('!'),
            Kind::Sequence(items) => {
                out.push('[');
                items.iter().for_each(|item| {
                    write(item, source, out);
                    out.push(' ');
                });
                out.push(']');
            }
            Kind::Mapping(entries) => {
                out.push('{');
                entries.iter().for_each(|entry| {
                    assert_eq!(
                        &source[entry.key.span.start..entry.key.span.end].trim_matches(['"', '\'']),
                        &entry.key.name
                    );
                    let _ = write!(out, "{}:", entry.key.name);
                    write(&entry.value, source, out);
                    out.push(' ');
                });
                out.push('}');
            }
        }
    }

    #[test]
    fn scalars_keep_their_text_and_their_place() {
        insta::assert_snapshot!(show("a: no\nb: 0750\nc: .25\nd: ~\ne: 'x'\n\"f\": \"\\x41\"\ng: 1e3\n"), @"{a:no b:0750 c:.25 d:~ e:'x' f:'A' g:1e3 }");
        insta::assert_snapshot!(show("# ä日本 a comment\na: ä # ö\n日本: [x, ü, 'y']\r\nb: z\n"), @"{a:ä 日本:[x ü 'y' ] b:z }");
        insta::assert_snapshot!(show("a: {b: [c, {d: e}], f: }\n"), @"{a:{b:[c {d:e } ] f: } }");
    }

    #[test]
    fn aliases_and_merges() {
        insta::assert_snapshot!(show("a: &x {k: v, l: w}\nb: *x\nc: {<<: *x, k: own}\n"), @"{a:{k:v l:w } b:{k:v l:w } c:{k:own l:w } }");
        insta::assert_snapshot!(show("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y], m: 3}\n"), @"{a:{k:1 } b:{k:2 l:2 } c:{m:3 k:1 l:2 } }");
        insta::assert_snapshot!(show("a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y}\n"), @"{a:{k:1 } b:{l:2 k:1 } c:{l:2 k:1 } }");
        insta::assert_snapshot!(show("a: &x 1\na2: &x 2\nb: *x\n"), @"{a:1 a2:2 b:2 }");
        insta::assert_snapshot!(show("a: {'<<': {k: v}}\n"), @"{a:{<<:{k:v } } }");
        insta::assert_snapshot!(show("a: {<<: [b, {k: v}]}\n"), @"{a:{k:v } } !`<<` takes a mapping, and this is a single value");
    }

    #[test]
    fn what_is_collected_does_not_stop_the_reading() {
        insta::assert_snapshot!(show("a: ${X}\nb: 1\nb: 2\nc: !t 3\nd: ${Y:-4}\n${Z}: $$\n"), @"{a:! b:1 c:3 d:4 ${Z}:$ } !the environment variable `X` is not set !the key `b` is here a second time !the tag `!t` is not used in manifests");
    }

    #[test]
    fn depth_counts_through_aliases() {
        let mut text = String::from("a0: &a0 [x]\n");
        for level in 1..40 {
            let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
        }
        assert!(show(&text).contains("nested more than 32"));
    }
}
