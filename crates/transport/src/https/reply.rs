/// What a server replied to a GET request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsReply {
    /// The status line, the headers and the body, cut off at the limit of the request.
    pub bytes: Vec<u8>,
}

impl HttpsReply {
    /// Returns the body: what follows the first empty line.
    pub fn body(&self) -> &[u8] {
        let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n");
        end.map_or(&[], |end| &self.bytes[end + 4..])
    }
}

#[cfg(test)]
mod tests {
    use super::HttpsReply;

    #[test]
    fn the_body_follows_the_first_empty_line() {
        let body = |bytes: &[u8]| HttpsReply { bytes: bytes.to_vec() }.body().to_vec();
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nx\r\n\r\ny"), b"x\r\n\r\ny");
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n"), b"");
    }
}
