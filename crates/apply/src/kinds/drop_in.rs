use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{DropInFact, ResourceAddr};

use crate::step::{Step, quoted};

pub(super) fn set_aside(addr: &ResourceAddr, found: &DropInFact) -> Step {
    // The name may hold any byte, so it travels in base64, and the final dot keeps a newline at its end.
    let path = STANDARD.encode(decode(&found.path));
    let name = format!("{}-{}", crdbctl_model::Digest::of(&found.path).short(), addr.name);
    let body = format!(
        "path=$(printf %s {path} | base64 -d; printf .); path=${{path%.}}\nmove_aside \"$path\" {}",
        quoted(&name)
    );
    Step::new(addr, body)
}

fn decode(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], escape.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn percent_encoding_comes_back_as_bytes() {
        assert_eq!(decode("/etc/a%20b%0A%FF%25.conf"), b"/etc/a b\n\xff%.conf");
        assert_eq!(decode("%"), b"%");
        assert_eq!(decode("%2"), b"%2");
    }
}
