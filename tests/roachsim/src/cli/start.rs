//! `cockroach start`: from flags to a server's configuration.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::parse::Given;
use super::value::{Address, StoreSpec};
use crate::certs::PrincipalMap;
use crate::release::{Release, Series};
use crate::server::{self, StartConfig, Tuning};

const RPC_PORT: &str = "26257";
const HTTP_PORT: &str = "8080";

/// Starts a server and runs it to its end.
pub(super) fn run(release: Release, given: &Given) -> Result<(), Failure> {
    let config = config(release, given).map_err(Failure::framed)?;
    server::run(config).map_err(|failure| match failure.severity {
        super::failure::Severity::Error => failure.framed(),
        super::failure::Severity::Info => failure,
    })
}

fn config(release: Release, given: &Given) -> Result<StartConfig, Failure> {
    let join = join(given)?;
    // Before v20.2 a node without --join made a cluster of its own. An empty list is a list.
    let self_init = !given.has("join") && release.series < Series::new(20, 2);
    if !given.has("join") && !self_init {
        return Err(Failure::new("no --join flags provided to 'cockroach start'")
            .hint("Consider using 'cockroach init' or 'cockroach start-single-node' instead"));
    }
    let listen = address(
        given,
        "listen-addr",
        ("host", "port"),
        &Address { host: String::new(), port: RPC_PORT.to_owned() },
    )?;
    let advertise = address(given, "advertise-addr", ("advertise-host", "advertise-port"), &listen)?;
    let advertise = named(advertise);
    let http_default = Address { host: listen.host.clone(), port: HTTP_PORT.to_owned() };
    let http = address(given, "http-addr", ("http-host", "http-port"), &http_default)?;
    let sql = match given.last("sql-addr") {
        Some(text) => Some(over(parse(text)?, &listen)),
        None => None,
    };
    let advertise_sql = match (given.last("advertise-sql-addr"), &sql) {
        (Some(text), _) => over(parse(text)?, &advertise),
        (None, Some(sql)) => Address { host: advertise.host.clone(), port: sql.port.clone() },
        (None, None) => advertise.clone(),
    };
    let stores = stores(given)?;
    let home = std::env::var("HOME").unwrap_or_default();
    let certs_dir =
        given.last("certs-dir").map_or_else(|| Path::new(&home).join(".cockroach-certs"), PathBuf::from);
    let map = given.last("cert-principal-map").unwrap_or_default();
    Ok(StartConfig {
        release,
        join,
        self_init,
        listen,
        advertise,
        sql,
        advertise_sql,
        http,
        certs_dir,
        principal_map: PrincipalMap::parse(map).map_err(Failure::new)?,
        log_dir: log_dir(given, &stores),
        stores,
        attrs: given.last("attrs").unwrap_or_default().to_owned(),
        locality: given.last("locality").unwrap_or_default().to_owned(),
        cluster_name: given.last("cluster-name").unwrap_or_default().to_owned(),
        check_cluster_name: !given.is_on("disable-cluster-name-verification"),
        pid_file: given.last("pid-file").map(PathBuf::from),
        spatial_libs: given.last("spatial-libs").map(PathBuf::from).or_else(beside_binary),
        tuning: Tuning::from_env().map_err(Failure::new)?,
    })
}

fn parse(text: &str) -> Result<Address, Failure> {
    Address::parse(text, "").map_err(Failure::new)
}

/// An address with its empty parts taken from another.
fn over(address: Address, default: &Address) -> Address {
    Address {
        host: if address.host.is_empty() { default.host.clone() } else { address.host },
        port: if address.port.is_empty() { default.port.clone() } else { address.port },
    }
}

/// An address by its flag, else by the old pair of host and port flags.
fn address(given: &Given, flag: &str, old: (&str, &str), default: &Address) -> Result<Address, Failure> {
    let by_host = given.last(flag).or_else(|| given.last(old.0)).map(parse).transpose()?;
    let mut address = over(by_host.unwrap_or(Address { host: String::new(), port: String::new() }), default);
    if let Some(port) = given.last(old.1) {
        port.clone_into(&mut address.port);
    }
    Ok(address)
}

/// Without a host the node advertises the name of its machine.
fn named(mut address: Address) -> Address {
    if matches!(address.host.as_str(), "" | "0.0.0.0" | "::") {
        address.host =
            std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    }
    address
}

fn join(given: &Given) -> Result<Vec<Address>, Failure> {
    let words = given
        .all("join")
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words.map(|word| Address::parse(word, RPC_PORT).map_err(Failure::new)).collect()
}

