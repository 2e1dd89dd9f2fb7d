//! Flag values as the real program reads them.

use std::fmt;
use std::time::Duration;

/// Reads a Go boolean.
///
/// # Errors
/// With the words of `strconv.ParseBool`.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// Reads a size such as `128MiB`, `1GB` or `1024`, in bytes.
///
/// # Errors
/// When the number or the unit is unknown.
pub fn bytes(text: &str) -> Result<u64, String> {
    let bad = || format!("could not parse {text:?} as a size");
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| bad())?;
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => (1000_f64, 0),
        "k" | "kb" => (1000.0, 1),
        "m" | "mb" => (1000.0, 2),
        "g" | "gb" => (1000.0, 3),
        "t" | "tb" => (1000.0, 4),
        "ki" | "kib" => (1024.0, 1),
        "mi" | "mib" => (1024.0, 2),
        "gi" | "gib" => (1024.0, 3),
        "ti" | "tib" => (1024.0, 4),
        _ => return Err(bad()),
    };
    let value = number * power.0.powi(power.1);
    if (0.0..9.0e18).contains(&value) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounds are checked above"
        )]
        Ok(value as u64)
    } else {
        Err(bad())
    }
}

/// Checks a size, a percentage (`25%`) or a fraction (`.25`).
///
/// # Errors
/// When it is none of these.
pub fn size(text: &str) -> Result<(), String> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent: u32 =
            percent.parse().map_err(|_| format!("strconv.Atoi: parsing {percent:?}: invalid syntax"))?;
        return if percent <= 99 { Ok(()) } else { Err(format!("percentage {text} out of range 0% - 99%")) };
    }
    let fraction = text.strip_prefix("0.").or_else(|| text.strip_prefix('.'));
    if fraction.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(());
    }
    bytes(text).map(drop)
}

/// Reads a Go duration such as `500ms`, `1m30s` or `0`.
///
/// # Errors
/// With the words of `time.ParseDuration`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("time: invalid duration {text:?}");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(|| format!("time: missing unit in duration {text:?}"))?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        seconds += number.parse::<f64>().map_err(|_| bad())? * factor;
        rest = after;
    }
    if text.is_empty() { Err(bad()) } else { Duration::try_from_secs_f64(seconds).map_err(|_| bad()) }
}

/// A host and a port, either of which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Name or IP address, without brackets.
    pub host: String,
    /// Decimal port.
    pub port: String,
}

