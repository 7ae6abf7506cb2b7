#!/bin/bash
# Every address that listens counts, and nothing that cannot be reached does.
. "$(dirname "$0")/lab.sh"
firewall_lab
certificates good good-rsa expired
ssl3_only old good-rsa 9999

web mixed good "$S4:443" "[$S6]:443"
relay bad "[$S6b]:443" 127.0.0.1:9999
web every good "[::]:444 ipv6only=on" "0.0.0.0:444"
web dual good "[::]:445 ipv6only=off" "127.0.0.1:4450"
web inside good "127.0.0.1:446" "[::1]:446"
web beside good "$S4:447"
relay loop 127.0.0.1:447 127.0.0.1:9999

# A standby, bound to an address that another host has; and a host that is brought
# more addresses than its interfaces have.
V4=192.0.2.100 V6=2001:db8::100
in_host server sysctl -q -w net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1
addresses client eth0 $V4/32 $V6/128
web_on client master good "$V4:448" "[$V6]:448"
web standby expired "$V4:448" "[$V6]:448"
ip -n "${net_prefix}server" route add local 192.0.2.128/28 dev lo
web many good 192.0.2.129:449
nowhere=203.0.113.200
ip -n "${net_prefix}server" route add unreachable $nowhere/32
web gone good "$S4:450" "$nowhere:450"

# Sockets of one port, each bound to an interface: from outside it is the way in that
# tells who answers, and nobody inside comes that way to an address of another one's.
link server eth2 client eth2
web expired expired 127.0.0.1:4511
for port in 451 452 453 454; do
	relay "good$port" 0.0.0.0:$port 127.0.0.1:4450 eth0
done
relay other451 $S4:451 127.0.0.1:4511 eth1
relay other452 0.0.0.0:452 127.0.0.1:4511 eth2
relay other453 0.0.0.0:453 127.0.0.1:4450 eth1
relay other454 0.0.0.0:454 127.0.0.1:4511 lo

for port in 443 444 445 446 447 448 449 450 451 452 453 454; do
	printf '\n[service web%d]\nport = %d\ntls = required\nname = %s\nca = %s\n' \
		$port $port $NAME "$PKI/root.pem"
done | policy
check_exit 1 "verify" sp verify --format json "$POLICY"
endpoints() { # port: its outcome and what was asked
	/usr/bin/python3 - "$1" "$TEST_TMP/.output" <<-'END'
		import json, sys
		for port in json.load(open(sys.argv[2]))["ports"]:
		    if port["port"] == int(sys.argv[1]):
		        print(port["outcome"], *sorted(e["address"] + ":" + e["outcome"] for e in port["endpoints"]))
	END
}
sorted() { tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//'; }
all="$T4:pass $T6:pass $S4b:pass $S4:pass $S6b:pass $S6:pass"
check_equal "one address spoils a port" \
	"$(sorted <<<"fail $S4:pass $S6:pass $S6b:fail")" "$(endpoints 443 | sorted)"
check_equal "wildcards are asked everywhere" "$(sorted <<<"pass $all")" "$(endpoints 444 | sorted)"
check_equal "one socket for both families too" "$(sorted <<<"pass $all")" "$(endpoints 445 | sorted)"
check_equal "loopback alone is nobody" absent "$(endpoints 446)"
check_equal "loopback does not count" "pass $S4:pass" "$(endpoints 447)"
check_equal "nobody is judged by another host's answer" absent "$(endpoints 448)"
check_equal "what routes bring here is asked" "pass 192.0.2.129:pass" "$(endpoints 449)"
check_equal "an address without a way does not count" "pass $S4:pass" "$(endpoints 450)"
ip -n "${net_prefix}client" route add $S4/32 dev eth1 via $T4
check_match "who comes in by eth1 is answered by its socket" 'certificate has expired' \
	"$(in_host client timeout 5 openssl s_client -connect $S4:451 -bind 198.51.100.2 -CAfile "$PKI/root.pem" </dev/null 2>&1)"
ip -n "${net_prefix}client" route del $S4/32
check_equal "another interface's socket at this one's address cannot be asked" \
	"$(sorted <<<"inconclusive $S4:inconclusive $S4:pass $S4b:pass")" "$(endpoints 451 | sorted)"
check_equal "nor one on an interface without an address" \
	"$(sorted <<<"inconclusive 0.0.0.0:inconclusive $S4:pass $S4b:pass")" "$(endpoints 452 | sorted)"
check_equal "each is asked at its interface's addresses" \
	"$(sorted <<<"pass $S4:pass $S4b:pass $T4:pass")" "$(endpoints 453 | sorted)"
check_equal "the loopback's does not count" \
	"$(sorted <<<"pass $S4:pass $S4b:pass")" "$(endpoints 454 | sorted)"
run sp verify "$POLICY"
check_match "a standby is told" '448/tcp.*absent.*listens on no address of this host' "$(tr '\n' ' ' <<<"$output" | sed 's/  */ /g')"
check_match "a socket that cannot be asked is told" '451/tcp.*was not asked: it answers what comes in by eth1' "$(tr '\n' ' ' <<<"$output" | sed 's/  */ /g')"
check_match "absent says why" '446/tcp.*absent.*loopback alone' "$output"
for address in $V4/32 $V6/128; do
	ip -n "${net_prefix}client" address del $address dev eth0
	addresses server eth0 $address
done
run sp verify --format json "$POLICY"
check_equal "once it has the address it answers for itself" "$(sorted <<<"fail $V4:fail $V6:fail")" \
	"$(endpoints 448 | sorted)"
run sp verify "$POLICY"
check_match "the bad address is named" "\[$S6b\]:443.*SSLv3" "$output"

# A name with more addresses than one probe asks, the last of them a bad one.
listens=()
for i in {1..16}; do listens+=("127.0.2.$i:455"); done
web crowd good "${listens[@]}"
web last expired 127.0.2.17:455
printf "127.0.2.%d $NAME\n" {1..17} >"$TEST_TMP/hosts"
probe_named() {
	in_host server "$BASH" -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$TEST_TMP/hosts" \
		"$SALLYPORT" probe "$NAME:455" --ca "$PKI/root.pem"
}
check_exit 3 "probe of some of a name's addresses" probe_named
check_match "is none" "$NAME has over 16 addresses: ask each by itself, with --name $NAME" "$errors"
sed -i 2d "$TEST_TMP/hosts"
check_exit 1 "probe of all" probe_named
check_match "finds the bad one" '127\.0\.2\.17.*expired|expired.*127\.0\.2\.17' "$(tr '\n' ' ' <<<"$output")"
finish
