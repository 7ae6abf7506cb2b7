#!/bin/bash
# probe --intrusive: Heartbleed, CCS injection and ROBOT, asked of the OpenSSL that
# bleeds, of today's servers, and of doubles in bytes (intrusive.py) for what no server
# can be had for. Never asked by verify, watch or recheck.
. "$(dirname "$0")/lab.sh"
firewall_lab
for address in $S4b/24 $S6b/64 $S6/64; do
	ip -n "${net_prefix}server" address del $address dev eth0
done
ip -n "${net_prefix}server" link set eth1 down

behaviours=()
serve_oracle() { behaviours+=("$1=$3"); }
rows_start() {
	server_start intrusive server /usr/bin/python3 "$SP_ROOT/tests/tls/intrusive.py" \
		"$PKI/good-rsa.key" "$PKI/good-rsa.pem" "${behaviours[@]}"
}
daemon_command() { echo openssl; }

# The outcome is Heartbleed, CCS injection, ROBOT; the reason is that of any of them.
rows <<'END'
# the real library: vulnerable to two, and not to the third
bleeding         | yes yes no   | answers an empty heartbeat with 16 bytes | | bleeding good-rsa ALL
bleeding-ccs     | yes yes no   | takes an early ChangeCipherSpec and decrypts what follows .alert 2[01]. | | bleeding good-rsa AES128-SHA
bleeding-ephemeral | yes yes no | the same answer to good and bad padding | | bleeding good-rsa ALL:!kEDH
# real ones that are not
nginx            | no no no     | heartbeats are not negotiated | | nginx good-rsa
nginx-rsa        | no no no     | the same answer to good and bad padding .alert | | nginx good-rsa ssl_protocols TLSv1.2; ssl_ciphers kRSA;
nginx-ecdsa      | no no no     | answers an early ChangeCipherSpec with alert 10 | | nginx good
nginx-13         | no no no     | alert 70 | | nginx good ssl_protocols TLSv1.3;
openssl          | no no no     | the same answer to good and bad padding | | s_server good-rsa
gnutls           | no no no     | heartbeat that claims more than it holds .alert 10. | | gnutls good-rsa NORMAL:+RSA --heartbeat
nss              | no no no     | | | selfserv good-rsa tls1.2:tls1.3
node-0.10.41     | no no no     | ends the connection at an early ChangeCipherSpec | | node good-rsa SSLv23_method
# oracles, in bytes
robot-strong     | no no yes    | strong oracle: alert 20 to good padding, alert 40 to wrong first bytes | | oracle good-rsa robot_strong
robot-weak       | no no yes    | weak oracle: alert 20 to good padding, alert 47 to wrong first bytes | | oracle good-rsa robot_weak
robot-short      | no no yes    | weak oracle: silence to good padding, alert 40 to | | oracle good-rsa robot_short
robot-resets     | no no yes    | weak oracle: alert 20 to good padding, an end to | | oracle good-rsa robot_resets
robot-random     | no no inconclusive | answers differ from one time to the next | | oracle good-rsa robot_random
robot-silent     | no no inconclusive | silent to good and bad padding | | oracle good-rsa robot_silent
constant         | no no no     | the same answer to good and bad padding .alert 20. | | oracle good-rsa constant
ccs-silent       | no inconclusive no | silent to an early ChangeCipherSpec, then ends without | | oracle good-rsa ccs_silent
ccs-left-out     | no no no     | leaves an early ChangeCipherSpec out .then alert 10. | | oracle good-rsa ccs_left_out
mute-later       | inconclusive inconclusive inconclusive | takes heartbeats up, then is silent | | oracle good-rsa mute_later
heartbeat-honest | no no no     | drops a heartbeat that claims more than it holds$ | | oracle good-rsa heartbeat_honest
bleeds           | yes yes no   | answers an empty heartbeat with 16 bytes | | oracle good-rsa bleeds
# not asked is not answered
silent           | not_asked not_asked not_asked | | | double silent
http             | inconclusive inconclusive inconclusive | | | double http
garbage          | inconclusive inconclusive inconclusive | | | double garbage
resets           | inconclusive inconclusive inconclusive | | | double resets
END

