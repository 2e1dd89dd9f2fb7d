use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use ureq::http::header::LOCATION;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::failure::Failure;
use super::{Body, FetchError, FetchErrorKind};
use crate::location::Url;
use crate::settings::Settings;

/// Most redirects that are followed.
const REDIRECTS: u32 = 5;
/// Most bytes of a checksum file: a line is about 100.
const TEXT: u64 = 64 * 1024;

/// Makes requests for one URL and what stands beside it.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    proxy: Option<Proxy>,
    settings: Settings,
}

impl Client {
    pub(crate) fn new(url: &Url, settings: &Settings) -> Result<Self, FetchError> {
        let proxy = if settings.proxy_from_environment { Proxy::try_from_env() } else { None };
        // A proxy may be spoken to over TLS too.
        let roots = if url.is_https() || proxy.is_some() {
            let fail = |kind| FetchError { url: url.shown(), proxy: None, kind };
            settings.roots.load().map_err(fail)?
        } else {
            RootCerts::new_with_certs(&[])
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .root_certs(roots);
        let agent = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(proxy.clone())
            .https_only(url.is_https())
            // Followed here: where they may lead depends on where they start.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("crdbctl/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(settings.connect))
            .timeout_send_request(Some(settings.silence))
            .timeout_recv_response(Some(settings.silence))
            .timeout_per_read(Some(settings.silence))
            .timeout_recv_body(Some(settings.body))
            .build()
            .new_agent();
        Ok(Self { agent, proxy, settings: settings.clone() })
    }

    /// Returns the body at a URL, whose bytes are still to come.
    ///
    /// Only the status 200 counts as one. The bytes come as the server has them: no encoding is undone.
    pub(crate) fn open(&self, url: &Url) -> Result<Body, FetchError> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            let failure = self.failure(&at);
            let response = self.agent.get(at.as_str()).call().map_err(|error| failure.of(error))?;
            let kind = match response.status().as_u16() {
                200 => return Ok(Body::new(response.into_body(), failure)),
                301 | 302 | 303 | 307 | 308 => {
                    let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let lost = || failure.error(FetchErrorKind::Other("it redirects to nowhere".to_owned()));
                    let to = at.redirected(location.ok_or_else(lost)?).map_err(|_| lost())?;
                    if to.is_https() == url.is_https() {
                        at = to;
                        continue;
                    }
                    FetchErrorKind::Redirect { to: to.shown() }
                }
                status @ (403 | 404 | 410) => FetchErrorKind::Absent { status, note: None },
                status => FetchErrorKind::Status { status },
            };
            return Err(failure.error(kind));
        }
        Err(self.failure(url).error(FetchErrorKind::Redirects(REDIRECTS)))
    }

    fn failure(&self, url: &Url) -> Failure {
        Failure {
            url: url.clone(),
            proxy: self.proxy_for(url),
            silence: self.settings.silence,
            connect: self.settings.connect,
        }
    }

    /// Returns a small text.
    pub(crate) fn text(&self, url: &Url) -> Result<String, FetchError> {
        let mut body = self.open(url)?;
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match body.read(&mut buffer)? {
                0 => break,
                count => bytes.extend_from_slice(&buffer[..count]),
            }
            if bytes.len() as u64 > TEXT {
                return Err(body.error(FetchErrorKind::TooLarge(TEXT)));
            }
        }
        String::from_utf8(bytes).map_err(|_| body.error(FetchErrorKind::NotText))
    }

    fn proxy_for(&self, url: &Url) -> Option<String> {
        let proxy = self.proxy.as_ref().filter(|proxy| !proxy.is_no_proxy(url.uri()))?;
        Some(format!("{}:{}", proxy.host(), proxy.port()))
    }
}
