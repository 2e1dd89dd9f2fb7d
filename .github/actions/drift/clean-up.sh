#!/usr/bin/env bash
# Ends the agent that has the ssh key, and takes away what looking needed. To be run as often as one likes.
set -euo pipefail

shopt -s nullglob
for private in "$RUNNER_TEMP"/crdbctl-action.??????????; do
    if [ -e "$private/agent-pid" ]; then
        read -r agent <"$private/agent-pid"
        kill "$agent" 2>/dev/null || true
    fi
    if [ -e "$private/client-key" ]; then
        rm -f -- "$(cat "$private/client-key")"
    fi
    rm -rf -- "$private"
done
