use std::path::{Path, PathBuf};

use ureq::http::Uri;

/// Where an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file of this machine.
    File(PathBuf),
    /// A URL with the scheme http or https.
    Url(Url),
}

/// Why a text says no place of an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// A scheme that is not spoken.
    #[error("`{0}://` is not spoken here: give an https, http or file URL, or a path")]
    Scheme(String),
    /// Not a URL after all.
    #[error("it is no URL: {0}")]
    Url(String),
    /// A file URL that names another machine or has no absolute path, or has escapes.
    #[error("write a file URL as file:///absolute/path without escapes (%20), or give the plain path")]
    FileUrl,
    /// A path that names no file.
    #[error("it names no file")]
    NoFile,
    /// A character that belongs into neither paths nor URLs.
    #[error("it has the control character {0:?}")]
    Control(char),
}

/// A URL with the scheme http or https, a host and no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    text: String,
    uri: Uri,
}

impl Location {
    /// Reads a source whose template is filled in already.
    pub(crate) fn parse(source: &str, base: &Path) -> Result<Self, LocationError> {
        if let Some(control) = source.chars().find(|c| c.is_control()) {
            return Err(LocationError::Control(control));
        }
        let Some((scheme, rest)) = source.split_once("://") else {
            return file(base.join(source));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Url::parse(source).map(Self::Url),
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') || path.contains('%') {
                    return Err(LocationError::FileUrl);
                }
                file(PathBuf::from(path))
            }
            _ => Err(LocationError::Scheme(scheme.to_owned())),
        }
    }
}

fn file(path: PathBuf) -> Result<Location, LocationError> {
    if path.file_name().is_none() {
        return Err(LocationError::NoFile);
    }
    // Fails only without a working directory; then the relative path fails as well, when it is opened.
    Ok(Location::File(std::path::absolute(&path).unwrap_or(path)))
}

impl Url {
    fn parse(text: &str) -> Result<Self, LocationError> {
        let url = Self::any(text)?;
        if url.file_name().is_empty() { Err(LocationError::NoFile) } else { Ok(url) }
    }

    /// Reads a URL that need not name a file.
    fn any(text: &str) -> Result<Self, LocationError> {
        let text = text.split('#').next().unwrap_or(text);
        let uri: Uri = text.parse().map_err(|error| LocationError::Url(format!("{error}")))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(LocationError::Url("it names no host".to_owned()));
        }
        Ok(Self { text: text.to_owned(), uri })
    }

    /// Returns the URL as given, secrets included: for the request alone.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the URL for people: without user, password and the query's values, which may be tokens.
    pub(crate) fn shown(&self) -> String {
        shown(&self.uri)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    pub(crate) fn has_query(&self) -> bool {
        self.uri.query().is_some()
    }

    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Returns the host and the port.
    pub(crate) fn peer(&self) -> String {
        let port = self.uri.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 });
        format!("{}:{port}", self.host())
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the last component of the path.
    pub(crate) fn file_name(&self) -> &str {
        self.uri.path().rsplit('/').next().unwrap_or_default()
    }

    /// Returns where a redirect from here leads, by its `Location` header (RFC 3986, section 5.2).
    pub(crate) fn redirected(&self, location: &str) -> Result<Self, LocationError> {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |all| all.as_str());
        let other = location.split_once("://").map(|(other, _)| other);
        let text = if let Some(other) = other.filter(|other| !other.contains(['/', '?', '#'])) {
            if !other.eq_ignore_ascii_case("https") && !other.eq_ignore_ascii_case("http") {
                return Err(LocationError::Scheme(other.to_owned()));
            }
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{authority}{location}")
        } else {
            let directory = self.uri.path().rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{scheme}://{authority}{directory}/{location}")
        };
        Self::any(&text)
    }

    /// Returns the URL of a file that stands beside this one, under its name with `suffix` after it.
    pub(crate) fn beside(&self, suffix: &str) -> Result<Self, LocationError> {
        Self::parse(&format!("{}{suffix}", self.text))
    }
}

/// Returns a URL for people: without user, password and the query's values, which may be tokens.
pub(crate) fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |all| all.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let query = if uri.query().is_some() { "?…" } else { "" };
    format!("{scheme}://{host}{}{query}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<Location, LocationError> {
        Location::parse(source, Path::new("/manifests"))
    }

    #[test]
    fn paths_start_from_the_manifest() {
        for (source, path) in [
            ("archives/a.tgz", "/manifests/archives/a.tgz"),
            ("../a.tgz", "/manifests/../a.tgz"),
            ("/srv/a.tgz", "/srv/a.tgz"),
            ("file:///srv/a.tgz", "/srv/a.tgz"),
            ("file://localhost/srv/a.tgz", "/srv/a.tgz"),
        ] {
            assert_eq!(parse(source), Ok(Location::File(path.into())), "{source}");
        }
    }

    #[test]
    fn other_places_are_refused() {
        for (source, error) in [
            ("ftp://mirror/a.tgz", LocationError::Scheme("ftp".into())),
            ("s3://bucket/a.tgz", LocationError::Scheme("s3".into())),
            ("file://other/a.tgz", LocationError::FileUrl),
            ("file://a.tgz", LocationError::FileUrl),
            ("file:///a%20b.tgz", LocationError::FileUrl),
            ("https://mirror/", LocationError::NoFile),
            ("https://mirror", LocationError::NoFile),
            ("..", LocationError::NoFile),
            ("a\0.tgz", LocationError::Control('\0')),
            ("https://mirror/a\r\nX: y", LocationError::Control('\r')),
        ] {
            assert_eq!(parse(source), Err(error), "{source:?}");
        }
        assert!(matches!(parse("https:///a.tgz"), Err(LocationError::Url(_))));
        assert!(matches!(parse("https://mirror/a b.tgz"), Err(LocationError::Url(_))));
    }

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        let Ok(Location::Url(url)) = parse("https://me:secret@mirror:8443/a/b.tgz?token=x#y") else {
            panic!()
        };
        assert_eq!(url.shown(), "https://mirror:8443/a/b.tgz?…");
        assert_eq!(url.file_name(), "b.tgz");
        assert_eq!((url.host(), url.peer()), ("mirror", "mirror:8443".to_owned()));
        assert_eq!(url.as_str(), "https://me:secret@mirror:8443/a/b.tgz?token=x");
    }

    #[test]
    fn redirects_lead_from_here() {
        let Ok(Location::Url(url)) = parse("https://me:secret@mirror:8443/a/b.tgz?x") else { panic!() };
        for (location, to) in [
            ("https://other/c.tgz", "https://other/c.tgz"),
            ("http://other/?id=7", "http://other/?id=7"),
            ("//other/c.tgz", "https://other/c.tgz"),
            ("HTTP://other/c.tgz", "HTTP://other/c.tgz"),
            ("/c.tgz?y=https://z", "https://me:secret@mirror:8443/c.tgz?y=https://z"),
            ("c.tgz", "https://me:secret@mirror:8443/a/c.tgz"),
        ] {
            assert_eq!(url.redirected(location).unwrap().as_str(), to, "{location}");
        }
        assert_eq!(url.redirected("file:///etc/passwd"), Err(LocationError::Scheme("file".into())));
        assert!(url.redirected("https://").is_err());
        assert!(url.redirected("a b").is_err());
    }

    #[test]
    fn a_checksum_stands_beside() {
        let Ok(Location::Url(url)) = parse("HTTPS://mirror/b.tgz#y") else { panic!() };
        assert!(url.is_https());
        assert_eq!(url.beside(".sha256sum").unwrap().as_str(), "HTTPS://mirror/b.tgz.sha256sum");
    }
}
