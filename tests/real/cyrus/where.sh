# For up.sh and down.sh: where Debian's packages lie unpacked, where one server keeps its state, and
# how its processes are told from others.
HERE=${HERE:?}
target=${CARGO_TARGET_DIR:-$HERE/../../../target}
ROOT=$(realpath -m "${CYRUS_ROOT:-$target/cyrus}")
STATE=${CYRUS_STATE:?CYRUS_STATE is the directory of this one server}

# A process id that the system has given to somebody else since is not ours.
is_ours() { [ -n "$1" ] && grep -aqF "$STATE/imapd.conf" "/proc/$1/cmdline" 2>/dev/null; }
children() { cat "/proc/$1/task"/*/children 2>/dev/null || true; }
