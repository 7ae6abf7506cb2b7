#!/bin/bash
# Servers of everyday in as many TLS libraries as Debian has, none told anything of
# TLS but its certificate: they pass, or fail for what they really do.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/daemons.sh"
firewall_lab
few_addresses

daemon_command() {
	case $1 in
	golang) echo caddy ;;
	erlang) echo erl ;;
	nodejs) echo node ;;
	python) echo /usr/bin/python3 ;;
	*) echo "$1" ;;
	esac
}

# lighttpd LEAF LIBRARY [SETTING;...]
serve_lighttpd() {
	daemon_home "$1" "$2"
	# NSS and Botan read keys as PKCS #8 alone.
	openssl pkcs8 -topk8 -nocrypt -in "$PKI/$2.key" -out "$home/key.pem" || abort "no key"
	cat >"$home/conf" <<-END
		server.document-root = "$home"
		server.port = $1
		server.bind = "0.0.0.0"
		server.modules = ( "mod_$3" )
		server.errorlog = "$home/log"
		ssl.engine = "enable"
		ssl.pemfile = "$home/cert.pem"
		ssl.privkey = "$home/key.pem"
		\$SERVER["socket"] == "[::]:$1" { ssl.engine = "enable" }
	END
	settings "${@:4}" >>"$home/conf"
	server_start "lighttpd_$1" server lighttpd -D -f "$home/conf"
}

serve_haproxy() {
	daemon_home "$1" "$2"
	cat "$home/cert.pem" "$home/key.pem" >"$home/all.pem"
	cat >"$home/conf" <<-END
		defaults
		  mode http
		  timeout client 5s
		  timeout connect 5s
		  timeout server 5s
		frontend test
		  bind :::$1 v4v6 ssl crt $home/all.pem ${*:3}
		  http-request return status 200
	END
	server_start "haproxy_$1" server haproxy -db -f "$home/conf"
}

serve_stunnel4() {
	daemon_home "$1" "$2"
	printf 'foreground = yes\npid =\n[test]\naccept = :::%s\nconnect = 127.0.0.1:1\ncert = %s\nkey = %s\n' \
		"$1" "$home/cert.pem" "$home/key.pem" >"$home/conf"
	settings "${@:3}" >>"$home/conf"
	server_start "stunnel4_$1" server stunnel4 "$home/conf"
}

# Go's crypto/tls, in Caddy.
serve_golang() {
	daemon_home "$1" "$2"
	printf '{\n admin off\n auto_https off\n}\nhttps://:%s {\n tls %s %s\n respond hello\n}\n' \
		"$1" "$home/cert.pem" "$home/key.pem" >"$home/conf"
	server_start "golang_$1" server env HOME="$home" caddy run --config "$home/conf" --adapter caddyfile
}

serve_botan() {
	daemon_home "$1" "$2"
	openssl pkcs8 -topk8 -nocrypt -in "$PKI/$2.key" -out "$home/key.pem" || abort "no key"
	server_start "botan_$1" server botan tls_server --port="$1" "$home/cert.pem" "$home/key.pem"
}

