//! How long a real archive takes: `cargo test --release -p crdbctl-release -- --ignored --nocapture measure`.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use super::archive_builder::{ArchiveBuilder, elf};
use super::scene::Scene;

/// About as large as a published archive, packed and unpacked.
#[test]
#[ignore = "takes seconds and 150 MB of disk; for measuring only"]
fn measure() {
    let mut scene = Scene::new();
    scene.settings.doubt = Duration::ZERO;
    let mut program = elf(62);
    let mut state = 1_u64;
    while program.len() < 420 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        program.extend(state.to_be_bytes());
        program.extend([b'x'; 14]);
    }
    let bytes = ArchiveBuilder::default().file("cockroach", 0o755, &program).tgz();
    scene.archive(&bytes);
    File::open(scene.manifests()).unwrap().sync_all().unwrap();
    let mut out = std::io::stderr();
    writeln!(out, "{} MB packed, {} MB unpacked", bytes.len() >> 20, program.len() >> 20).unwrap();
    for what in ["first", "again"] {
        let started = Instant::now();
        scene.local().unwrap();
        writeln!(out, "{what}: {:?}", started.elapsed()).unwrap();
    }
    scene.archive(&bytes);
    let started = Instant::now();
    scene.local().unwrap();
    writeln!(out, "touched: {:?}", started.elapsed()).unwrap();
}
