#!/bin/bash
# A host with the servers that people run: discover, check, apply, and all of them
# can be reached from another host, and nothing else.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command nginx sshd postfix slapd nmap psql ldapsearch ssh ssh-keygen
[[ -x $(daemon_command postgres) ]] || skip "PostgreSQL 15 is not installed"
firewall_lab
certificates good

# sshd at one address alone, as behind a management network.
serve_sshd() { # port address
	daemon_home "$1" none
	ssh-keygen -q -t ed25519 -N '' -f "$home/host" || abort "no host key"
	printf '%s\n' "Port $1" "ListenAddress $2" "HostKey $home/host" "PidFile none" \
		"UsePAM no" "StrictModes no" >"$home/sshd_config"
	# It wants /run/sshd; mounts of `ip netns exec` are seen by what it starts alone.
	server_start "sshd_$1" server "$BASH" -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd &&
		exec /usr/sbin/sshd -D -e -f "$0"' "$home/sshd_config"
}
modern='smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL'
gnutls='TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3'
web site good 0.0.0.0:443 '[::]:443'
serve_sshd 22 $S4
serve_postfix 25 good "$modern"
serve_slapd 389 good "$gnutls; security simple_bind=128"
serve_postgres 5432 good
answer_local() { server_start local server /usr/bin/python3 -c '
import socket, time
held = [socket.create_server(("127.0.0.1", 6379)), socket.create_server(("::1", 6379), family=socket.AF_INET6)]
time.sleep(600)'; }
answer_local
for port in 22 25 389 443 5432 6379; do
	wait_for_port server tcp $port
done

check_exit 0 "discover" sp discover --ca "$PKI/root.pem"
cp "$TEST_TMP/.output" "$POLICY"
sed 's/^/     /' "$POLICY"
check_exit 0 "check of its policy, strictly" sp check --strict "$POLICY"
check_equal "exactly these services" "ssh smtp ldap https postgresql" \
	"$(sed -nE 's/^\[service (.*)\]$/\1/p' "$POLICY" | xargs)"
section() { sed -nE "/^\[service $1\]/,/^$/p" "$POLICY"; }
for service in smtp ldap postgresql; do
	check_match "$service upgrades to TLS" '^tls = starttls$' "$(section $service)"
done
check_no_match "all of which passes" '^# WARNING|^on_fail' "$(<"$POLICY")"
check_match "ssh stays where it is" "^to = $S4\$" "$(section ssh)"
check_match "what is bound to loopback is left out" '^# 6379/tcp at 127\.0\.0\.1, ::1 ' "$(<"$POLICY")"
for owner in nginx sshd master slapd postgres; do
	check_match "the owner of a port is named: $owner" "^# $owner\[[0-9]+\], uid [0-9]+, at " "$(<"$POLICY")"
done

# Whoever starts later is not let in.
answer server tcp/8080 tcp/3306 udp/53
check_exit 0 "apply" sp apply "$POLICY"
cat "$TEST_TMP/.output"

trusting() { in_host client env LDAPTLS_CACERT="$PKI/root.pem" timeout 10 "$@"; }
check_equal "nginx: a page" "site says hello" "$(page "$B4" $S4 443 2>&1)"
check_equal "nginx: over IPv6" "site says hello" "$(page "$B6" $S6 443 2>&1)"
check_match "sshd: its greeting" '^SSH-2\.0-OpenSSH' \
	"$(in_host client timeout 5 "$BASH" -c "exec 3<>/dev/tcp/$S4/22 && head -n 1 <&3" 2>&1)"
check_match "sshd: its key" 'ssh-ed25519' "$(in_host client timeout 10 ssh-keyscan -t ed25519 $S4 2>/dev/null)"
check_match "postfix: TLS behind STARTTLS" 'Verify return code: 0' "$(trusting openssl s_client \
	-connect $S4:25 -starttls smtp -servername $NAME -verify_hostname $NAME -CAfile "$PKI/root.pem" </dev/null 2>&1)"
printf '%s %s\n' $S4 $NAME 127.0.0.1 localhost >"$TEST_TMP/hosts"
by_name() { trusting "$BASH" -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$TEST_TMP/hosts" "$@"; }
check_match "slapd: a search behind StartTLS" '^result: 32|namingContexts' \
	"$(by_name ldapsearch -x -ZZ -H "ldap://$NAME" -b '' -s base namingContexts 2>&1)"
check_match "postgresql: its refusal, behind TLS" 'role "nobody" does not exist|no pg_hba.conf entry.*SSL encryption' \
	"$(by_name psql "host=$NAME user=nobody dbname=postgres sslmode=verify-full sslrootcert=$PKI/root.pem" 2>&1)"

# Every TCP port of both families, from the other host.
reachable() { # family address
	in_host client nmap -n -Pn -sS -p- --min-rate 20000 --max-retries 2 ${1:+"$1"} -oG - "$2" |
		grep -oE '[0-9]+/(open|closed)/' | sort -n | tr '\n' ' '
}
check_equal "what IPv4 reaches" "22/open/ 25/open/ 389/open/ 443/open/ 5432/open/ " "$(reachable '' $S4)"
check_equal "another of its addresses" "25/open/ 389/open/ 443/open/ 5432/open/ " "$(reachable '' $S4b)"
check_equal "what IPv6 reaches" "25/open/ 389/open/ 443/open/ 5432/open/ " "$(reachable -6 $S6)"
packets_reach client <<END
shut udp $A4 -> $S4:53
shut tcp $A4 -> $S4:8080,3306,6379
END
finish
