/// What came on one stream and is not yet taken: a pure buffer that finds marks.
///
/// A mark is a line that begins with byte 1 and follows a line feed of its own, so that the bytes before it are the
/// host's to the last one.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    bytes: Vec<u8>,
    searched: usize,
}

/// A mark that was found: where it begins, where it ends, and its words after the prefix.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    begin: usize,
    end: usize,
    pub(crate) words: String,
}

impl Tape {
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the first mark whose words begin with the prefix; the host may still be writing its end.
    pub(crate) fn find(&self, prefix: &str) -> Option<Mark> {
        self.find_from(0, prefix)
    }

    /// Like `find`, but looks at new bytes only: for one prefix until the tape is cut.
    pub(crate) fn find_new(&mut self, prefix: &str) -> Option<Mark> {
        let found = self.find_from(self.searched, prefix);
        // A mark that is not whole yet is found again from its beginning.
        self.searched = self.searched.max(self.bytes.len().saturating_sub(prefix.len() + 128));
        found
    }

    fn find_from(&self, from: usize, prefix: &str) -> Option<Mark> {
        let mut at = from;
        loop {
            let one = at + self.bytes.get(at..)?.iter().position(|byte| *byte == 1)?;
            at = one + 1;
            if one == 0 || self.bytes[one - 1] != b'\n' {
                continue;
            }
            let Some(rest) = self.bytes[at..].strip_prefix(prefix.as_bytes()) else { continue };
            let length = rest.iter().position(|byte| *byte == b'\n')?;
            let words = String::from_utf8_lossy(&rest[..length]).into_owned();
            return Some(Mark { begin: one - 1, end: at + prefix.len() + length + 1, words });
        }
    }

    /// Takes what came before the mark off the tape, and the mark with it.
    pub(crate) fn cut(&mut self, mark: &Mark) -> Vec<u8> {
        let rest = self.bytes.split_off(mark.end);
        let mut before = std::mem::replace(&mut self.bytes, rest);
        before.truncate(mark.begin);
        self.searched = 0;
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tape(bytes: &[u8]) -> Tape {
        Tape { bytes: bytes.to_vec(), searched: 0 }
    }

    #[test]
    fn noise_is_passed_over_and_output_kept_to_the_byte() {
        let mut it = tape(b"motd\x01 \n\x01other\n\n\x01n start tok\nout\n\n\x01tok end 0 3\nnext");
        let start = it.find("n start ").unwrap();
        assert_eq!(start.words, "tok");
        assert_eq!(it.cut(&start), b"motd\x01 \n\x01other\n");
        let end = it.find_new("tok end 0 ").unwrap();
        assert_eq!(end.words, "3");
        assert_eq!(it.cut(&end), b"out\n");
        assert_eq!(it.bytes(), b"next");
    }

    #[test]
    fn a_mark_in_the_making_is_awaited() {
        let mut it = tape(b"x\n\x01tok end 0 1");
        assert_eq!(it.find_new("tok end 0 "), None);
        it.buffer().extend_from_slice(b"2\n");
        assert_eq!(it.find_new("tok end 0 ").unwrap().words, "12");
        assert_eq!(tape(b"\x01tok end 0 1\n").find("tok end "), None, "no line feed of its own");
    }

    proptest! {
        #[test]
        fn output_comes_back_however_it_is_cut_up(
            output in prop::collection::vec(prop_oneof![Just(b'\n'), Just(1), any::<u8>()], 0..300),
            step in 1_usize..40,
        ) {
            let sent = [&output[..], b"\n\x01tok end 7 0\nmore"].concat();
            let mut it = Tape::default();
            let mut found = None;
            for piece in sent.chunks(step) {
                it.buffer().extend_from_slice(piece);
                found = it.find_new("tok end 7 ");
                if found.is_some() {
                    break;
                }
            }
            let mark = found.expect("the mark was sent");
            prop_assert_eq!(it.cut(&mark), output);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), prefix in "[a-c]{0,2}") {
            let mut it = tape(&bytes);
            if let Some(mark) = it.find_new(&prefix) {
                it.cut(&mark);
            }
        }
    }
}
