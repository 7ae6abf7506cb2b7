#!/bin/bash
# STARTTLS of servers as Debian ships them, with a certificate that is valid. Those
# that fail pass with what their own findings say, and nothing else.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command postfix slapd vsftpd
firewall_lab
few_addresses

# With `smtpd_tls_security_level = may` postfix lowers OpenSSL's own level to 0: it
# speaks TLS 1.0 and takes anonymous suites, with a group of 1024 bits.
postfix_cure='smtpd_tls_exclude_ciphers = aNULL; smtpd_tls_protocols = >=TLSv1.2'
# GnuTLS chooses; and a password in plain text is as good as any until told otherwise.
slapd_cure='olcSecurity: simple_bind=128; olcTLSCipherSuite: NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3'
rows <<END
postfix       | fail | ^accepts TLS 1.0 && only tls10 tls11 anonymous logjam | starttls = smtp | debian_postfix good-rsa
postfix-cured | pass | ^TLS 1.2, TLS 1.3; | starttls = smtp | debian_postfix good-rsa $postfix_cure
postfix-10    | fail | ^accepts TLS 1.0 && only tls10 tls11 | starttls = smtp | debian_postfix good-rsa ${postfix_cure%%;*}
postfix-anon  | fail | ^accepts TLS_DH_anon && only anonymous logjam | starttls = smtp | debian_postfix good-rsa ${postfix_cure#*;}
postfix-old   | fail | ^certificate expired && only certificate_expired | starttls = smtp | debian_postfix expired-rsa $postfix_cure
slapd         | fail | ^accepts TLS 1.0 && only tls10 tls11 plaintext_auth | starttls = ldap | debian_slapd good
slapd-cured   | pass | ^TLS 1.2, TLS 1.3; | starttls = ldap | debian_slapd good $slapd_cure
slapd-old     | fail | ^certificate expired && only certificate_expired | starttls = ldap | debian_slapd expired $slapd_cure
vsftpd        | pass | ^TLS 1.2, TLS 1.3; | starttls = ftp | debian_vsftpd good-rsa
vsftpd-10     | fail | ^accepts TLS 1.0 && only tls10 tls11 | starttls = ftp | debian_vsftpd good-rsa ssl_ciphers=DEFAULT:@SECLEVEL=0
vsftpd-old    | fail | ^certificate expired && only certificate_expired | starttls = ftp | debian_vsftpd expired-rsa
END
rows_check

# told ROW SOFTWARE: the settings that its failing findings name, in the cure's form.
told() {
	local i
	for i in "${!row_names[@]}"; do
		[[ ${row_names[i]} != "$1" ]] ||
			grep -E "^${row_ports[i]} remedy [a-z0-9_]+ fail " "$TEST_TMP/rows" |
			grep -oE "$2 \`[^\`]+\`" | sed -E "s/^$2 \`(.*)\`\$/\1/" | sort -u | paste -sd';' | sed 's/;/; /g'
	done
}
check_equal "postfix is told what cures it" "$postfix_cure" "$(told postfix postfix)"
check_equal "slapd is told what cures it" "$slapd_cure" "$(told slapd slapd)"
finish
