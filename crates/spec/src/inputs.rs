use std::fmt;

/// What a manifest may draw in from outside: variables and the text of a unit template.
///
/// Passed in as functions, so that reading a manifest stays a pure function of its inputs.
pub struct Inputs<'a> {
    /// Returns the value of an environment variable, or `None` when it is not set.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Returns the text of a file of the control host, by its path as the manifest spells it
    /// (relative to the manifest), or a sentence that says why it could not be read.
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}

impl Inputs<'static> {
    /// Returns inputs with no variable set and no file to be read.
    pub fn none() -> Self {
        Self { environment: &|_| None, file: &|_| Err("no file can be read here".to_owned()) }
    }
}
