use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// How much of a disk must be free: a part of it, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFree {
    /// Whole percent of the disk, 0 to 100.
    Percent(u8),
    /// Bytes.
    Bytes(u64),
}

impl FromStr for DiskFree {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail =
            || ValueError::new(text, "is not a part or a size of a disk", "write it as in 10% or 20GiB");
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { digits.parse::<u64>().ok() } else { None }
        };
        if let Some(percent) = text.strip_suffix('%') {
            return match number(percent) {
                Some(percent @ 0..=100) => Ok(Self::Percent(u8::try_from(percent).unwrap_or(100))),
                _ => Err(fail()),
            };
        }
        let units: [(&str, u64); 6] = [
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
        ];
        let (digits, unit) = units
            .into_iter()
            .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|digits| (digits, unit)))
            .ok_or_else(fail)?;
        number(digits).and_then(|number| number.checked_mul(unit)).map(Self::Bytes).ok_or_else(fail)
    }
}

impl fmt::Display for DiskFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parts_and_sizes() {
        assert_eq!("10%".parse(), Ok(DiskFree::Percent(10)));
        assert_eq!("20GiB".parse(), Ok(DiskFree::Bytes(20 << 30)));
        for text in ["", "%", "101%", "-1%", "1.5%", "20", "20 GiB", "GiB", "99999999999TiB", "10%\n"] {
            assert!(text.parse::<DiskFree>().is_err(), "{text:?}");
        }
    }
}
