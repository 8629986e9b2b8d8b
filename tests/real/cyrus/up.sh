#!/bin/bash
# A real mail server (Debian's Cyrus IMAP) for tests/real: JMAP and LMTP, on 127.0.0.1 only. The
# last line of its output says "JMAP-PORT LMTP-PORT". The user is "support", the password "secret".
#   up.sh           unpacks Debian's packages once, starts with an empty mailbox
#   KEEP=1 up.sh    starts again with the mailbox and the ports of the last time
# CYRUS_STATE   the directory of this one server, which the user "mail" can reach
# CYRUS_ROOT    where the packages are unpacked (default: cyrus/ in cargo's target directory)
# SMTP_PORT     where it hands outgoing mail to
# Exit code 77: this machine cannot have it (no root, no apt, no package); nothing was run.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/real/cyrus/where.sh
. "$HERE/where.sh"
: "${SMTP_PORT:?where outgoing mail goes}"
BIN=$ROOT/usr/lib/cyrus/bin
ENV=(env "LD_LIBRARY_PATH=$ROOT/usr/lib/$(uname -m)-linux-gnu")
NAME=mail.example.org
LIBRARIES=(sasl2-bin libsasl2-modules libsasl2-modules-db libpcre3 libical3 libshp2 libxapian30
  libwrap0 libzephyr4 libpq5 libjansson4 libnghttp2-14 libbrotli1 libldap-2.5-0 libsqlite3-0
  libicu72 libxml2 libkrb5-3 libzstd1 util-linux)

skip() { echo "real Cyrus: not run: $1" >&2; exit 77; }
have() { [ -x "$BIN/httpd" ] && command -v saslpasswd2 setpriv >/dev/null && [ -z "$(missing)" ]; }
missing() { for one in master httpd imapd lmtpd; do "${ENV[@]}" ldd "$BIN/$one"; done | grep 'not found' || true; }

# Unpacked, not installed: no daemon is enabled, and no mail server or user comes along.
get_packages() {
  have && return
  export DEBIAN_FRONTEND=noninteractive
  # An archive folder of our own: images made for containers end every apt run with
  # "rm /var/cache/apt/archives/*.deb", which empties a parallel run's downloads.
  local debs=$ROOT/debs; mkdir -p "$debs/partial"
  local apt=(apt-get -o DPkg::Lock::Timeout=900 -o Dir::Cache::archives="$debs" -o APT::Sandbox::User=root -y -qq)
  "${apt[@]}" update >"$debs/log" 2>&1 || true
  for package in cyrus-imapd "${LIBRARIES[@]}"; do
    [[ $(apt-cache policy "$package") == *"Candidate: "[0-9]* ]] || skip "apt offers no package $package"
  done
  for _ in 1 2 3; do
    "${apt[@]}" --no-install-recommends install "${LIBRARIES[@]}" >"$debs/log" 2>&1 &&
      (cd "$debs" && "${apt[@]}" download cyrus-common cyrus-imapd cyrus-caldav >log 2>&1) && break
    tail -5 "$debs/log" >&2; dpkg --configure -a || true
  done
  for deb in "$debs"/cyrus-*.deb; do dpkg-deb -x "$deb" "$ROOT"; done
  rm -rf "$debs"
  have || { echo "real Cyrus: programs or libraries are missing after three tries" >&2; missing >&2; exit 1; }
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Below the ports that the system gives to outgoing connections, so that none takes it meanwhile.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); is_open "$port"; do :; done
  echo "$port"
}

