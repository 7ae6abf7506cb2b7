# shellcheck shell=bash
# sallyport in the lab's server: policies, applies, leases given by hand, and the
# TLS servers that earn them.
. "$(dirname "${BASH_SOURCE[0]}")/net.sh"

POLICY=$TEST_TMP/policy.ini
NAME=www.example.com

# firewall_lab: the lab, and a sallyport to run in it.
firewall_lab() {
	need_sallyport
	lab
}

# policy <TEXT: the policy from now on.
policy() {
	{
		printf '[policy]\nversion = 1\n'
		cat
	} >"$POLICY"
}

# sp COMMAND [OPTION...] [OPERAND...]: on the server, state and run directories
# of this test.
sp() {
	local command=$1
	shift
	in_host server timeout 120 "$SALLYPORT" "$command" --state "$STATE" --run "$RUN" "$@"
}

# apply [OPTION...]: the policy, without asking any server.
apply() {
	check_exit 0 "apply ${*:+$* }--no-verify" sp apply --no-verify "$@" "$POLICY"
}

# A lease given by hand, tcp 443 1h: tests of packets need no TLS server, and
# `--no-verify` keeps it.
lease() {
	in_host server nft add element inet sallyport verified "{ $1 . $2 timeout ${3:-1h} }" ||
		abort "cannot add a lease for $2/$1"
}

lease_end() {
	in_host server nft delete element inet sallyport verified "{ $1 . $2 }" ||
		abort "cannot end the lease of $2/$1"
}

ruleset() { in_host server nft "$@" list ruleset; }

# The ruleset without what moves by itself: time left, counts, and the thirty
# seconds of grace that the first load gives.
shape() {
	ruleset -a | sed -E 's/ expires [0-9a-z]+//g; s/packets [0-9]+ bytes [0-9]+//
		/elements = \{ tcp timeout 30s \}/d'
}

# counter NAME: packets counted so far.
counter() {
	in_host server nft list counter inet sallyport "$1" |
		sed -nE 's/.*packets ([0-9]+).*/\1/p'
}

# traced FILE COMMAND...: under strace, netlink decoded. LeakSanitizer cannot
# work under ptrace.
traced() {
	local file=$1
	shift
	in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
		strace -f -qq -e trace=sendto,sendmsg,write -s 64 -o "$file" "$@"
}

# Batches of nf_tables messages that were sent. strace names no types on a socket
# of another network namespace than its own: 0x10 is NFNL_MSG_BATCH_BEGIN.
batches() { grep -cE 'nlmsg_type=(NFNL_MSG_BATCH_BEGIN|0x10 )' "$1"; }

# --- TLS servers -----------------------------------------------------------

PKI=$TEST_TMP/pki
# certificates LEAF...: pki.sh's, for www.example.com.
certificates() {
	need_command openssl
	SP_PKI_NAME=$NAME "$SP_ROOT/tests/tls/pki.sh" make "$PKI" "$@" ||
		abort "cannot make certificates"
}

# web NAME LEAF LISTEN...: nginx with that certificate; LISTEN as nginx has it.
# Its last LISTEN's port is waited for.
web() { web_on server "$@"; }

# web_on HOST NAME LEAF LISTEN...
web_on() {
	local where=$1 name=$2 leaf=$3 listen lines=
	shift 3
	need_command nginx
	for listen; do
		lines+="listen $listen ssl; "
	done
	mkdir -p "$TEST_TMP/$name"
	cat >"$TEST_TMP/$name/nginx.conf" <<-END
		daemon off;
		user root;
		worker_processes 1;
		pid $TEST_TMP/$name/pid;
		events {}
		http {
			access_log off;
			client_body_temp_path $TEST_TMP/$name;
			proxy_temp_path $TEST_TMP/$name;
			fastcgi_temp_path $TEST_TMP/$name;
			uwsgi_temp_path $TEST_TMP/$name;
			scgi_temp_path $TEST_TMP/$name;
			server {
				$lines
				ssl_protocols TLSv1.2 TLSv1.3;
				ssl_certificate $PKI/$leaf.pem;
				ssl_certificate_key $PKI/$leaf.key;
				return 200 "$name says hello\n";
			}
		}
	END
	server_start "$name" "$where" nginx -e "$TEST_TMP/$name/error.log" -c "$TEST_TMP/$name/nginx.conf"
	wait_for_port "$where" tcp "${listen##*:}"
}

# web_reload NAME: nginx takes up what was changed; until no worker of before is left,
# which would answer with the old certificate.
web_reload() {
	local master=pid_$1 before
	master=${!master}
	before=$(pgrep -P "$master") || abort "nginx $1 has no worker"
	kill -HUP "$master"
	wait_until 20 web_is_reloaded "$master" "$before" || abort "nginx $1 does not reload"
}

web_is_reloaded() { # MASTER, WORKERS OF BEFORE
	local workers
	workers=$(pgrep -P "$1") && ! grep -qxF "$2" <<<"$workers"
}

# ssl3_only NAME LEAF PORT: NSS selfserv, on every IPv4 address.
ssl3_only() {
	need_command selfserv certutil pk12util
	"$SP_ROOT/tests/tls/pki.sh" nss "$PKI" "$2" || abort "cannot make an NSS database"
	server_start "$1" server selfserv -d "sql:$PKI/$2.nssdb" -n "$2" -p "$3" -V ssl3:ssl3
	wait_for_port server tcp "$3"
}

# relay NAME ADDRESS:PORT TARGET:PORT [INTERFACE]: what listens at ADDRESS, on that
# interface alone, is what TARGET says.
relay() {
	server_start "$1" server /usr/bin/python3 "$packets" relay "${@:2}"
	wait_until 10 grep -q '^ready' "$TEST_TMP/$1.log" || abort "the relay $1 does not start"
}

# page SOURCE ADDRESS PORT [CURL-OPTION...]: what a browser gets, by name, from
# one of the client's addresses.
page() {
	local source=$1 address=$2 port=$3
	shift 3
	[[ $address != *:* ]] || address="[$address]"
	in_host client curl --silent --show-error --max-time 3 --interface "$source" \
		--cacert "$PKI/root.pem" --resolve "$NAME:$port:$address" "$@" "https://$NAME:$port/"
}
