//! Reads a certificates directory.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use x509_parser::prelude::FromDer;

use super::cert_file::{CertFile, Usage};
use super::principals::{PrincipalMap, go_list};
use super::{pem, permission};
use crate::release::Series;

/// How a directory is read.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Names that stand for others.
    pub(super) principal_map: PrincipalMap,
    /// The series decides about keys of root that the group may read.
    pub(super) series: Series,
    /// `COCKROACH_SKIP_KEY_PERMISSION_CHECK`.
    pub(super) skip_permissions: bool,
    /// Group of the process.
    pub(super) gid: u32,
}

/// What a directory holds, and what the real program would log about it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) files: Vec<CertFile>,
    pub(super) warnings: Vec<String>,
}

/// Reads every `.crt` file and its key. A missing directory is an empty one.
///
/// # Errors
/// When the directory exists and cannot be listed.
pub(super) fn load(dir: &Path, rules: &Rules) -> io::Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut names = match std::fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(loaded),
        Err(error) => return Err(error),
    };
    names.sort();
    for name in names {
        let Some(name) = name.to_str().filter(|name| name.ends_with(".crt")) else {
            continue;
        };
        let path = dir.join(name);
        if std::fs::symlink_metadata(&path)?.is_dir() {
            continue;
        }
        match Usage::of(name) {
            Ok((usage, user)) => {
                let file = read(dir, name, usage, user, rules);
                loaded.warnings.extend(
                    file.error.as_ref().map(|why| format!("bad certificate {}: {why}", path.display())),
                );
                loaded.files.push(file);
            }
            Err(why) => loaded.warnings.push(format!("bad filename {}: {why}", path.display())),
        }
    }
    Ok(loaded)
}

fn read(dir: &Path, file_name: &str, usage: Usage, name: String, rules: &Rules) -> CertFile {
    let mut file = CertFile {
        usage,
        name,
        file_name: file_name.to_owned(),
        certificates: Vec::new(),
        key_pem: Vec::new(),
        expires: 0,
        principals: Vec::new(),
        error: None,
    };
    let outcome = parse(dir, &mut file, rules).and_then(|()| find_key(dir, &mut file, rules));
    file.error = outcome.err();
    file
}

fn parse(dir: &Path, file: &mut CertFile, rules: &Rules) -> Result<(), String> {
    let name = file.file_name.clone();
    // An unreadable file is treated as an empty one, as the real program does after a warning.
    let text = std::fs::read(dir.join(&name)).unwrap_or_default();
    if text.is_empty() {
        return Err(format!("empty certificate file: {name}"));
    }
    file.certificates = pem::certificates(&text)
        .map_err(|why| format!("failed to parse certificate file {name} as PEM: {why}"))?;
    if file.certificates.is_empty() {
        return Err(format!("no certificates found in {name}"));
    }
    for (number, der) in file.certificates.iter().enumerate() {
        let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der)
            .map_err(|why| format!("failed to parse certificate {number} in file {name}: {why}"))?;
        if number > 0 {
            continue;
        }
        file.expires = certificate.validity().not_after.timestamp();
        file.principals = rules.principal_map.principals(&certificate, rules.series);
        if file.usage == Usage::Client && !file.principals.contains(&file.name) {
            let principals = go_list(&file.principals);
            return Err(format!(
                "failed to validate certificate 0 in file {name}: client certificate has principals {principals}, expected {:?}",
                file.name
            ));
        }
    }
    Ok(())
}

fn find_key(dir: &Path, file: &mut CertFile, rules: &Rules) -> Result<(), String> {
    if file.usage.is_ca() {
        return Ok(());
    }
    let path = dir.join(&file.file_name).with_extension("key");
    let shown = path.display().to_string();
    let stat = std::fs::metadata(&path)
        .map_err(|why| format!("could not stat key file {shown}: stat {shown}: {}", go_io(&why)))?;
    if !stat.is_file() {
        return Err(format!("key file {shown} is not a regular file"));
    }
    if !rules.skip_permissions {
        let key = permission::KeyFile { mode: stat.mode(), uid: stat.uid(), gid: stat.gid() };
        permission::check(&shown, key, rules.gid, rules.series >= Series::new(21, 2))?;
    }
    file.key_pem = std::fs::read(&path)
        .map_err(|why| format!("could not read key file {shown}: open {shown}: {}", go_io(&why)))?;
    Ok(())
}

/// The words of Go's syscall errors.
fn go_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
