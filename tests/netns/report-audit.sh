#!/bin/bash
# `audit`: sockets, policy, kernel and TLS in one table. Each thing that can be
# wrong is made here, with real servers, and found, and nothing else is.
. "$(dirname "$0")/../lib/sallyport.sh"
. "$SP_ROOT/tests/lib/sarif.sh"
need_command setpriv
firewall_lab
certificates good good-rsa expired
web good good "$S4:443" "[$S6]:443" "$S4:8443" "$S4:10443"
web expired expired "$S4:11443" "$S4:12443"
ssl3_only old good-rsa 9443
answer server tcp/22 tcp/6443 tcp/2222 udp/514
server_start loopback server /usr/bin/python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 5432))
time.sleep(600)'
wait_for_port server tcp 5432

policy <<END

[service ssh]

[service https]
name = $NAME
ca = $PKI/root.pem
END
tls_service() { # NAME PORT [LINE...]
	printf '\n[service %s]\nuse = https\nport = %s\nname = %s\nca = %s\n' \
		"$1" "$2" "$NAME" "$PKI/root.pem"
	shift 2
	printf '%s\n' "$@"
}
cp "$POLICY" "$TEST_TMP/fine.ini"
printf '\n[service others]\nport = 2222, 6443, 8443, 9443, 10443, 11443, 12443\ntls = none\n\n[service syslog]\n' >>"$POLICY"
apply
check_exit 1 "audit before the gate is proven" sp audit "$POLICY"
check_match "443 passes and is shut" '443/tcp.*shut +pass' "$output"
check_match "which is said" 'open in the policy, shut in the kernel' "$output"
check_exit 0 "apply" sp apply "$POLICY"
check_exit 0 "audit where all is well" sp audit "$POLICY"
check_match "443 is verified" '^pass +443/tcp +https +nginx\[[0-9]+\] +open +pass' "$output"
check_match "loopback is local" 'bound to loopback' "$output"
check_equal "eighty columns" "" "$(grep -E '.{81}' <<<"$output")"
check_equal "no failure" "" "$(grep ^fail <<<"$output")"

# In the order of audit.h.
cp "$TEST_TMP/fine.ini" "$POLICY"
{
	tls_service shop 8443 'from = 10.0.0.0/8'
	tls_service legacy 9443
	tls_service warned 10443 'on_fail = warn'
	tls_service lapsed 11443 'on_fail = warn'
	tls_service plain 6443
	tls_service nobody 7443
	tls_service glass 8444
	printf '\n[service database]\nport = 5432\ntls = none\n'
	printf '\n[service gap]\nport = 3000-3010\ntls = none\n'
	printf '\n[service syslog]\naction = block\n'
} >>"$POLICY"
web glass good "$S4:8444"
check_exit 0 "apply of much that is wrong" sp apply "$POLICY"
lease_end tcp 8444
check_exit 0 "override" sp override glass --for 1h --reason "the auditor asks"
in_host server nft delete element inet sallyport ports '{ tcp . 22 }' ||
	abort "cannot take 22 out of the map"
in_host server nft insert rule inet sallyport tcp-8443 counter accept ||
	abort "cannot put a rule into tcp-8443"
