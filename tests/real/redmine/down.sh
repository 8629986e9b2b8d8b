#!/bin/bash
# Stops the Redmine that up.sh started, by its process id only.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/real/redmine/where.sh
. "$HERE/where.sh"
pid=$(puma_pid)                      # puma removes the file before it has ended
if is_puma "$pid"; then
  kill "$pid"
  for _ in $(seq 100); do is_puma "$pid" || break; sleep 0.1; done
  is_puma "$pid" && kill -9 "$pid"
fi
rm -f "$DIR/puma.pid"
