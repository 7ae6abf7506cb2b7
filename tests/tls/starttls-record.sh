#!/bin/bash
# Writes down what the real servers say: tests/tls/starttls/DIALECT[.KIND]. Not a
# test; run by hand when a server or a question changes, and look at the diff.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
firewall_lab
certificates good good-rsa
inn_unpack
to=$SP_ROOT/tests/tls/starttls
port=21000

# recorded FILE DIALECT PACKAGE KIND ARGUMENT...
recorded() {
	local file=$1 dialect=$2 package=$3 version
	shift 3
	port=$((port + 1))
	"serve_$1" "$port" "${@:2}"
	version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null || echo 2.7.1-1+deb12u1)
	wait_until 30 port_is_bound server tcp "$port" || abort "$file: nobody listens"
	server_start "relay_$port" server /usr/bin/python3 "$SP_ROOT/tests/tls/starttls.py" record \
		$((port + 10000)) "$S4:$port" "$to/$file" "$package $version"
	wait_until 5 grep -q ^ready "$TEST_TMP/relay_$port.log"
	sp probe --starttls "$dialect" --name $NAME --ca "$PKI/root.pem" "127.0.0.1:$((port + 10000))" 2>&1 |
		sed -n "1,/^  SSLv3/s/^/$file: /p"
	sleep 0.3
	server_stop "relay_$port"
	[[ -s $to/$file ]] || abort "$file: nothing was written"
}

modern='smtpd_tls_protocols = >=TLSv1.2'
gnutls='TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3'
recorded smtp smtp postfix postfix good "$modern; smtpd_sasl_auth_enable = yes; smtpd_tls_auth_only = yes"
recorded smtp.passwords smtp postfix postfix good "$modern; smtpd_sasl_auth_enable = yes"
recorded smtp.none smtp postfix postfix none
recorded lmtp lmtp dovecot-lmtpd dovecot good lmtp
recorded lmtp.none lmtp dovecot-lmtpd dovecot none lmtp
recorded imap imap dovecot-imapd dovecot good imap
recorded imap.passwords imap dovecot-imapd dovecot good imap "disable_plaintext_auth = no"
recorded imap.none imap dovecot-imapd dovecot none imap
recorded pop3 pop3 dovecot-pop3d dovecot good pop3
recorded pop3.passwords pop3 dovecot-pop3d dovecot good pop3 "disable_plaintext_auth = no"
recorded pop3.none pop3 dovecot-pop3d dovecot none pop3
recorded sieve sieve dovecot-managesieved dovecot good sieve
recorded sieve.passwords sieve dovecot-managesieved dovecot good sieve "disable_plaintext_auth = no"
recorded sieve.none sieve dovecot-managesieved dovecot none sieve
recorded ftp ftp vsftpd vsftpd good-rsa
recorded ftp.passwords ftp vsftpd vsftpd good-rsa force_local_logins_ssl=NO
recorded ftp.none ftp vsftpd vsftpd none
recorded ldap ldap slapd slapd good "$gnutls; security simple_bind=128"
recorded ldap.passwords ldap slapd slapd good "$gnutls"
recorded ldap.none ldap slapd slapd none
recorded postgresql postgresql postgresql-15 postgres good
recorded postgresql.none postgresql postgresql-15 postgres none
recorded mysql mysql mariadb-server-core mariadb good
recorded mysql.none mysql mariadb-server-core mariadb none
recorded rdp rdp xrdp xrdp good-rsa
recorded rdp.none rdp xrdp xrdp none
recorded xmpp-client xmpp-client prosody prosody good c2s
recorded xmpp-client.passwords xmpp-client prosody prosody good c2s "allow_unencrypted_plain_auth = true; c2s_require_encryption = false"
recorded xmpp-client.none xmpp-client prosody prosody none c2s "c2s_require_encryption = false; allow_unencrypted_plain_auth = true"
recorded xmpp-server xmpp-server prosody prosody good s2s
recorded xmpp-server.none xmpp-server prosody prosody none s2s
recorded nntp nntp inn2 innd good
recorded nntp.none nntp inn2 innd none
pass "written"
finish
