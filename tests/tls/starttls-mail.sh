#!/bin/bash
# STARTTLS as mail servers from Debian speak it.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
need_command postfix dovecot
firewall_lab

rows <<'END'
postfix     | pass | ^TLS 1.2, TLS 1.3; | starttls = smtp | postfix good smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL
postfix-exp | fail | ^certificate expired | starttls = smtp | postfix expired smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL
postfix-no  | fail | ^does not offer STARTTLS | starttls = smtp | postfix none
# as Debian ships it: with security level `may` postfix lowers OpenSSL's own to 0,
# speaks TLS 1.0 and takes anonymous suites
postfix-may | fail | ^accepts TLS 1.0 | starttls = smtp | postfix good
postfix-anon | fail | ^accepts TLS_DH_anon | starttls = smtp | postfix good smtpd_tls_protocols = >=TLSv1.2
postfix-sub | pass | ^TLS 1.2, TLS 1.3; | starttls = smtp | postfix good smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL; smtpd_sasl_auth_enable = yes; smtpd_tls_auth_only = yes
postfix-pw  | fail | ^takes passwords before TLS: AUTH PLAIN LOGIN | starttls = smtp | postfix good smtpd_tls_protocols = >=TLSv1.2; smtpd_tls_exclude_ciphers = aNULL; smtpd_sasl_auth_enable = yes
imap        | pass | ^TLS 1.2, TLS 1.3; | starttls = imap | dovecot good imap
imap-exp    | fail | ^certificate expired | starttls = imap | dovecot expired imap
imap-no     | fail | ^does not offer STARTTLS | starttls = imap | dovecot none imap
imap-pw     | fail | ^takes passwords before TLS | starttls = imap | dovecot good imap disable_plaintext_auth = no
pop3        | pass | ^TLS 1.2, TLS 1.3; | starttls = pop3 | dovecot good pop3
pop3-exp    | fail | ^certificate expired | starttls = pop3 | dovecot expired pop3
pop3-no     | fail | ^does not offer STLS | starttls = pop3 | dovecot none pop3
pop3-pw     | fail | ^takes passwords before TLS | starttls = pop3 | dovecot good pop3 disable_plaintext_auth = no
lmtp        | pass | ^TLS 1.2, TLS 1.3; | starttls = lmtp | dovecot good lmtp
lmtp-exp    | fail | ^certificate expired | starttls = lmtp | dovecot expired lmtp
lmtp-no     | fail | ^does not offer STARTTLS | starttls = lmtp | dovecot none lmtp
sieve       | pass | ^TLS 1.2, TLS 1.3; | starttls = sieve | dovecot good sieve
sieve-exp   | fail | ^certificate expired | starttls = sieve | dovecot expired sieve
sieve-no    | fail | ^does not offer STARTTLS | starttls = sieve | dovecot none sieve
sieve-pw    | fail | ^takes passwords before TLS | starttls = sieve | dovecot good sieve disable_plaintext_auth = no
END
rows_check
finish