configure() {
  mkdir -p "$STATE"/{conf/socket,run/proc,run/lock,run/socket,spool}
  cat >"$STATE/imapd.conf" <<C
servername: $NAME
cyrus_user: mail
cyrus_group: mail
configdirectory: $STATE/conf
defaultpartition: default
partition-default: $STATE/spool
proc_path: $STATE/run/proc
mboxname_lockpath: $STATE/run/lock
lmtpsocket: $STATE/run/socket/lmtp
idlesocket: $STATE/run/socket/idle
notifysocket: $STATE/run/socket/notify
syslog_prefix: ticketd-test
admins: cyrus
altnamespace: yes
unixhierarchysep: yes
lmtp_downcase_rcpt: yes
duplicatesuppression: no
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $STATE/sasldb2
sasl_mech_list: PLAIN LOGIN
httpmodules: jmap
httpallowcompress: no
conversations: yes
conversations_db: twoskip
maxmessagesize: 104857600
jmap_max_size_upload: 102400
smtp_backend: host
smtp_host: 127.0.0.1:$SMTP_PORT/noauth
jmapsubmission_deleteonsend: no
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Sent|Drafts|Trash|Archive|Junk
autocreate_subscribe_folders: Sent|Drafts|Trash|Archive|Junk
xlist-sent: Sent
xlist-drafts: Drafts
xlist-trash: Trash
xlist-archive: Archive
xlist-junk: Junk
delete_mode: immediate
expunge_mode: delayed
C
  cat >"$STATE/cyrus.conf" <<C
START {
  recover cmd="$BIN/ctl_cyrusdb -C $STATE/imapd.conf -r"
}
SERVICES {
  imap cmd="$BIN/imapd -C $STATE/imapd.conf" listen="127.0.0.1:$1" proto="tcp4" prefork=1 maxchild=10
  http cmd="$BIN/httpd -C $STATE/imapd.conf" listen="127.0.0.1:$2" proto="tcp4" prefork=1 maxchild=20
  lmtp cmd="$BIN/lmtpd -C $STATE/imapd.conf -a" listen="127.0.0.1:$3" proto="tcp4" prefork=1 maxchild=10
}
EVENTS {
  checkpoint cmd="$BIN/ctl_cyrusdb -C $STATE/imapd.conf -c" period=30
}
C
  [ -f "$STATE/sasldb2" ] || printf secret | saslpasswd2 -p -c -u "$NAME" -f "$STATE/sasldb2" support
  chown -R mail:mail "$STATE"; chmod 755 "$STATE"
}

ready() { is_open "$1" && is_open "$2" && is_open "$3"; }
# Signing in makes the folders.
first_login() {
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'a LOGIN support secret\r\nb LOGOUT\r\n' >&3
  timeout 20 cat <&3 | tr -d '\r' | grep -q '^a OK'
  exec 3>&-
}

command -v apt-get >/dev/null || skip "needs Debian's apt-get"
[ "$(id -u)" = 0 ] || skip "needs root to install packages and to run as the user mail"
mkdir -p "$ROOT"
exec 9>"$ROOT/lock"; flock -w 900 9
get_packages
flock -u 9; exec 9>&-
MAIL=("${ENV[@]}" setpriv --reuid=mail --regid=mail --init-groups)
"${MAIL[@]}" test -x "$BIN/httpd" ||
  skip "the user mail cannot reach $ROOT; set CYRUS_ROOT to where it can"
"$HERE/down.sh"
[ -n "${KEEP:-}" ] || rm -rf "${STATE:?}"/{conf,run,spool,ports,sasldb2}
for _ in 1 2 3; do
  if ! read -r imap http lmtp 2>/dev/null <"$STATE/ports"; then
    imap=$(free_port) http=$(free_port) lmtp=$(free_port)
  fi
  configure "$imap" "$http" "$lmtp"
  "${MAIL[@]}" "$BIN/master" -C "$STATE/imapd.conf" \
    -M "$STATE/cyrus.conf" -p "$STATE/run/master.pid" -l 128 -d
  for _ in $(seq 200); do ready "$imap" "$http" "$lmtp" && break; sleep 0.05; done
  if ready "$imap" "$http" "$lmtp" && first_login "$imap"; then
    echo "$imap $http $lmtp" >"$STATE/ports"
    echo "$http $lmtp"
    exit 0
  fi
  "$HERE/down.sh"
done
echo "real Cyrus: it did not come up" >&2
exit 1
