#!/bin/bash
# TLS on a port that the policy calls plain: asked by verify and audit with one hello,
# told by the profile's weight, and never a reason to shut the port.
. "$(dirname "$0")/lab.sh"
firewall_lab
for address in $S4b/24 $S6b/64 $S6/64; do
	ip -n "${net_prefix}server" address del $address dev eth0
done
ip -n "${net_prefix}server" link set eth1 down
certificates good good-rsa

web web good "$S4:8080"
ssl3_only old good-rsa 8081
server_start strict server openssl s_server -accept 8082 -quiet -tls1_3 -cert "$PKI/good.crt" -key "$PKI/good.key"
server_start plain server /usr/bin/python3 "$SP_ROOT/tests/tls/doubles.py" \
	8083=http 8084=greets 8085=silent 8086=garbage 8087=closes 8088=echoes 8089=resets \
	8025=greets 8443=alert_70
recordings=$SP_ROOT/tests/tls/starttls
server_start mail server /usr/bin/python3 "$SP_ROOT/tests/tls/starttls.py" \
	replay "$PKI/good.pem" "$PKI/good.key" 25=$recordings/smtp:good 110=$recordings/pop3.none:good
for port in 8082 8089 8443 25 110; do wait_for_port server tcp $port; done

plain() { # PROFILE-LINES: a policy of plain services
	{
		printf 'profile = mine\n[profile mine]\nbase = baseline\n%s\n' "$1"
		printf '[service one]\nport = 8080-8099\ntls = none\n'
		printf '[service two]\nport = 8443, 8025\ntls = none\n'
		printf '[service smtp]\ntls = none\n[service pop3]\ntls = none\n'
	} | policy
}
# ports OUTCOME: those of the report, and what is wrong of them
ports() {
	/usr/bin/python3 - "$TEST_TMP/.output" "$1" <<-'END'
		import json, sys
		for port in json.load(open(sys.argv[1]))["ports"]:
		    weights = {f["weight"] for e in port["endpoints"] for f in e["findings"] if f["id"] == "undeclared_tls"}
		    assert port["lease"] is None and port["tls"] == "none" and len(port["endpoints"][0]["answers"]) == 1
		    assert port["endpoints"][0]["connections"] == 1, port
		    if port["outcome"] == sys.argv[2]:
		        print(port["port"], *weights)
	END
}

plain 'undeclared_tls = fail'
check_exit 1 "fail: verify exits 1" sp verify --timeout 1.5 --format json "$POLICY"
check_equal "TLS is found, whatever its version, and behind the catalogue's upgrade" \
	$'25 fail\n8080 fail\n8081 fail\n8082 fail\n8443 fail' "$(ports fail)"
check_equal "what is no TLS passes" $'110\n8025\n8083\n8084\n8085\n8086\n8087\n8088\n8089' "$(ports pass)"
check "the JSON is what its schema says" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
	"$SP_ROOT/src/report/verify.schema.json" "$TEST_TMP/.output"
check_exit 1 "the same as text" sp verify --timeout 1.5 "$POLICY"
check_match "it is told" '8080/tcp +one +fail +speaks TLS, and the policy says tls = none' "$(tr -s ' \n' ' ' <<<"$output")"
check_match "and the upgrade" 'speaks TLS after STARTTLS' "$(tr -s ' \n' ' ' <<<"$output")"
check_match "with what to do" '\[undeclared_tls: ' "$output"
check_match "one that is plain" '8084/tcp +one +pass +no TLS, as the policy says' "$(tr -s ' \n' ' ' <<<"$output")"
check_exit 1 "as SARIF" sp verify --timeout 1.5 --format sarif "$POLICY"
check "it is what the standard says" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
	"$SP_ROOT/tests/lib/sarif-2.1.0.schema.json" "$TEST_TMP/.output"

# --- it shuts nothing -------------------------------------------------------
check_exit 0 "apply does not ask" sp apply --strict --timeout 1.5 "$POLICY"
check_match "the port is open" 'web says hello' \
	"$(in_host client curl --silent --insecure --max-time 3 "https://$S4:8080/")"
check_no_match "and has no lease" '8080' "$(in_host server nft list set inet sallyport verified)"
check_exit 1 "audit" sp audit --timeout 1.5 --format json "$POLICY"
check "audit tells it, and that it is open" /usr/bin/python3 - "$TEST_TMP/.output" <<'END'
import json, sys
rows = {r["ports"][0]["first"]: r for r in json.load(open(sys.argv[1]))["rows"] if r["protocol"] == "tcp" and r["listeners"]}
for port in (25, 8080, 8081, 8082, 8443):
    assert rows[port]["reason"] == "undeclared_tls" and rows[port]["kernel"] == "open", rows[port]
    assert rows[port]["finding"] == "undeclared_tls" and rows[port]["tls"] == "fail", rows[port]
for port in (110, 8083, 8084, 8085):
    assert rows[port]["reason"] == "plain" and rows[port]["tls"] is None, rows[port]
END
check "audit's JSON is what its schema says" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
	"$SP_ROOT/src/report/audit.schema.json" "$TEST_TMP/.output"

# --- by profile -------------------------------------------------------------
plain 'undeclared_tls = warn'
check_exit 0 "warn: verify exits 0" sp verify --timeout 1.5 --format json "$POLICY"
check_match "but tells it" '^8080 warn' "$(ports pass)"
check_exit 1 "warn: audit has other rows to fail" sp audit --timeout 1.5 --format json "$POLICY"
check "it is told there, and passes" /usr/bin/python3 - "$TEST_TMP/.output" <<'END'
import json, sys
rows = {r["ports"][0]["first"]: r for r in json.load(open(sys.argv[1]))["rows"] if r["protocol"] == "tcp" and r["listeners"]}
assert rows[8080]["reason"] == "plain" and rows[8080]["finding"] == "undeclared_tls", rows[8080]
assert "speaks TLS" in rows[8080]["text"], rows[8080]
END
plain 'undeclared_tls = ignore'
check_exit 0 "ignore: nothing is asked" sp verify --format json "$POLICY"
check_equal "nor told" "" "$(ports pass)$(ports fail)"

# --- what cannot be asked is no pass ---------------------------------------
plain 'undeclared_tls = warn'
in_host server nft add table inet shut
in_host server nft add chain inet shut input '{ type filter hook input priority -10; }'
in_host server nft add rule inet shut input tcp dport 8084 reject with tcp reset
check_exit 1 "a port that refuses" sp verify --timeout 1.5 --format json "$POLICY"
check_equal "is inconclusive" "8084" "$(ports inconclusive)"
finish
