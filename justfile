# https://just.systems; everything here is a line of cargo that can be typed without just.

[private]
default:
    @just --list

# Compile everything without building it
[group("work")]
check:
    cargo check --workspace --all-targets --locked

# Run all tests, or those that the arguments of `cargo nextest run` name
[group("work")]
test *arguments:
    cargo xtask test {{ if arguments == "" { "" } else { "-- " + arguments } }}

# Format all code
[group("work")]
fmt:
    cargo fmt --all

# Look for what clippy and rustdoc complain about
[group("check")]
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked

# Judge the dependencies: licences, bans, sources
[group("check")]
deny:
    cargo deny --config .deny.toml check bans licenses sources

# Run all that a change must pass
[group("check")]
ci:
    .ci/run

# Show plan and apply on three hosts of this machine
[group("try")]
demo:
    cargo xtask demo

# Boot hosts, log in, remove them: `just lab up 3`, `just lab ssh store-1`, `just lab down`
[group("try")]
lab *arguments:
    cargo xtask lab {{ arguments }}

# Look whether the stand-in behaves as crdbctl relies on, or with `--archive FILE` a release
[group("check")]
conformance *arguments:
    cargo xtask conformance {{ arguments }}

# Pack the stand-in for cockroach as a published archive
[group("try")]
archive version directory:
    cargo xtask archive {{ version }} {{ directory }}