serve_erlang() {
	daemon_home "$1" "$2"
	server_start "erlang_$1" server env HOME="$home" erl -noshell -eval "
		ok = ssl:start(),
		{ok, Listening} = ssl:listen($1, [inet6, {reuseaddr, true}, {certfile, \"$home/cert.pem\"},
			{keyfile, \"$home/key.pem\"}, ${*:3} {active, false}]),
		Serve = fun Serve() ->
			{ok, Waiting} = ssl:transport_accept(Listening),
			Pid = spawn(fun() ->
				receive go -> ok end,
				case ssl:handshake(Waiting, 5000) of
					{ok, Session} -> ssl:recv(Session, 0, 1000);
					_ -> refused
				end
			end),
			ssl:controlling_process(Waiting, Pid),
			Pid ! go,
			Serve()
		end,
		Serve()."
}

serve_nodejs() {
	daemon_home "$1" "$2"
	server_start "nodejs_$1" server node -e "
		const fs = require('fs');
		require('tls').createServer({cert: fs.readFileSync('$home/cert.pem'),
			key: fs.readFileSync('$home/key.pem')}, (session) => session.end())
			.on('tlsClientError', () => {}).listen($1, '::');"
}

serve_python() {
	daemon_home "$1" "$2"
	server_start "python_$1" server /usr/bin/python3 -c "
import http.server, socket, ssl, threading
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain('$home/cert.pem', '$home/key.pem')
listener = socket.create_server(('::', $1), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
def serve(client):
    try:
        context.wrap_socket(client, server_side=True).recv(1)
    except OSError:
        client.close()
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()"
}

serve_mosquitto() {
	daemon_home "$1" "$2"
	printf 'listener %s\ncertfile %s\nkeyfile %s\nallow_anonymous true\nuser root\n' \
		"$1" "$home/cert.pem" "$home/key.pem" >"$home/conf"
	settings "${@:3}" >>"$home/conf"
	server_start "mosquitto_$1" server mosquitto -c "$home/conf"
}

rows <<'END'
lighttpd      | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good openssl
lighttpd-rsa  | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good-rsa openssl
gnutls        | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good gnutls
gnutls-rsa    | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good-rsa gnutls
mbedtls       | pass | ^TLS 1.2; | | lighttpd good mbedtls
mbedtls-rsa   | fail | ^accepts the group secp224r1 && only weak_key | | lighttpd good-rsa mbedtls
nss           | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good nss
nss-rsa       | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good-rsa nss
# hangs up on whoever asks for a staple
wolfssl       | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good wolfssl
wolfssl-rsa   | pass | ^TLS 1.2, TLS 1.3; | | lighttpd good-rsa wolfssl
wolfssl-old   | fail | ^certificate expired && only certificate_expired | | lighttpd expired wolfssl
haproxy       | pass | ^TLS 1.2, TLS 1.3; | | haproxy good
haproxy-rsa   | pass | ^TLS 1.2, TLS 1.3; | | haproxy good-rsa
haproxy-10    | fail | ^accepts TLS 1.0 && only tls10 tls11 | | haproxy good ssl-min-ver TLSv1.0 ciphers DEFAULT:@SECLEVEL=0
stunnel       | pass | ^TLS 1.2, TLS 1.3; | | stunnel4 good
stunnel-rsa   | pass | ^TLS 1.2, TLS 1.3; | | stunnel4 good-rsa
go            | pass | ^TLS 1.2, TLS 1.3; | | golang good
go-rsa        | pass | ^TLS 1.2, TLS 1.3; | | golang good-rsa
go-old        | fail | ^certificate expired && only certificate_expired | | golang expired
botan         | pass | ^TLS 1.2; | | botan good
botan-rsa     | pass | ^TLS 1.2; | | botan good-rsa
# curves of 163 bits, until it is told better
erlang        | fail | ^accepts the group sect163k1 && only weak_key | | erlang good
erlang-told   | pass | ^TLS 1.2, TLS 1.3; | | erlang good {eccs,[secp256r1,secp384r1]},
erlang-rsa    | pass | ^TLS 1.2, TLS 1.3; | | erlang good-rsa {eccs,[secp256r1,secp384r1]},
node          | pass | ^TLS 1.2, TLS 1.3; | | nodejs good
node-rsa      | pass | ^TLS 1.2, TLS 1.3; | | nodejs good-rsa
python        | pass | ^TLS 1.2, TLS 1.3; | | python good
python-rsa    | pass | ^TLS 1.2, TLS 1.3; | | python good-rsa
mosquitto     | pass | ^TLS 1.2, TLS 1.3; | | mosquitto good
mosquitto-rsa | pass | ^TLS 1.2, TLS 1.3; | | mosquitto good-rsa
END
rows_check
finish
