# For up.sh and down.sh: the directory of the instance, and whether its server lives.
HERE=${HERE:?}
target=${CARGO_TARGET_DIR:-$HERE/../../../target}
DIR=$(realpath -m "${REDMINE_DIR:-$target/redmine}")
export REDMINE_DIR=$DIR

puma_pid() { cat "$DIR/puma.pid" 2>/dev/null || true; }
# A process id that the system has given to somebody else since is not ours.
is_puma() { [ -n "$1" ] && grep -aq puma "/proc/$1/cmdline" 2>/dev/null; }
