use std::io::{ErrorKind, Read};

use super::failure::Failure;
use super::{FetchError, FetchErrorKind};

/// What a server sends, while it comes.
pub(crate) struct Body {
    reader: ureq::BodyReader<'static>,
    total: Option<u64>,
    received: u64,
    failure: Failure,
}

impl Body {
    pub(super) fn new(body: ureq::Body, failure: Failure) -> Self {
        let total = body.content_length();
        // The caller has limits of its own, with better words.
        let reader = body.into_with_config().limit(u64::MAX).reader();
        Self { reader, total, received: 0, failure }
    }

    /// Returns how many bytes there will be, when the server says so.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Reads some bytes; 0 at the end, which comes only after all that the server promised.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FetchError> {
        loop {
            match self.reader.read(buffer) {
                Ok(0) if self.total.is_some_and(|total| self.received < total) => {
                    return Err(self.cut_off("it was closed".to_owned()));
                }
                Ok(count) => {
                    self.received += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let error = ureq::Error::from(error);
                    return Err(match &error {
                        ureq::Error::Timeout(_) => self.failure.of(error),
                        ureq::Error::Io(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
                            self.cut_off("it was closed".to_owned())
                        }
                        other => self.cut_off(other.to_string()),
                    });
                }
            }
        }
    }

    pub(crate) fn error(&self, kind: FetchErrorKind) -> FetchError {
        self.failure.error(kind)
    }

    fn cut_off(&self, reason: String) -> FetchError {
        self.error(FetchErrorKind::CutOff { received: self.received, total: self.total, reason })
    }
}
