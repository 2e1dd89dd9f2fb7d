use crate::Role;
use crate::line::Line;
use crate::wrap::wrap;

/// A line with what is remarked beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line.
    pub(crate) line: Line,
    /// What stands beside it, in a column of its own where there is room.
    pub(crate) remark: Option<Line>,
    /// Where the line goes on when it has to be wrapped.
    pub(crate) hang: usize,
}

/// One or more changes that are shown together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// `# store-1/unit.cockroach will be updated`, with the cause beside it.
    pub(crate) heading: Row,
    /// What changes.
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(line: Line, hang: usize) -> Self {
        Self { line, remark: None, hang }
    }

    /// Returns the row as one line, however long, its remark behind it.
    pub(crate) fn into_line(self) -> Line {
        match self.remark {
            Some(remark) => self.line.plain("  ").then(remark),
            None => self.line,
        }
    }

    /// Returns the row as lines of at most `width` columns, its remark at `column` when it fits there.
    pub(crate) fn lay_out(self, width: usize, column: usize) -> Vec<Line> {
        let Some(remark) = self.remark else { return wrap(self.line, width, self.hang) };
        let at = column.max(self.line.width() + 2);
        if at + remark.width() <= width {
            let mut line = self.line;
            line.pad_to(at);
            return vec![line.then(remark)];
        }
        let mut lines = wrap(self.line, width, self.hang);
        // Beside the last line when it is short, else below.
        if let Some(last) = lines.last_mut()
            && last.width() + 2 + remark.width() <= width
        {
            let mut line = std::mem::take(last);
            line.pad_to((width - remark.width()).min(line.width() + 2));
            *last = line.then(remark);
        } else {
            lines.extend(wrap(Line::indent(4).then(remark), width, 6));
        }
        lines
    }
}

/// Returns the blocks as lines, causes and remarks aligned over all of them.
pub(crate) fn lay_out(blocks: Vec<Block>, width: usize) -> Vec<Line> {
    let column = column(&blocks, width);
    let mut lines = Vec::new();
    for block in blocks {
        for row in std::iter::once(block.heading).chain(block.rows) {
            lines.extend(row.lay_out(width, column));
        }
    }
    lines
}

/// The column of causes and remarks: behind the longest heading whose cause still fits beside it.
fn column(blocks: &[Block], width: usize) -> usize {
    let fits =
        |row: &&Row| row.remark.as_ref().is_some_and(|remark| row.line.width() + 2 + remark.width() <= width);
    let headings = blocks.iter().map(|block| &block.heading).filter(fits);
    let widest_remark =
        headings.clone().filter_map(|row| row.remark.as_ref()).map(Line::width).max().unwrap_or(0);
    let longest = headings.map(|row| row.line.width()).filter(|line| line + 2 + widest_remark <= width).max();
    longest.unwrap_or(0) + 2
}

/// Returns a remark: `# text`.
pub(crate) fn remark(role: Role, text: &str) -> Line {
    Line::of(role, format!("# {text}"))
}