in_host server nft -f - <<END || abort "nft refuses the other tables"
table ip nat {
	chain DOCKER {
		tcp dport 8080 dnat to 172.17.0.2:80
		meta l4proto udp udp dport 5353 dnat to 172.17.0.3
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump DOCKER
		tcp dport { 81, 82 } redirect to :8081
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		masquerade
	}
}
table inet stateless {
	chain raw {
		type filter hook prerouting priority raw; policy accept;
		tcp dport 2200 tcp dport set 22
		ip daddr 203.0.113.9 udp dport 53 ip daddr set 192.0.2.53
		tcp dport 2201 ip6 daddr set 2001:db8::53 tcp dport set 53
		ip dscp set cs1
	}
}
table inet firewalld {
	chain filter_INPUT { type filter hook input priority filter + 10; policy accept; }
	chain filter_FORWARD { type filter hook forward priority filter + 10; policy drop; }
}
table netdev n {
	chain early { type filter hook ingress device "eth1" priority 0; policy accept; }
}
END
check_exit 1 "audit of much that is wrong" sp audit "$POLICY"
# One line for each port.
table=$(sed -E ':a;N;$!ba;s/\n {6,}/ | /g' <<<"$output")
finds() { check_match "$1" "$2" "$table"; }
finds "what was taken out of the kernel" '^fail +22/tcp +ssh .*open in the policy, shut in the kernel.*\[shut\]'
finds "what passes" '^pass +443/tcp +https .*\[verified\]'
finds "a listener without a rule" '^fail +2222/tcp +- .*\[no_rule\]'
finds "a range without a listener" '^fail +3000-3010/tcp +gap .*\[no_listener\]'
finds "a rule for what loopback alone has" '^fail +5432/tcp +database .*\[no_listener\]'
finds "plain text on a TLS port" '^fail +6443/tcp +plain .*\[tls: plain_text\]'
finds "a TLS rule without a listener" '^fail +7443/tcp +nobody .*\[no_listener\]'
finds "another rule in the kernel" '^fail +8443/tcp +shop .*\[different\]'
finds "an override" '^fail +8444/tcp +glass .*open.*\[overridden\]'
finds "an SSLv3-only port" '^fail +9443/tcp +legacy +selfserv.*\[tls: sslv3\]'
finds "which the kernel keeps shut" '^fail +9443/tcp .* shut +fail'
finds "on_fail = warn that would pass" '^fail +10443/tcp +warned .*\[unverified\]'
finds "on_fail = warn that would not" '^fail +11443/tcp +lapsed .*open +fail.*\[tls: certificate_expired\]'
finds "a server without a rule" '^fail +12443/tcp +- .*\[no_rule\]'
finds "what is blocked by name" '^pass +514/udp +syslog .*\[blocked\]'
finds "a DNAT rule" '^fail +destinations are rewritten in ip nat DOCKER, rule [0-9]+: port 8080/tcp to.*172\.17\.0\.2:80.*Docker.*\[dnat\]'
finds "one for UDP" 'port 5353/udp to.*172\.17\.0\.3 '
finds "a redirect of several ports" 'ports are rewritten in ip nat prerouting.*to :8081.*\[redirect\]'
finds "a port that is rewritten without nat" 'ports are rewritten in inet stateless raw.*port 2200/tcp to :22: .*\[redirect\]'
finds "an address" 'destinations are rewritten in inet stateless raw.*port 53/udp to.*192\.0\.2\.53: .*\[dnat\]'
finds "both" 'destinations are rewritten in inet stateless raw.*port 2201/tcp to.*\[2001:db8::53\]:53: .*\[dnat\]'
finds "a foreign input hook" '^note +another table hooks input in inet firewalld filter_INPUT.*firewalld.*\[input_hook\]'
finds "a forward hook" 'hooks forward in inet firewalld filter_FORWARD.*policy drop.*\[forward_hook\]'
finds "an ingress hook" 'netdev n early.*\[ingress_hook\]'
finds "that the kernel differs" 'kernel does not hold this policy'
check_equal "rows that pass" "2" "$(grep -c '^pass' <<<"$output")"
check_equal "eighty columns" "" "$(grep -E '.{81}' <<<"$output")"

check_exit 1 "audit as JSON" sp audit --format json "$POLICY"
check_equal "the same rows" "12 2 6 3" "$(/usr/bin/python3 -c '
import json, sys
audit = json.load(open(sys.argv[1]))
assert audit["version"] == 1 and not audit["pass"]
rows, others = audit["rows"], audit["not_covered"]
docker = [x for x in others if x["kind"] == "dnat" and x["port"] == 8080]
assert docker[0]["to"] == "172.17.0.2" and docker[0]["to_port"] == 80
assert [r["finding"] for r in rows if "9443" in json.dumps(r["ports"])] == ["sslv3"]
print(sum(not r["pass"] for r in rows), sum(r["pass"] for r in rows),
    sum(not x["pass"] for x in others), sum(x["pass"] for x in others))
' "$TEST_TMP/.output")"
valid() { /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" "$SP_ROOT/src/report/audit.schema.json" "$1"; }
check "which its schema allows" valid "$TEST_TMP/.output"
sed 's/"reason": "tls"/"reason": "tsl"/' "$TEST_TMP/.output" >"$TEST_TMP/other.json"
check_not "and another reason not" valid "$TEST_TMP/other.json" >/dev/null
sed 's/"blocks_nothing"/"more": 1, "blocks_nothing"/' "$TEST_TMP/.output" >"$TEST_TMP/other.json"
check_not "nor a key more" valid "$TEST_TMP/other.json" >/dev/null
check_exit 1 "audit as SARIF" sp audit --format sarif "$POLICY"
cp "$TEST_TMP/.output" "$TEST_TMP/audit.sarif"
check_sarif "which is SARIF" "$TEST_TMP/audit.sarif"
check "whose rules are the schema's reasons and kinds" /usr/bin/python3 -c '
import json, sys
rules = [r["id"] for r in json.load(open(sys.argv[1]))["runs"][0]["tool"]["driver"]["rules"]]
schema = json.load(open(sys.argv[2]))["$defs"]
assert rules == [schema[d]["properties"][p]["enum"] for d, p in (("row", "reason"), ("foreign", "kind"))][0] + schema["foreign"]["properties"]["kind"]["enum"], rules
' "$TEST_TMP/audit.sarif" "$SP_ROOT/src/report/audit.schema.json"
check_exit 1 "audit as Markdown" sp audit --format markdown "$POLICY"
check_match "a row of it" '^\| 🔴 fail \| 9443/tcp \| legacy \|' "$output"

# Rules of iptables, which keep their own extensions in nf_tables.
if command -v iptables-nft >/dev/null; then
	in_host server iptables-nft -t nat -A PREROUTING -p tcp --dport 9090 \
		-j DNAT --to-destination 172.17.0.9:90 || abort "iptables-nft fails"
	check_exit 1 "audit with iptables' DNAT" sp audit "$POLICY"
	check_match "names it" 'ip nat PREROUTING.*port 9090/tcp' \
		"$(sed -E ':a;N;$!ba;s/\n {6,}/ /g' <<<"$output")"
else
	echo "     without iptables-nft"
fi

# A rule is for where its `to` and `interface` are, a listener is where it is bound.
cp "$POLICY" "$TEST_TMP/wrong.ini"
server_start bound server /usr/bin/python3 -c '
import select, socket, sys
def held(address, port, interface=None):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if interface:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface)
    s.bind((address, port))
    s.listen()
    return s
