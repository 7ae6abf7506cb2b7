#!/bin/bash
# STARTTLS as directories, databases, desktops, chat, news and files from Debian
# speak it.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command slapd vsftpd mariadbd mariadb xrdp prosody
firewall_lab

[[ -x /usr/lib/postgresql/15/bin/postgres ]] || skip "postgresql-15 is not installed"
inn_unpack || skip "inn2 cannot be downloaded"
rows <<'END'
ldap        | fail | ^takes passwords before TLS: a simple bind's, result 49 | starttls = ldap | slapd good TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3
# GnuTLS's own choice
ldap-10     | fail | ^accepts TLS 1.0 | starttls = ldap | slapd good
ldap-exp    | fail | ^certificate expired | starttls = ldap | slapd expired TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3
ldap-no     | fail | ^does not offer StartTLS | starttls = ldap | slapd none
ldap-sec    | pass | ^TLS 1.2, TLS 1.3; | starttls = ldap | slapd good TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3; security simple_bind=128
ldap-tls    | pass | ^TLS 1.2, TLS 1.3; | starttls = ldap | slapd good TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3; security tls=1
ftp         | pass | ^TLS 1.2, TLS 1.3; | starttls = ftp | vsftpd good-rsa
ftp-exp     | fail | ^certificate expired | starttls = ftp | vsftpd expired-rsa
ftp-no      | fail | ^refuses AUTH TLS: 530 | starttls = ftp | vsftpd none
ftp-pw      | fail | ^takes passwords before TLS: 331 | starttls = ftp | vsftpd good-rsa force_local_logins_ssl=NO
pgsql       | pass | ^TLS 1.2, TLS 1.3; | starttls = postgresql | postgres good
pgsql-exp   | fail | ^certificate expired | starttls = postgresql | postgres expired
pgsql-no    | fail | ^does not offer TLS | starttls = postgresql | postgres none
mysql       | pass | ^TLS 1.2, TLS 1.3; | starttls = mysql | mariadb good
mysql-exp   | fail | ^certificate expired | starttls = mysql | mariadb expired
mysql-no    | fail | ^does not offer TLS | starttls = mysql | mariadb none
rdp         | pass | ^TLS 1.2, TLS 1.3; | starttls = rdp | xrdp good-rsa
rdp-exp     | fail | ^certificate expired | starttls = rdp | xrdp expired-rsa
rdp-no      | fail | ^does not offer TLS | starttls = rdp | xrdp none
xmpp-c      | pass | ^TLS 1.2, TLS 1.3; | starttls = xmpp-client | prosody good c2s
xmpp-c-exp  | fail | ^certificate expired | starttls = xmpp-client | prosody expired c2s
xmpp-c-no   | fail | ^does not offer STARTTLS | starttls = xmpp-client | prosody none c2s c2s_require_encryption = false; allow_unencrypted_plain_auth = true
xmpp-c-pw   | fail | ^takes passwords before TLS | starttls = xmpp-client | prosody good c2s allow_unencrypted_plain_auth = true; c2s_require_encryption = false
xmpp-s      | pass | ^TLS 1.2, TLS 1.3; | starttls = xmpp-server | prosody good s2s
xmpp-s-exp  | fail | ^certificate expired | starttls = xmpp-server | prosody expired s2s
xmpp-s-no   | fail | ^does not offer STARTTLS | starttls = xmpp-server | prosody none s2s
nntp        | pass | ^TLS 1.2, TLS 1.3; | starttls = nntp | innd good
nntp-exp    | fail | ^certificate expired | starttls = nntp | innd expired
nntp-no     | fail | ^refuses STARTTLS: 580 | starttls = nntp | innd none
END
rows_check

# A host whose connections were interrupted too often is shut out by MySQL
# (max_connect_errors). It counts none of verify's, which come from loopback; of a
# probe from elsewhere it counts what it refused itself, and no whole handshake.
for i in "${!row_names[@]}"; do
	[[ ${row_names[i]} != mysql ]] || port=${row_ports[i]}
done
sql() { mariadb --no-defaults --socket="$TEST_TMP/daemon-$port/socket" -u root -N -e "$1" 2>&1; }
counted() { sql "select sum_connect_errors, count_handshake_errors from performance_schema.host_cache where ip = '$1'"; }
# Without an account for it a host is sent away before anything is counted.
sql "create user somebody@'%' identified by 'x'"
run sp verify --format json "$POLICY"
check_equal "MySQL counts none of verify's connections" "" "$(sql 'select * from performance_schema.host_cache')"
check "though it saw them" test "$(sql "show global status like 'Aborted_connects'" | cut -f2)" -gt 0
run in_host client "$SALLYPORT" probe --starttls mysql --name $NAME --ca "$PKI/root.pem" --format json "$S4:$port"
check_equal "a probe from another host" 0 "$status"
check_match "says what is counted" 'max_connect_errors' "$errors"
read -r errors_of_host handshakes <<<"$(counted 192.0.2.2)"
check_equal "what is counted are handshakes" "$errors_of_host" "$handshakes"
check_equal "all but the two that were completed" "$(($(/usr/bin/python3 -c '
import json, sys
print(json.load(open(sys.argv[1]))["ports"][0]["endpoints"][0]["connections"])' "$TEST_TMP/.output") - 2))" "$errors_of_host"
finish
