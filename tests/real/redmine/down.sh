#!/bin/bash
# Stops the Redmine that up.sh started, by its process id only.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/real/redmine/where.sh
. "$HERE/where.sh"
if is_puma; then
  pid=$(cat "$DIR/puma.pid")
  kill "$pid"
  for _ in $(seq 100); do is_puma || break; sleep 0.1; done
  is_puma && kill -9 "$pid"
fi
rm -f "$DIR/puma.pid"
