use crate::decode::Decoder;
use crate::manifest::node::Draft;
use crate::manifest::{Certificates, PeerName};
use crate::{Diagnostic, Span};

/// Users with all rights, whoever gets a certificate.
const PRIVILEGED: [&str; 2] = ["root", "node"];

/// Checks that no name in a node's certificate is a SQL user's too.
///
/// CockroachDB takes every DNS name of a certificate for a user that its bearer may log in as
/// (pkg/security/auth.go), so whoever holds a node's key would be that user.
pub(in crate::manifest) fn principals(decoder: &mut Decoder, certificates: &Certificates, nodes: &[Draft]) {
    let mut names: Vec<(String, Span)> = Vec::new();
    for node in nodes {
        names.extend(node.name.as_ref().map(|name| (name.to_string(), name.span)));
        names.extend(node.hostname.as_ref().and_then(|host| dns(&host.value, host.span)));
    }
    names.extend(certificates.extra_names.iter().filter_map(|name| dns(&name.value, name.span)));
    for (name, span) in &names {
        let client = certificates.clients.iter().find(|client| client.as_str().eq_ignore_ascii_case(name));
        let is_privileged = PRIVILEGED.iter().any(|user| name.eq_ignore_ascii_case(user));
        if client.is_none() && !is_privileged {
            continue;
        }
        let message = format!(
            "`{name}` is a SQL user too: CockroachDB would take a node's certificate for that user's"
        );
        let mut diagnostic = Diagnostic::new(*span, message).help("give the host another name");
        // Without a list of clients its place is that of the whole section.
        if let Some(client) =
            client.filter(|client| client.span.start >= span.end || client.span.end <= span.start)
        {
            diagnostic = diagnostic.related(client.span, "the client");
        }
        decoder.report(diagnostic);
    }
    // Every node's certificate has this name, whatever the manifest says.
    if let Some(client) = certificates.clients.iter().find(|client| client.as_str() == "localhost") {
        decoder.report(
            Diagnostic::new(client.span, "`localhost` is a name in every node's certificate: CockroachDB would take that for the user's")
                .help("give the user another name"),
        );
    }
}

fn dns(name: &PeerName, span: Span) -> Option<(String, Span)> {
    match name {
        PeerName::Dns(name) => Some((name.clone(), span)),
        PeerName::Address(_) => None,
    }
}
