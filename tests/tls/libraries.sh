#!/bin/bash
# TLS libraries beside OpenSSL, NSS and GnuTLS, with everything that they still have
# switched on: mbedTLS 2.28, which answers SSLv3 and cannot do it, and Java 17.
. "$(dirname "$0")/lab.sh"
need_command cc java
boringssl=/usr/lib/x86_64-linux-gnu/android
[[ -e /usr/include/mbedtls/ssl.h ]] || skip "libmbedtls-dev is not installed"
[[ -e $boringssl/libssl.so ]] || skip "android-libboringssl-dev is not installed"
firewall_lab
few_addresses

mbedtls_server=$TEST_TMP/mbedtls_server
cc -o "$mbedtls_server" "$SP_ROOT/tests/tls/mbedtls_server.c" -lmbedtls -lmbedx509 -lmbedcrypto ||
	abort "mbedtls_server.c does not compile"

cc -I/usr/include/android -o "$TEST_TMP/boringssl_server" "$SP_ROOT/tests/tls/boringssl_server.c" \
	-L"$boringssl" -Wl,-rpath,"$boringssl" -lssl -lcrypto ||
	abort "boringssl_server.c does not compile"

daemon_command() { [[ $1 != mbedtls ]] && echo java || echo cc; }

# mbedtls LEAF LOWEST HIGHEST [SUITE...]
serve_mbedtls() {
	server_start "mbedtls_$1" server "$mbedtls_server" "$1" "$PKI/$2.pem" "$PKI/$2.key" "${@:3}"
}

serve_boringssl() {
	server_start "boringssl_$1" server "$TEST_TMP/boringssl_server" "$1" "$PKI/$2.pem" "$PKI/$2.key" "${@:3}"
}

# java LEAF VERSION,...[=SUITE,...]: one virtual machine for all rows of a leaf.
declare -A virtual=()
serve_java() { virtual[$2]+="$1=$3 "; }
rows_start() {
	local leaf
	for leaf in "${!virtual[@]}"; do
		openssl pkcs12 -export -passout pass:sallyport -name server \
			-inkey "$PKI/$leaf.key" -in "$PKI/$leaf.pem" -out "$PKI/$leaf.java.p12" ||
			abort "no key store"
		# shellcheck disable=SC2086 # words are meant
		server_start "java_$leaf" server java -Xshare:auto -Xmx128m \
			"$SP_ROOT/tests/tls/JavaServer.java" "$PKI/$leaf.java.p12" ${virtual[$leaf]}
	done
}

rows <<'END'
# as it comes, it has the group secp224r1
mbedtls         | fail | ^accepts the group secp224r1 && only weak_key | | mbedtls good-rsa 3 3
mbedtls-ec      | pass | ^TLS 1.2; | | mbedtls good 3 3
mbedtls-10      | fail | ^accepts TLS 1.0 && only tls10 tls11 weak_key | | mbedtls good-rsa 1 3
# a ServerHello 0300 to SSLv3, and nothing behind it
mbedtls-ssl3    | fail | ^accepts SSLv3 \(ServerHello 0300\) && only sslv3 tls10 tls11 weak_key | | mbedtls good-rsa 0 3
mbedtls-ssl3-only | fail | ^speaks only SSLv3 && only sslv3 && unproven inconclusive | | mbedtls good-rsa 0 0
mbedtls-3des    | fail | ^accepts && sweet32 fail accepts TLS_RSA_WITH_3DES | | mbedtls good-rsa 3 3 TLS-RSA-WITH-3DES-EDE-CBC-SHA TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256
# as it comes, it has TLS 1.0, and 3DES with RSA keys
boringssl       | fail | ^accepts TLS 1.0 && only tls10 tls11 | | boringssl good
boringssl-rsa   | fail | ^accepts TLS 1.0 && only tls10 tls11 sweet32 | | boringssl good-rsa
boringssl-12    | pass | ^TLS 1.2, TLS 1.3; | | boringssl good 0x0303
boringssl-13    | pass | ^TLS 1.3; | | boringssl good-rsa 0x0304
boringssl-old   | fail | ^certificate expired && only certificate_expired | | boringssl expired 0x0303
java            | pass | ^TLS 1.2, TLS 1.3; | | java good-rsa TLSv1.2,TLSv1.3=TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
java-13         | pass | ^TLS 1.3; | | java good TLSv1.3=TLS_AES_128_GCM_SHA256
java-expired    | fail | ^certificate expired && only certificate_expired | | java expired TLSv1.3=TLS_AES_128_GCM_SHA256
java-ssl3       | fail | ^speaks only SSLv3 && sslv3 fail && unproven inconclusive | | java good-rsa SSLv3
java-ssl3-12    | fail | ^accepts SSLv3 | | java good-rsa SSLv3,TLSv1.2
java-10         | fail | ^speaks only TLS 1.0 | | java good-rsa TLSv1
java-all        | fail | ^accepts SSLv3 && tls10 fail && tls11 fail && sslv3 fail | | java good-rsa SSLv3,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3
java-null       | fail | ^accepts TLS_RSA_WITH_NULL && only null | | java good-rsa TLSv1.2=SSL_RSA_WITH_NULL_SHA,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
java-anonymous  | fail | ^accepts TLS_DH_anon && only anonymous | | java good-rsa TLSv1.2=TLS_DH_anon_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
java-export     | fail | ^speaks only TLS 1.0 && export fail accepts TLS_RSA_EXPORT | | java good-rsa TLSv1=SSL_RSA_EXPORT_WITH_RC4_40_MD5
java-rc4        | fail | ^accepts TLS_RSA_WITH_RC4 && only rc4 | | java good-rsa TLSv1.2=SSL_RSA_WITH_RC4_128_SHA,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
END
rows_check
finish
