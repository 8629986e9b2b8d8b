#!/bin/bash
# schemathesis (PyPI), which makes requests of an OpenAPI description and judges the answers, in a virtual
# environment of its own. The last line of its output is the program.
# SCHEMATHESIS_DIR  where it lives (default: schemathesis/ in cargo's target directory)
# Exit code 77: this machine cannot have it (no Python with venv, no PyPI); nothing was run.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
DIR=${SCHEMATHESIS_DIR:-$HERE/../../../target/tmp/schemathesis}
VERSION=4.32.5

skip() { echo "schemathesis: not run: $1" >&2; exit 77; }

if [ "$("$DIR/bin/schemathesis" --version 2>/dev/null)" != "schemathesis, version $VERSION" ]; then
  command -v python3 >/dev/null || skip "needs python3"
  rm -rf "$DIR"
  python3 -m venv "$DIR" >/dev/null 2>&1 || skip "needs python3 with venv"
  "$DIR/bin/pip" install --quiet "schemathesis==$VERSION" >"$DIR/log" 2>&1 ||
    { tail -3 "$DIR/log" >&2; skip "pip offers no schemathesis $VERSION"; }
fi
echo "$DIR/bin/schemathesis"
