#!/bin/bash
# Servers as Debian ships them, with a certificate that is valid: they pass, and do
# not with TLS 1.0. (Postfix is in starttls-mail: as it comes it speaks TLS 1.0.)
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
firewall_lab

rows <<'END'
nginx        | pass | ^TLS 1.2, TLS 1.3; | | debian_nginx good
nginx-rsa    | pass | ^TLS 1.2, TLS 1.3; | | debian_nginx good-rsa
nginx-10     | fail | ^accepts TLS 1.0 | | debian_nginx good ssl_ciphers DEFAULT:@SECLEVEL=0;
apache       | pass | ^TLS 1.2, TLS 1.3; | | apache good
apache-rsa   | pass | ^TLS 1.2, TLS 1.3; | | apache good-rsa
apache-10    | fail | ^accepts TLS 1.0 | | apache good SSLProtocol all; SSLCipherSuite DEFAULT:@SECLEVEL=0
apache-name  | fail | ^certificate is not valid for | | apache wrong-name
apache-plain | fail | ^answers in plain text: HTTP/1.1 400 Bad Request && only plain_text | | apache good SSLEngine off
imaps        | pass | ^TLS 1.2, TLS 1.3; | | imaps good
imaps-rsa    | pass | ^TLS 1.2, TLS 1.3; | | imaps good-rsa
imaps-10     | fail | ^accepts TLS 1.0 | | imaps good ssl_min_protocol = TLSv1; ssl_cipher_list = DEFAULT:@SECLEVEL=0
imaps-old    | fail | ^certificate expired | | imaps expired
END
rows_check
finish
