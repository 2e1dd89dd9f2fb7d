use crate::flags::{self, FlagSpec};

/// A flag with its value as it stood on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The long name, or `-x` for a letter that is not known.
    pub(super) name: String,
    /// `None` when it stood alone.
    pub(super) value: Option<String>,
}

/// Returns the flags and the other words of a command line, without the binary, as pflag takes them apart.
///
/// A flag that is not known is taken to have the next word as its value when that does not begin with a dash:
/// whether it does so in cockroach cannot be known here.
pub(super) fn split<S: AsRef<str>>(argv: &[S]) -> (Vec<Word>, Vec<String>) {
    let (mut flags, mut others) = (Vec::new(), Vec::new());
    let mut words = argv.iter().map(AsRef::as_ref).peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            others.extend(words.map(str::to_owned));
            break;
        }
        let (name, inline) = if let Some(long) = word.strip_prefix("--") {
            let (name, value) = cut(long, '=');
            (name.to_owned(), value.map(str::to_owned))
        } else if let Some(letter) = word.strip_prefix('-').and_then(|short| short.chars().next()) {
            let rest = word.get(1 + letter.len_utf8()..).unwrap_or("");
            let value = rest.strip_prefix('=').unwrap_or(rest);
            (long_name(letter), (!rest.is_empty()).then(|| value.to_owned()))
        } else {
            others.push(word.to_owned());
            continue;
        };
        let spec = flags::find(&name);
        let value = match inline {
            Some(value) => Some(value),
            None if spec.is_some_and(|spec| spec.shape.stands_alone()) => None,
            // A known flag takes the next word whatever it looks like.
            None => words.next_if(|next| spec.is_some() || !next.starts_with('-')).map(str::to_owned),
        };
        flags.push(Word { name, value });
    }
    (flags, others)
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(name, value)| (name, Some(value)))
}

fn long_name(letter: char) -> String {
    let known = |spec: &&FlagSpec| spec.short == Some(letter);
    flags::all().iter().find(known).map_or_else(|| format!("-{letter}"), |spec| spec.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(words: &[&str]) -> String {
        let (flags, others) = split(words);
        let flags: Vec<String> = flags
            .into_iter()
            .map(|w| w.value.map_or_else(|| w.name.clone(), |value| format!("{}<-{value}", w.name)))
            .collect();
        format!("{} | {}", flags.join(" "), others.join(" "))
    }

    #[test]
    fn takes_words_apart_as_pflag_does() {
        assert_eq!(shown(&["start", "--cache=.25", "--cache", ".35"]), "cache<-.25 cache<-.35 | start");
        assert_eq!(
            shown(&["-s", "/a", "-s=/b", "-s/c", "-j", "x"]),
            "store<-/a store<-/b store<-/c join<-x | "
        );
        assert_eq!(shown(&["--insecure", "start"]), "insecure | start");
        assert_eq!(
            shown(&["--insecure=false", "--logtostderr", "start"]),
            "insecure<-false logtostderr | start"
        );
        assert_eq!(shown(&["--locality=region=eu,zone=a"]), "locality<-region=eu,zone=a | ");
        assert_eq!(
            shown(&["--new-thing", "5", "--other-new", "--cache=.1"]),
            "new-thing<-5 other-new cache<-.1 | "
        );
        assert_eq!(shown(&["--attrs", "--cache"]), "attrs<---cache | ");
        assert_eq!(shown(&["--", "--cache"]), " | --cache");
        assert_eq!(shown(&["-z", "--cache"]), "-z cache | ");
        assert_eq!(shown(&["--join="]), "join<- | ");
        assert_eq!(shown(&["-", ""]), " | - ");
    }

    proptest! {
        #[test]
        fn never_panics(words in proptest::collection::vec("-{0,3}\\PC{0,8}", 0..8)) {
            let _ = split(&words);
        }
    }
}
