//! The environment's proxy. A process' own environment cannot be changed safely, so these run themselves again.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use crdbctl_model::Digest;

use super::scene::Scene;

/// Returns what is said of a URL on a host that is nowhere, when the environment names a proxy that refuses,
/// and what that proxy was asked.
fn asked(url: &str, no_proxy: &str) -> (String, Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        reader.read_line(&mut asked).unwrap();
        let mut header = String::from("some");
        while !header.trim_end().is_empty() {
            header.clear();
            reader.read_line(&mut header).unwrap();
        }
        if asked.starts_with("CONNECT") {
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
        asked.trim_end().to_owned()
    });
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "tests::proxy::child", "--ignored", "--nocapture"]);
    for name in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"]
    {
        child.env_remove(name);
    }
    child.env("CRDBCTL_TEST_URL", url).env("HTTPS_PROXY", format!("http://me:secret@{address}"));
    let output = child.env("NO_PROXY", no_proxy).output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let said =
        output.lines().find_map(|line| line.split_once("said: ")).unwrap_or_else(|| panic!("{output}")).1;
    let said = said.replace(&address.to_string(), "<proxy>");
    // Nobody asked the proxy: then this does.
    drop(std::net::TcpStream::connect(address));
    let asked = proxy.join().unwrap();
    (said, Some(asked).filter(|asked| !asked.is_empty()))
}

#[test]
#[ignore = "run by the others, with an environment"]
fn child() {
    let Ok(url) = std::env::var("CRDBCTL_TEST_URL") else { return };
    let mut scene = Scene::new();
    scene.settings.proxy_from_environment = true;
    let mut request = scene.request(&url);
    request.sha256 = Some(Digest::of(""));
    println!("\nsaid: {}", scene.resolve(&request).unwrap_err());
}

#[test]
fn the_proxy_of_the_environment_is_used() {
    let (said, asked) = asked("https://nowhere.invalid/a.tgz", "");
    assert_eq!(asked.as_deref(), Some("CONNECT nowhere.invalid:443 HTTP/1.1"));
    assert!(!said.contains("secret"), "{said}");
    insta::assert_snapshot!(said, @"https://nowhere.invalid/a.tgz cannot be downloaded through the proxy <proxy> that the environment names: the proxy does not let it through: proxy server responded 403/403");
}

#[test]
fn hosts_without_a_proxy_are_reached_without() {
    let (said, asked) = asked("https://nowhere.invalid/a.tgz", "localhost,.invalid");
    assert_eq!(asked, None);
    assert!(said.contains("the name nowhere.invalid cannot be looked up"), "{said}");
    assert!(!said.contains("proxy"), "{said}");
}
