use std::fmt;
use std::io::{self, Read};

/// A reader that fails instead of giving more than so many bytes: a small archive may unpack to any size.
#[derive(Debug)]
pub(super) struct Capped<R> {
    inner: R,
    left: u64,
}

/// The error inside the [`io::Error`] that a [`Capped`] fails with.
#[derive(Debug)]
pub(super) struct CapReached;

impl<R> Capped<R> {
    pub(super) fn new(inner: R, most: u64) -> Self {
        Self { inner, left: most }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(CapReached)),
        }
        Ok(count)
    }
}

impl fmt::Display for CapReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it unpacks to more than is allowed")
    }
}

impl std::error::Error for CapReached {}
