#!/bin/bash
# Every address that listens counts, and nothing that cannot be reached does.
. "$(dirname "$0")/lab.sh"
firewall_lab
certificates good good-rsa
ssl3_only old good-rsa 9999

web mixed good "$S4:443" "[$S6]:443"
relay bad "[$S6b]:443" 127.0.0.1:9999
web every good "[::]:444 ipv6only=on" "0.0.0.0:444"
web dual good "[::]:445 ipv6only=off" "127.0.0.1:4450"
web inside good "127.0.0.1:446" "[::1]:446"
web beside good "$S4:447"
relay loop 127.0.0.1:447 127.0.0.1:9999

for port in 443 444 445 446 447; do
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
run sp verify "$POLICY"
check_match "absent says why" '446/tcp.*absent.*loopback alone' "$output"
check_match "the bad address is named" "\[$S6b\]:443.*SSLv3" "$output"

finish