said() { # ROW: what was answered, and how
	/usr/bin/python3 - "$TEST_TMP/$1.json" <<-'END'
		import json, sys
		endpoint = json.load(open(sys.argv[1]))["ports"][0]["endpoints"][0]
		asked = ("heartbleed", "ccs_injection", "robot")
		answers = {a["question"]: a for a in endpoint["answers"]}
		found = {f["id"] for f in endpoint["findings"] if f["weight"] == "fail"}
		print(*(answers[q]["answer"].replace(" ", "_") for q in asked))
		for q in asked:
		    print(answers[q]["how"])
		    assert (q in found) == (answers[q]["answer"] == "yes"), (q, found)
	END
}

probes=()
probe() { sp probe --ca "$PKI/root.pem" --name $NAME --timeout 2 "$@"; }
# They wait more than they work: eight at a time.
for i in "${!row_names[@]}"; do
	{
		probe --intrusive --quiet --format json "$S4:${row_ports[i]}" >"$TEST_TMP/${row_names[i]}.json" 2>"$TEST_TMP/${row_names[i]}.errors"
		echo $? >"$TEST_TMP/${row_names[i]}.status"
	} &
	probes[$!]=1
	((${#probes[@]} < 8)) || { wait -n -p ended "${!probes[@]}" && unset "probes[$ended]"; }
done
wait "${!probes[@]}"
for i in "${!row_names[@]}"; do
	name=${row_names[i]}
	lines=$(said "$name") || fail "$name: the findings are not the answers"
	check_equal "$name" "${row_outcomes[i]}" "${lines%%$'\n'*}"
	check_match "$name: says how" "${row_reasons[i]}" "${lines#*$'\n'}"
	[[ ${row_outcomes[i]} == "no no no" ]] || check_equal "$name: exit 1" 1 "$(<"$TEST_TMP/$name.status")"
done
port_of() { # ROW
	local i
	for i in "${!row_names[@]}"; do
		[[ ${row_names[i]} != "$1" ]] || echo "${row_ports[i]}"
	done
}
check "the JSON is what its schema says" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
	"$SP_ROOT/src/report/verify.schema.json" "$TEST_TMP/nginx.json"

# --- a good server passes, and it is told before what is asked --------------
nginx=$S4:$(port_of nginx)
check_exit 0 "a stock server passes" probe --intrusive "$nginx"
check_match "what it may disturb is told" 'logs errors.*may crash' "$(tr '\n' ' ' <<<"$errors")"
check_match "each answer is told" 'Heartbleed: no, .*CCS injection: no, .*ROBOT: no, ' "$(tr '\n' ' ' <<<"$output")"
check_exit 0 "without it nothing is asked" probe "$nginx"
check_no_match "and nothing told" 'Heartbleed|CCS|ROBOT' "$output$errors"

# --- behind an upgrade ------------------------------------------------------
server_start smtp server /usr/bin/python3 "$SP_ROOT/tests/tls/starttls.py" replay \
	"$PKI/good-rsa.pem" "$PKI/good-rsa.key" 2525="$SP_ROOT/tests/tls/starttls/smtp:good"
wait_for_port server tcp 2525
run probe --intrusive --starttls smtp --format json "$S4:2525"
cp "$TEST_TMP/.output" "$TEST_TMP/smtp.json"
lines=$(said smtp)
check_equal "after STARTTLS" "no no no" "${lines%%$'\n'*}"
check_match "it is asked" 'answers an early ChangeCipherSpec with alert 10' "$lines"

# --- nowhere else -----------------------------------------------------------
for command in verify apply audit status check diff; do
	run sp $command --intrusive "$POLICY"
	check_equal "$command --intrusive: exit 2" 2 "$status"
	check_match "$command --intrusive: says why" 'for probe alone' "$errors"
done
for command in watch recheck discover; do
	check_exit 2 "$command --intrusive" sp $command --intrusive https
done
finish