s4, s4b, s6 = sys.argv[1:]
held = [held(s4, 6001), held(s4b, 6001), held("127.0.0.1", 6001), held(s4b, 6002),
    held("0.0.0.0", 6003), held("0.0.0.0", 6004), held("0.0.0.0", 6005, b"eth1"), held("0.0.0.0", 6006, b"eth1"),
    held(s4, 6007), held(s4b, 6008)]
while True:
    for s in select.select(held, [], [])[0]:
        s.accept()[0].close()' $S4 $S4b $S6
wait_for_port server tcp 6008
{
	cat "$TEST_TMP/wrong.ini"
	where() { printf '\n[service where%d]\nport = %d\ntls = none\n' "$1" "$1" && printf '%s\n' "${@:2}"; }
	where 6001 "to = $S4"
	where 6002 "to = $S4"
	where 6003 "to = $S4, $S4b"
	where 6004 "to = 192.0.2.77"
	where 6005 'interface = eth*'
	where 6006 'interface = eth0'
	where 6007
	where 6008 'action = block' "to = $S4"
} >"$POLICY"
check_exit 0 "apply" sp apply "$POLICY"
check_exit 1 "audit of places" sp audit "$POLICY"
table=$(sed -E ':a;N;$!ba;s/\n {6,}/ /g' <<<"$output")
rows_of() { grep -E "^(pass|fail) +$1/" <<<"$table" | sed -E 's/^(pass|fail).* (open|shut) .*\[([a-z_]+)\]$/\1 \2 \3/' | sort | xargs; }
check_equal "one address with a rule, one without" "fail shut no_rule pass open plain" "$(rows_of 6001)"
check_equal "a rule for another address" "fail open no_listener fail shut no_rule" "$(rows_of 6002)"
check_match "which is said" "6002/tcp.* at $S4b, which is not where its rule is: where6002" "$table"
check_equal "a wildcard with a rule for some addresses" "pass open plain" "$(rows_of 6003)"
check_equal "one with a rule for none of the host's" "fail open no_listener fail shut no_rule" "$(rows_of 6004)"
check_equal "the right interface" "pass open plain" "$(rows_of 6005)"
check_equal "the wrong one" "fail open no_listener fail shut no_rule" "$(rows_of 6006)"
check_equal "any place" "pass open plain" "$(rows_of 6007)"
check_equal "blocked at another address" "fail shut no_rule" "$(rows_of 6008)"
check_equal "eighty columns" "" "$(grep -E '.{81}' <<<"$output")"
cp "$TEST_TMP/wrong.ini" "$POLICY"
server_stop bound

