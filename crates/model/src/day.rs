use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const SECONDS: i64 = 86_400;

/// A day of the calendar in UTC, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(i64);

/// Text that is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: write YYYY-MM-DD, for example 2027-01-31")]
pub struct ParseDayError(String);

impl Day {
    /// Returns the day on which a moment lies.
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.as_unix().div_euclid(SECONDS))
    }

    /// Returns the first moment after the day.
    pub const fn end(self) -> Timestamp {
        Timestamp::from_unix((self.0 + 1) * SECONDS)
    }

    /// Returns the day that is `days` later.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Returns how many days `self` lies after `other`; negative when before.
    pub const fn since(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Timestamp::from_unix(self.0 * SECONDS).date())
    }
}

impl FromStr for Day {
    type Err = ParseDayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseDayError(text.chars().take(50).collect());
        let parts: Vec<&str> = text.split('-').collect();
        let &[year, month, day] = parts.as_slice() else { return Err(fail()) };
        let number = |digits: &str, length: usize| {
            let is_plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse::<i64>().ok()).flatten().ok_or_else(fail)
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        if !(1..=12).contains(&month) || day == 0 {
            return Err(fail());
        }
        // Days from civil, of the proleptic Gregorian calendar (ISO 8601), years beginning in March.
        let shifted = year - i64::from(month <= 2);
        let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days =
            era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
        let parsed = Self(days);
        // A day that the month does not have comes out as one of the next.
        if parsed.to_string() == text { Ok(parsed) } else { Err(fail()) }
    }
}

impl TryFrom<String> for Day {
    type Error = ParseDayError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_reads_as_it_is_written() {
        for days in (-800_000..800_000).step_by(37).chain(-400..800).chain(10_900..11_400) {
            let day = Day(days);
            let text = day.to_string();
            if text.len() == 10 && !text.starts_with('-') {
                assert_eq!(text.parse(), Ok(day), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2027-1-31",
            "2027-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-01-00",
            "2027-01-32",
            "27-01-31",
            "2027/01/31",
            "+027-01-31",
            "2027-01-31T00:00",
            " 2027-01-31",
            "2027-01-31\n",
            "never",
            "2027-01--1",
            "٢٠٢٧-01-31",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text:?}");
        }
        assert!("2028-02-29".parse::<Day>().is_ok());
    }

    #[test]
    fn a_day_ends_when_the_next_begins() {
        let day: Day = "2027-01-31".parse().unwrap();
        assert_eq!(Day::of(day.end()), day.plus(1));
        assert_eq!(Day::of(day.end().plus(-1)), day);
        assert_eq!(day.plus(1).to_string(), "2027-02-01");
        assert_eq!("2027-02-28".parse::<Day>().unwrap().since(day), 28);
        assert_eq!(Day::of(Timestamp::from_unix(-1)).to_string(), "1969-12-31");
    }
}
