#!/usr/bin/env bash
# Builds crdbctl from the source that this action came with, so that what runs is what the action was pinned to.
set -euo pipefail

source=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
target=$RUNNER_TEMP/crdbctl-target
if ! command -v cargo >/dev/null; then
    echo "::error::There is no cargo here to build crdbctl with. Give the input crdbctl a program, or install Rust."
    exit 1
fi
cargo build --release --locked --package crdbctl --manifest-path "$source/Cargo.toml" --target-dir "$target"
echo "crdbctl=$target/release/crdbctl" >>"$GITHUB_OUTPUT"
