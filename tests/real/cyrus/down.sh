#!/bin/bash
# Stops the Cyrus that up.sh started in CYRUS_STATE, by its process ids only. PURGE=1 removes the
# state as well.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/real/cyrus/where.sh
. "$HERE/where.sh"
pid=$(cat "$STATE/run/master.pid" 2>/dev/null | head -1 | tr -dc 0-9)
if is_ours "$pid"; then
  all=($pid $(children "$pid"))
  alive() { for one in "${all[@]}"; do is_ours "$one" && return; done; return 1; }
  # The services too: one with an open stream does not end by itself.
  for one in "${all[@]}"; do is_ours "$one" && kill "$one"; done
  for _ in $(seq 50); do alive || break; sleep 0.1; done
  for one in "${all[@]}"; do is_ours "$one" && kill -9 "$one"; done
fi
rm -f "$STATE/run/master.pid"
[ -z "${PURGE:-}" ] || rm -rf "$STATE"
