#!/bin/bash
# Ports whose TLS begins with STARTTLS, through apply into the kernel: open with a
# good certificate, shut with a bad one, and shut again when it turns bad.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command postfix dovecot
firewall_lab
certificates good expired

modern='smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL'
serve_postfix 25 good "$modern"
serve_postfix 2525 expired "$modern"
serve_dovecot 143 good imap
serve_dovecot 1430 expired imap
for port in 25 2525 143 1430; do
	wait_for_port server tcp $port
done
policy <<END
[service smtp]
name = $NAME
ca = $PKI/root.pem

[service imap]
name = $NAME
ca = $PKI/root.pem

[service old-smtp]
use = smtp
port = 2525
name = $NAME
ca = $PKI/root.pem

[service old-imap]
use = imap
port = 1430
name = $NAME
ca = $PKI/root.pem
END

# greeting PORT [SECONDS]: what a client far away is greeted with, by whom has yet to
# start somebody who does. (Who is shut out is silent: two seconds tell.)
greeting() {
	in_host client timeout "${2:-2}" "$BASH" -c "exec 3<>/dev/tcp/$S4/$1 && head -n 1 <&3" 2>/dev/null
}
check_match "before, everything is open" '^220 ' "$(greeting 25 20)"
check_match "what is bad too" '^220 ' "$(greeting 2525 20)"
check_exit 0 "apply" sp apply "$POLICY"
check_match "smtp with a good certificate is open" '^220 ' "$(greeting 25 20)"
check_match "imap with a good certificate is open" '^\* OK ' "$(greeting 143 20)"
check_equal "smtp with an expired one is shut" "" "$(greeting 2525)"
check_equal "imap with an expired one is shut" "" "$(greeting 1430)"

# The certificate of the open ones turns bad.
server_stop postfix_25
server_stop dovecot_143
ports_are_free() { ! port_is_bound server tcp 25 && ! port_is_bound server tcp 143; }
wait_until 10 ports_are_free || abort "the servers do not stop"
serve_postfix 25 expired "$modern"
serve_dovecot 143 expired imap
wait_for_port server tcp 25
wait_for_port server tcp 143
check_exit 0 "apply again" sp apply "$POLICY"
check_equal "smtp is shut" "" "$(greeting 25)"
check_equal "imap is shut" "" "$(greeting 143)"

# And good again; without STARTTLS it is shut whatever the certificate.
server_stop postfix_25
wait_until 10 eval '! port_is_bound server tcp 25'
serve_postfix 25 none
wait_for_port server tcp 25
check_exit 1 "verify" sp verify "$POLICY"
check_match "says why" 'does not offer STARTTLS' "$(tr -s ' \n' ' ' <<<"$output")"
check_exit 0 "apply without STARTTLS" sp apply "$POLICY"
check_equal "plain smtp is shut" "" "$(greeting 25)"
finish
