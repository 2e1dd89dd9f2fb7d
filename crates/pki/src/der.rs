use x509_parser::der_parser::asn1_rs::{Any, FromDer};

/// Returns the elements directly inside the SEQUENCE that `der` is, each with its header.
///
/// `None` when `der` is not one SEQUENCE of whole elements.
pub(crate) fn elements(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (rest, sequence) = Any::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut content = sequence.data;
    let mut found = Vec::new();
    while !content.is_empty() {
        let (rest, _) = Any::from_der(content).ok()?;
        let (element, _) = content.split_at(content.len() - rest.len());
        found.push(element);
        content = rest;
    }
    Some(found)
}

/// Returns the SEQUENCE of `elements`, which have their headers.
pub(crate) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &elements.concat())
}

/// Returns the BIT STRING of `bytes`, no bits unused.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|b| *b != 0).unwrap_or(length.len() - 1)..];
    match significant {
        [short] if *short < 0x80 => der.push(*short),
        long => {
            der.push(0x80 | long.len() as u8);
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_comes_apart_again_at_every_length_of_header() {
        for length in [0usize, 1, 126, 127, 128, 129, 254, 255, 256, 257, 65_534, 65_535, 65_536, 70_000] {
            let octets = tagged(0x04, &vec![7; length]);
            let bits = bit_string(b"xy");
            let whole = sequence(&[&octets, &bits]);
            assert_eq!(elements(&whole).unwrap(), [octets.as_slice(), bits.as_slice()], "{length}");
        }
        assert_eq!(bit_string(b"xy"), [3, 3, 0, b'x', b'y']);
        assert_eq!(sequence(&[]), [0x30, 0]);
    }

    #[test]
    fn refuses_what_is_cut_off_or_followed_by_more() {
        let whole = sequence(&[&tagged(0x04, &[1, 2, 3])]);
        assert!(elements(&whole[..whole.len() - 1]).is_none());
        assert!(elements(&[whole.as_slice(), &[0]].concat()).is_none());
        assert!(elements(&[]).is_none());
    }
}
