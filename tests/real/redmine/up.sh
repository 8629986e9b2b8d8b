#!/bin/bash
# A real Redmine (Debian's packages) for tests/real, on 127.0.0.1 only. The last line of its output,
# and the file "url" in its directory, are the address.
#   up.sh           installs what is missing, builds the seed once, starts, waits for the API
#   RESET=1 up.sh   the same, from the pristine seed
# REDMINE_DIR   where all state lives (default: redmine/ in cargo's target directory)
# REDMINE_PORT  default: a free one
# Exit code 77: this machine cannot have it (no root, no apt, no package); nothing was run.
# Keys: admin ad*20, bot b0*20, alice a1*20, bob b1*20; anonymous may read the project helpdesk.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/real/redmine/where.sh
. "$HERE/where.sh"
PKGS=(redmine redmine-sqlite dbconfig-no-thanks puma curl)
ADMIN_KEY=$(printf 'ad%.0s' {1..20})

skip() { echo "real Redmine: not run: $1" >&2; exit 77; }
have() {
  [ "$(dpkg-query -W -f='${db:Status-Status}\n' "${PKGS[@]}" 2>/dev/null | grep -cx installed)" = ${#PKGS[@]} ]
}

install_packages() {
  command -v apt-get >/dev/null || skip "needs Debian's apt-get"
  have && return
  [ "$(id -u)" = 0 ] || skip "needs root to install ${PKGS[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # An archive folder of our own: images made for containers end every apt run with
  # "rm /var/cache/apt/archives/*.deb", which empties a parallel run's downloads.
  local debs=$DIR/debs; mkdir -p "$debs/partial"
  local apt=(apt-get -o DPkg::Lock::Timeout=900 -o Dir::Cache::archives="$debs" -o APT::Sandbox::User=root -y -qq)
  "${apt[@]}" update >"$debs/log" 2>&1 || true
  [[ $(apt-cache policy redmine) == *"Candidate: "[0-9]* ]] || skip "apt offers no package redmine"
  for _ in 1 2 3; do
    "${apt[@]}" --no-install-recommends install "${PKGS[@]}" >"$debs/log" 2>&1 && break
    tail -5 "$debs/log" >&2; dpkg --configure -a || true
  done
  rm -rf "$debs"
  have || { echo "real Redmine: packages are missing after three tries" >&2; exit 1; }
}

rails_env() {
  export RAILS_ENV=production LANG=C.UTF-8 TZ=UTC       # times are stored in the server's zone
  export REDMINE_INSTANCE="../../../..$DIR"             # joined to /usr/share/redmine/instances/
  export BUNDLE_GEMFILE="$DIR/Gemfile"                  # the package's lock file has no sqlite3
  unset RUBYOPT GEM_HOME GEM_PATH BUNDLE_PATH X_DEBIAN_SITEID || true
}

build_seed() {
  local want; want="$(dpkg-query -W -f='${Version}' redmine) $(sha256sum <"$HERE/seed.rb") $DIR"
  [ "$(cat "$DIR/seed.stamp" 2>/dev/null)" = "$want" ] && return
  rm -rf "$DIR"/{config,log,files,tmp,public,db,Gemfile*,seed.*}
  mkdir -p "$DIR"/{config,log,files,tmp/cache,public/plugin_assets,db}
  printf 'production:\n  adapter: sqlite3\n  database: %s/db/redmine.sqlite3\n  timeout: 5000\n' "$DIR" >"$DIR/config/database.yml"
  head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$DIR/config/secret_key.txt"
  printf '%s\n' "eval_gemfile '/usr/share/redmine/Gemfile'" "gem 'sqlite3'" "gem 'puma'" >"$DIR/Gemfile"
  ruby "$HERE/seed.rb" >"$DIR/log/seed.log" 2>&1 || { cat "$DIR/log/seed.log" >&2; exit 1; }
  mv "$DIR/db/redmine.sqlite3" "$DIR/seed.sqlite3"
  echo "$want" >"$DIR/seed.stamp"
}

url() { echo "http://127.0.0.1:$REDMINE_PORT"; }
ready() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "X-Redmine-API-Key: $ADMIN_KEY" "$(url)/users/current.json")" = 200 ]; }
free_port() { ruby -rsocket -e 's = TCPServer.new("127.0.0.1", 0); puts s.addr[1]'; }

mkdir -p "$DIR"
exec 9>"$DIR/lock"; flock -w 900 9
install_packages
rails_env
last=$(cat "$DIR/port" 2>/dev/null || true)
if [ -z "${RESET:-}" ] && [ -n "$last" ] && [ "${REDMINE_PORT:-$last}" = "$last" ] && is_puma "$(puma_pid)"; then
  wanted=${REDMINE_PORT:-} REDMINE_PORT=$last
  if ready; then url; exit 0; fi
  REDMINE_PORT=$wanted
fi
"$HERE/down.sh"
export REDMINE_PORT=${REDMINE_PORT:-$(free_port)}
build_seed
if [ -n "${RESET:-}" ] || [ ! -f "$DIR/db/redmine.sqlite3" ]; then
  rm -rf "$DIR/files" "$DIR/tmp/cache" "$DIR"/db/redmine.sqlite3*
  mkdir -p "$DIR/files" "$DIR/tmp/cache"
  cp "$DIR/seed.sqlite3" "$DIR/db/redmine.sqlite3"
fi
cd /usr/share/redmine
setsid puma -C "$HERE/puma.rb" config.ru >"$DIR/log/puma.log" 2>&1 </dev/null 9>&- &
pid=$!
deadline=$((SECONDS + 120))
until ready; do
  kill -0 $pid 2>/dev/null || { cat "$DIR/log/puma.log" >&2; exit 1; }
  [ $SECONDS -lt $deadline ] || { echo "real Redmine: not ready in 120 s" >&2; "$HERE/down.sh"; exit 1; }
  sleep 0.1
done
echo "$REDMINE_PORT" >"$DIR/port"
url | tee "$DIR/url"
