use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crdbctl_model::AllowFrom;

use super::ValueError;

/// Returns whom a firewall rule lets in, in the form that ufw itself writes: the base address of a
/// network, and no prefix for a single host.
///
/// # Errors
/// Anything but `any`, an IP address or a network in CIDR notation without host bits.
pub(crate) fn allow_from(text: &str) -> Result<AllowFrom, ValueError> {
    if text == "any" {
        return Ok(AllowFrom::Any);
    }
    let fail = |problem: String| {
        Err(ValueError::new(text, problem, "write any, an IP address, or a network as in 10.0.0.0/8"))
    };
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return fail("is neither an address nor a network".to_owned());
    };
    let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => longest,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse::<u8>() {
            Ok(prefix) if prefix <= longest => prefix,
            _ => return fail(format!("has a prefix that is not from 0 to {longest}")),
        },
        Some(_) => return fail("has a prefix that is no number".to_owned()),
    };
    let base = base(address, prefix);
    if base != address {
        return fail(format!("has bits set behind its prefix; the network is {base}/{prefix}"));
    }
    if prefix == 0 {
        return fail("is everybody: that is called any".to_owned());
    }
    Ok(AllowFrom::Network(if prefix == longest { base.to_string() } else { format!("{base}/{prefix}") }))
}

/// Returns the address with all bits behind the prefix cleared.
fn base(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_networks_as_ufw_does() {
        for (text, want) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("2001:db8::1/128", "2001:db8::1"),
        ] {
            assert_eq!(allow_from(text), Ok(AllowFrom::Network(want.to_owned())), "{text}");
        }
        assert_eq!(allow_from("any"), Ok(AllowFrom::Any));
        let bad = [
            "",
            "ANY",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "0.0.0.0/0",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "host",
            "-x",
            "::1%lo",
            "10.0.0.0/8;id",
        ];
        for text in bad {
            assert!(allow_from(text).is_err(), "{text:?}");
        }
        assert!(allow_from("10.0.0.1/8").unwrap_err().to_string().contains("the network is 10.0.0.0/8"));
    }
}
