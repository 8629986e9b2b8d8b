# For up.sh and down.sh: the directory of the instance, and whether its server lives.
HERE=${HERE:?}
target=${CARGO_TARGET_DIR:-$HERE/../../../target}
DIR=$(realpath -m "${REDMINE_DIR:-$target/redmine}")
export REDMINE_DIR=$DIR

# A process id that the system has given to somebody else since is not ours.
is_puma() {
  local pid; pid=$(cat "$DIR/puma.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && grep -aq puma "/proc/$pid/cmdline" 2>/dev/null
}