impl Address {
    /// Splits `host:port`, `host`, `:port`, `[v6]:port` or a bare IPv6 address.
    ///
    /// # Errors
    /// When brackets or colons do not add up, or the port is no number.
    pub fn parse(text: &str, default_port: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("address {text}: {why}");
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or_else(|| bad("missing ']' in address"))?;
            match after.strip_prefix(':') {
                Some(port) => (host, port),
                None if after.is_empty() => (host, ""),
                None => return Err(bad("unexpected text after ']' in address")),
            }
        } else if text.matches(':').count() > 1 {
            if text.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(bad("too many colons in address"));
            }
            (text, "")
        } else {
            text.split_once(':').unwrap_or((text, ""))
        };
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err(bad("invalid port"));
        }
        let port = if port.is_empty() { default_port } else { port };
        Ok(Self { host: host.to_owned(), port: port.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Reads the tiers of a locality, in order.
///
/// # Errors
/// When a tier is no `key=value` or a key comes twice.
pub fn locality(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut tiers: Vec<(String, String)> = Vec::new();
    if text.is_empty() {
        return Err("can't have empty locality".to_owned());
    }
    for tier in text.split(',') {
        let parts: Vec<&str> = tier.split('=').collect();
        let [key, value] = parts.as_slice() else {
            return Err(format!("tier must be in the form \"key=value\" not {tier:?}"));
        };
        if key.is_empty() || value.is_empty() {
            return Err(format!("tier must be in the form \"key=value\" not {tier:?}"));
        }
        if tiers.iter().any(|(known, _)| known == key) {
            return Err(format!("duplicate tier key {key:?} in locality"));
        }
        tiers.push(((*key).to_owned(), (*value).to_owned()));
    }
    Ok(tiers)
}

/// One store of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSpec {
    /// Its directory.
    pub path: String,
    /// Attributes as given.
    pub attrs: String,
    /// Size as given.
    pub size: String,
}

impl StoreSpec {
    /// Reads `path=/mnt/a,attrs=ssd,size=10%`, or a path alone.
    ///
    /// # Errors
    /// On unknown or repeated fields, empty values, a `~`, and in-memory stores, which the stand-in lacks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut spec = Self { path: String::new(), attrs: String::new(), size: String::new() };
        let mut seen = std::collections::BTreeSet::new();
        if text.is_empty() {
            return Err("no value specified".to_owned());
        }
        for field in text.split(',') {
            let (key, value) = field.split_once('=').unwrap_or(("path", field));
            if !seen.insert(key.to_owned()) {
                return Err(format!("{key} field was used twice in store definition"));
            }
            if value.is_empty() {
                return Err(format!("no value specified for {key}"));
            }
            match key {
                "path" if value.starts_with('~') => {
                    return Err(format!("store path cannot start with '~': {value}"));
                }
                "path" => spec.path = value.to_owned(),
                "attrs" => spec.attrs = value.to_owned(),
                "size" => size(value).map(|()| spec.size = value.to_owned())?,
                "ballast-size" => size(value)?,
                "type" if value == "mem" => {
                    return Err("roachsim: in-memory stores are not modelled".to_owned());
                }
                "type" => return Err(format!("{value} is not a valid store type")),
                "pebble" | "rocksdb" | "provisioned-rate" => {}
                _ => return Err(format!("{key} is not a valid store field")),
            }
        }
        if spec.path.is_empty() { Err("no path specified".to_owned()) } else { Ok(spec) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_bytes_units_percentages_and_fractions() {
        for good in [".25", "0.25", "25%", "128MiB", "1GB", "1024", "1.5GiB", "0"] {
            assert_eq!(size(good), Ok(()), "{good}");
        }
        for bad in ["", "abc", "100%", "25 %", "-1", "1XB", ".", "1e400"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_go_durations() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1m30s").unwrap(), Duration::from_secs(90));
        for bad in ["", "500", "5x", "ms", "1s2"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_split_at_the_right_colon() {
        let split = |text| Address::parse(text, "26257").map(|a| a.to_string());
        assert_eq!(split("10.0.0.1").unwrap(), "10.0.0.1:26257");
        assert_eq!(split(":8080").unwrap(), ":8080");
        assert_eq!(split("[::1]:1").unwrap(), "[::1]:1");
        assert_eq!(split("::1").unwrap(), "[::1]:26257");
        for bad in ["a:b:c", "[::1", "[::1]x", "a:http", "a:70000"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn localities_need_distinct_keys() {
        assert_eq!(locality("region=eu,zone=a").unwrap().len(), 2);
        for bad in ["", "region", "region=", "=eu", "a=b,a=c", "a=b=c"] {
            assert!(locality(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn stores_are_a_path_or_fields() {
        assert_eq!(StoreSpec::parse("/data").unwrap().path, "/data");
        assert_eq!(StoreSpec::parse("path=/data,attrs=ssd:x,size=20%").unwrap().attrs, "ssd:x");
        for bad in ["", "path=", "attrs=ssd", "path=/a,path=/b", "path=/a,colour=red", "path=~/a", "type=mem"]
        {
            assert!(StoreSpec::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_them_panic(text in "(\\PC|[0-9.,:=%µ]){0,12}") {
            let _ = (boolean(&text), bytes(&text), size(&text), duration(&text), locality(&text));
            let _ = StoreSpec::parse(&text);
            if let Ok(address) = Address::parse(&text, "1") {
                let again = Address::parse(&address.to_string(), "2").unwrap();
                proptest::prop_assert_eq!(again, address);
            }
        }
    }
}