# The same of the older interface, which nft does not show.
if command -v iptables-legacy >/dev/null && in_host server iptables-legacy -L -n >/dev/null 2>&1; then
	in_host server iptables-legacy -t nat -S >/dev/null
	in_host server ip6tables-legacy -t mangle -S >/dev/null
	check_exit 1 "audit with empty tables of iptables-legacy" sp audit "$POLICY"
	check_no_match "does not tell them" 'iptables-legacy' "$output"
	in_host server "$BASH" -e <<-'END' || abort "iptables-legacy fails"
		iptables-legacy -P FORWARD DROP
		iptables-legacy -A INPUT -p tcp --dport 23 -j DROP
		iptables-legacy -t nat -N DOCKER
		iptables-legacy -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		iptables-legacy -t nat -A DOCKER -i docker0 -j RETURN
		iptables-legacy -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 7070 -j DNAT --to-destination 172.17.0.7:70
		iptables-legacy -t nat -A PREROUTING -p udp -m multiport --dports 71,72 -j REDIRECT --to-ports 73
		ip6tables-legacy -t nat -A PREROUTING -p tcp --dport 7071 -j DNAT --to-destination [fd00:17::7]:70
		ip6tables-legacy -t mangle -A PREROUTING -p tcp --dport 7072 -j TPROXY --on-port 7073
	END
	check_exit 1 "audit with rules of iptables-legacy" sp audit "$POLICY"
	table=$(sed -E ':a;N;$!ba;s/\n {6,}/ /g' <<<"$output")
	finds "its DNAT rule" "^fail +destinations are rewritten in iptables-legacy's ip nat DOCKER, rule 2: port 7070/tcp to 172\.17\.0\.7:70 \(Docker\).*\[dnat\]"
	finds "its redirect" "^fail +ports are rewritten in iptables-legacy's ip nat PREROUTING, rule 2: udp, ports that its other matches name to :73 .*\[redirect\]"
	finds "its DNAT rule of IPv6" "iptables-legacy's ip6 nat PREROUTING, rule 1: port 7071/tcp to \[fd00:17::7\]:70 "
	finds "its TPROXY rule" "^fail +.*iptables-legacy's ip6 mangle PREROUTING, rule 1: port 7072/tcp.*\[tproxy\]"
	finds "its input chain" "^note +another table hooks input in iptables-legacy's ip filter INPUT, priority 0, policy accept"
	finds "its forward chain" "^note +another table hooks forward in iptables-legacy's ip filter FORWARD, priority 0, policy drop"
	check_equal "and no more of it" 6 "$(grep -c "iptables-legacy's" <<<"$table")"
	check_equal "eighty columns" "" "$(grep -E '.{81}' <<<"$output")"
	check_exit 1 "as JSON" sp audit --format json "$POLICY"
	check "which its schema allows" valid "$TEST_TMP/.output"
	check_equal "the same" "6" "$(/usr/bin/python3 -c '
import json, sys
print(sum(x["legacy"] for x in json.load(open(sys.argv[1]))["not_covered"]))' "$TEST_TMP/.output")"
else
	echo "     without iptables-legacy"
fi

# An ordinary user: what may not be read is left out and said, the rest is there.
chmod 711 "$TEST_TMP"
mkdir -m 755 "$TEST_TMP/bin" "$TEST_TMP/prober"
cp "$SALLYPORT" "$TEST_TMP/bin/sallyport"
cp "$(dirname "$SALLYPORT")/../prober/sallyport-prober" "$TEST_TMP/prober/" || abort "no prober"
chmod 644 "$POLICY" "$TEST_TMP/fine.ini"
chmod 755 "$PKI" && chmod 644 "$PKI/root.pem"
as_nobody() {
	in_host server setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \
		timeout 120 "$TEST_TMP/bin/sallyport" "$@" --state "$TEST_TMP/none" --run "$TEST_TMP/none"
}
check_exit 1 "audit as an ordinary user" as_nobody audit "$POLICY"
as_enforcer() {
	in_host server setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all,+net_admin \
		--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		timeout 120 "$TEST_TMP/bin/sallyport" "$@" --state "$TEST_TMP/none" --run "$TEST_TMP/none"
}
check_match "says that the kernel was not read" 'kernel.*not read' "$(tr '\n' ' ' <<<"$output")"
check_match "and that owners are left out" 'Owners are left out: the sockets of [0-9]+ processes' "$output"
check_match "warns on standard error" 'warning: .*CAP_NET_ADMIN' "$errors"
check_match "shows uids instead" '^pass +443/tcp +https +uid [0-9]+ +unread +pass' "$output"
check_match "and still judges TLS" '^fail +9443/tcp' "$output"
printf '\n[service others]\nport = 2222, 6443, 8443-8444, 9443, 10443, 11443, 12443\ntls = none\n\n[service syslog]\n' >>"$TEST_TMP/fine.ini"
check_exit 3 "nothing wrong that it can see" as_nobody audit "$TEST_TMP/fine.ini"

# With CAP_NET_ADMIN alone, nf_tables is read and iptables-legacy's names are not.
if in_host server test -e /proc/self/net/ip_tables_names; then
	cp "$TEST_TMP/fine.ini" "$POLICY"
	in_host server nft delete table ip nat
	in_host server nft delete table inet firewalld
	in_host server nft delete table inet stateless
	in_host server nft delete table netdev n
	check_exit 0 "apply of what is fine" sp apply "$POLICY"
	check_exit 3 "audit with CAP_NET_ADMIN alone" as_enforcer audit "$POLICY"
	check_match "has read the kernel" '^pass +443/tcp .* open +pass' "$output"
	check_match "says what it has not" 'tables of iptables-legacy were not read' "$output"
	check_exit 3 "as JSON" as_enforcer audit --format json "$POLICY"
	check "which its schema allows" valid "$TEST_TMP/.output"
	check_match "says it too" '"legacy_read": false' "$output"
fi
finish