fn stores(given: &Given) -> Result<Vec<StoreSpec>, Failure> {
    let words = given.all("store");
    let default = ["cockroach-data".to_owned()];
    let words = if words.is_empty() { default.as_slice() } else { words };
    let mut stores = Vec::new();
    for word in words {
        let mut spec = StoreSpec::parse(word).map_err(Failure::new)?;
        let path = std::path::absolute(&spec.path)
            .map_err(|error| Failure::new(format!("{}: {error}", spec.path)))?;
        spec.path = path.display().to_string();
        stores.push(spec);
    }
    Ok(stores)
}

/// `--log-dir`, else the first `dir:` in `--log`, else `logs` in the first store; an empty one means none.
fn log_dir(given: &Given, stores: &[StoreSpec]) -> Option<PathBuf> {
    if let Some(dir) = given.last("log-dir") {
        return (!dir.is_empty()).then(|| PathBuf::from(dir));
    }
    let configured = given.last("log").and_then(|text| {
        let (_, after) = text.split_once("dir:")?;
        let dir: String = after
            .trim_start()
            .trim_start_matches(['\'', '"'])
            .chars()
            .take_while(|c| !",'\"}\n ".contains(*c))
            .collect();
        (!dir.is_empty()).then(|| PathBuf::from(dir))
    });
    configured.or_else(|| Some(Path::new(&stores.first()?.path).join("logs")))
}

/// `lib` beside the binary, where an archive has it; the real program looks in `/usr/local/lib/cockroach` first.
fn beside_binary() -> Option<PathBuf> {
    let installed = PathBuf::from("/usr/local/lib/cockroach");
    if installed.is_dir() {
        Some(installed)
    } else {
        Some(std::env::current_exe().ok()?.parent()?.join("lib"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::parse as parse_flags;
    use crate::cli::start_flags::START;

    fn read(line: &str) -> Result<StartConfig, Failure> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let release: Release = "v24.1.0".parse().unwrap();
        let given = parse_flags(START, release.series, &words)
            .map_err(|why| why.into_failure("start", release.series))?;
        config(release, &given)
    }

    #[test]
    fn old_and_new_spellings_of_addresses_mean_the_same() {
        for line in [
            "--join=a --listen-addr=10.0.0.1:1234 --http-addr=10.0.0.1:80",
            "--join=a --host=10.0.0.1 --port=1234 --http-host=10.0.0.1 --http-port=80",
            "--join=a --host 10.0.0.1:1234 --http-addr=:80",
        ] {
            let config = read(line).unwrap();
            assert_eq!(config.listen.to_string(), "10.0.0.1:1234", "{line}");
            assert_eq!(config.advertise.to_string(), "10.0.0.1:1234", "{line}");
            assert_eq!(config.http.to_string(), "10.0.0.1:80", "{line}");
        }
    }

    #[test]
    fn defaults_follow_the_listen_address() {
        let config = read("--join=a,b:2 --join=c --listen-addr=10.0.0.1 --advertise-addr=node1").unwrap();
        assert_eq!(config.advertise.to_string(), "node1:26257");
        assert_eq!(config.advertise_sql.to_string(), "node1:26257");
        assert_eq!(config.http.to_string(), "10.0.0.1:8080");
        let join: Vec<String> = config.join.iter().map(ToString::to_string).collect();
        assert_eq!(join, ["a:26257", "b:2", "c:26257"]);
        let config = read("--join=a --listen-addr=10.0.0.1:36257 --sql-addr=:26257").unwrap();
        assert_eq!(config.sql.unwrap().to_string(), "10.0.0.1:26257");
        assert_eq!(config.advertise_sql.to_string(), "10.0.0.1:26257");
    }

    #[test]
    fn join_is_required() {
        let failure = read("--listen-addr=10.0.0.1").unwrap_err();
        assert_eq!(failure.message, "no --join flags provided to 'cockroach start'");
        assert!(read("--join=").unwrap().join.is_empty());
    }

    #[test]
    fn logs_go_where_they_are_told() {
        let dir = |line: &str| read(&format!("--join=a --store=/data {line}")).unwrap().log_dir;
        assert_eq!(dir(""), Some(PathBuf::from("/data/logs")));
        assert_eq!(dir("--log-dir=/var/log/c"), Some(PathBuf::from("/var/log/c")));
        assert_eq!(dir("--log-dir="), None);
        assert_eq!(dir("--log=file-defaults:{dir:'/var/log/c'}"), Some(PathBuf::from("/var/log/c")));
    }
}
