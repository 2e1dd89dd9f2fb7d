use crdbctl_model::{Action, AttributeDiff, Cause, Desired, PathFact, Removal};

/// What comparing a resource with what was found came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It is as it shall be; so many attributes were compared.
    Same {
        /// How many.
        unchanged: usize,
    },
    /// It differs.
    Differs(Difference),
    /// It cannot be told, or must not be touched, for this reason.
    Unknown {
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
}

/// How a resource differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) action: Action,
    pub(crate) attributes: Vec<AttributeDiff>,
    pub(crate) unchanged: usize,
    /// A cause that is in the thing itself, such as a certificate's expiry.
    pub(crate) cause: Option<Cause>,
    pub(crate) reason: Option<String>,
    pub(crate) bytes: u64,
    /// How it is removed, when it is.
    pub(crate) removal: Option<Removal>,
    /// What it shall be, where what was found decides more than the graph has.
    pub(crate) desired: Option<Box<Desired>>,
}

impl Difference {
    /// Returns a difference without attributes yet.
    pub(crate) fn new(action: Action) -> Self {
        Self {
            action,
            attributes: Vec::new(),
            unchanged: 0,
            cause: None,
            reason: None,
            bytes: 0,
            removal: None,
            desired: None,
        }
    }

    /// Compares one attribute: the difference is kept, or counted as unchanged.
    pub(crate) fn attribute(&mut self, name: &str, before: impl ToString, after: impl ToString) {
        let (before, after) = (before.to_string(), after.to_string());
        if before == after {
            self.unchanged += 1;
        } else {
            self.attributes.push(AttributeDiff::words(name, Some(before), Some(after)));
        }
    }

    /// Compares owner, group and mode.
    pub(crate) fn ownership(
        &mut self,
        found: &PathFact,
        owner: impl ToString,
        group: impl ToString,
        mode: impl ToString,
    ) {
        self.attribute("owner", &found.owner, owner);
        self.attribute("group", &found.group, group);
        self.attribute("mode", found.mode, mode);
    }

    /// Returns the comparison: the same when no attribute differs.
    pub(crate) fn conclude(self) -> Comparison {
        if self.attributes.is_empty() {
            Comparison::Same { unchanged: self.unchanged }
        } else {
            Comparison::Differs(self)
        }
    }
}

/// Returns that it cannot be told, or must not be touched.
pub(crate) fn unknown(reason: impl Into<String>, hint: impl Into<String>) -> Comparison {
    Comparison::Unknown { reason: reason.into(), hint: hint.into() }
}
