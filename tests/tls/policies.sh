#!/bin/bash
# The policies to start from, each on a host with the servers that it is for: who
# shall reach them does, and nobody else.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command nginx postfix dovecot slapd xrdp
[[ -x $(daemon_command postgres) ]] || skip "PostgreSQL 15 is not installed"
firewall_lab
certificates good good-rsa
addresses client eth0 10.20.0.1/32 10.0.0.9/32

modern='smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL'
gnutls='TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3'
web site good 0.0.0.0:443 '[::]:443'
serve_postfix 25 good "$modern"
serve_postfix 465 good "${modern/tls_protocols/tls_mandatory_protocols}; smtpd_tls_wrappermode = yes"
serve_postfix 587 good "$modern; smtpd_sasl_auth_enable = yes; smtpd_tls_auth_only = yes"
serve_imaps 993 good
serve_dovecot 143 good imap
serve_dovecot 110 good pop3
serve_dovecot 995 good pop3 'service pop3-login {; inet_listener pop3 {; port = 0; };
	inet_listener pop3s {; port = 995; ssl = yes; }; }'
serve_dovecot 4190 good sieve
serve_slapd 389 good "$gnutls; security simple_bind=128"
serve_slapd 636 good "$gnutls"
serve_postgres 5432 good
serve_xrdp 3389 good-rsa
answer server tcp/22 tcp/80 tcp/88 tcp/9100 udp/53 udp/88 udp/123 udp/5353
for port in 25 110 143 389 443 465 587 636 993 995 3389 4190 5432; do
	wait_for_port server tcp $port
done

# in_force NAME: that policy with the lab's names and authority.
in_force() {
	sed -E "s|^name = .*|name = $NAME\nca = $PKI/root.pem|" "$SP_ROOT/policies/$1.ini" >"$POLICY"
	check_exit 0 "apply of $1" sp apply --yes "$POLICY"
}
in_force web-server
packets_reach client <<END
connects tcp $B4 -> $S4:443
connects tcp $B6 -> [$S6]:443
open tcp $B4 -> $S4:80
open tcp $A4 -> $S4:22,9100
shut tcp $B4 -> $S4:22,9100,25,5432
END
in_force mail-server
packets_reach client <<END
connects tcp $B4 -> $S4:25,465,587,143,993,110,995,4190
open tcp $A4 -> $S4:22
shut tcp $B4 -> $S4:22,80,443
END
in_force directory-server
packets_reach client <<END
connects tcp $A4 -> $S4:389,636
open tcp $A4 -> $S4:88
open udp $A4 -> $S4:53,88,123
open tcp 10.0.0.9 -> $S4:22
connects tcp 10.0.0.9 -> $S4:443
shut tcp $A4 -> $S4:443,22
shut tcp $B4 -> $S4:389,636,88,22
shut udp $B4 -> $S4:53,88,123
END
in_force database-server
packets_reach client <<END
connects tcp 10.20.0.1 -> $S4:5432
open tcp 10.0.0.9 -> $S4:22
reset tcp $A4 -> $S4:5432
reset tcp $B4 -> $S4:5432,22
END
in_force rdp-host
packets_reach client <<END
connects tcp $A4 -> $S4:3389
shut tcp $B4 -> $S4:3389,22
END
in_force workstation
packets_reach client <<END
open udp $A4 -> $S4:5353
shut udp $B4 -> $S4:5353
shut tcp $A4 -> $S4:22,80,443
END
in_force lockdown
packets_reach client <<END
open tcp 10.0.0.9 -> $S4:22
shut tcp $A4 -> $S4:22,443,3389
shut udp $A4 -> $S4:5353
END
finish
