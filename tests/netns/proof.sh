#!/bin/bash
# The main job, with real servers: the policy at the head of the language's
# description opens ssh for its sources and https while it is verified; a server
# with an expired certificate, one that speaks only SSLv3, and a port that one
# of its addresses spoils stay shut, and everything says why.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command curl
firewall_lab
certificates good good-rsa expired
answer server tcp/22 udp/443 udp/8443
web good good "$S4:443" "[$S6]:443"
web expired expired "$S4:8443" "[$S6]:8443"
ssl3_only old good-rsa 9443

policy <<END
[service ssh]
from = 10.0.0.0/8, fd00::/8

[service https]
name = $NAME
ca = $PKI/root.pem
END
sed -i 's/^version = 1$/&\n/' "$POLICY"

check_exit 0 "check" sp check "$POLICY"
check_exit 0 "verify of the good server" sp verify "$POLICY"
check_exit 0 "apply" sp apply "$POLICY"
hello() { check_equal "a page from $2:$3 for $1" "$4" "$(page "$1" "$2" "$3" 2>&1)"; }
packets_reach client <<END
open tcp $A4 -> $S4:22
open tcp $A6 -> [$S6]:22
shut tcp $B4 -> $S4:22
shut tcp $B6 -> [$S6]:22
connects tcp $A4 -> $S4:443
connects tcp $B6 -> [$S6]:443
shut tcp $A4 -> $S4:8443,9443
shut udp $A4 -> $S4:443
END
hello $B4 $S4 443 "good says hello"
hello $B6 $S6 443 "good says hello"

cat >>"$POLICY" <<END

[service shop]
use = https
port = 8443
name = $NAME
ca = $PKI/root.pem

[service legacy]
use = https
port = 9443
name = $NAME
ca = $PKI/root.pem

[service nobody]
use = https
port = 7443
name = $NAME
ca = $PKI/root.pem
END
# A line for each port, and below it one for what is wrong.
why() {
	local lines
	lines=$(sed -E ':a;N;$!ba;s/\n +/ | /g' <<<"$output")
	check_match "$1: https passes" '443/tcp.*(pass|verified|open)' "$lines"
	check_match "$1: shop has expired" '8443[^|]*(\|[^|]*)?certificate expired' "$lines"
	check_match "$1: legacy speaks SSLv3" '9443[^|]*(\|[^|]*)?SSLv3' "$lines"
	check_match "$1: nobody listens on 7443" '7443[^|]*(\|[^|]*)?(absent|nobody listens)' "$lines"
}
check_exit 1 "verify" sp verify "$POLICY"
why verify
check_exit 0 "apply, with three shut gates" sp apply "$POLICY"
check_exit 1 "apply --strict" sp apply --strict "$POLICY"
check_exit 0 "status" sp status
why status
check_match "status says who may reach ssh" 'ssh.*22/tcp' "$output"
for command in verify status diff; do
	operands=("$POLICY")
	[[ $command != status ]] || operands=()
	run sp $command --format json ${operands[@]+"${operands[@]}"}
	check "$command --format json is JSON" /usr/bin/python3 -m json.tool "$TEST_TMP/.output" /dev/null
done
packets_reach client <<END
connects tcp $A4 -> $S4:443
connects tcp $A6 -> [$S6]:443
shut tcp $A4 -> $S4:8443,9443,7443
shut tcp $A6 -> [$S6]:8443,9443,7443
shut udp $A4 -> $S4:443,8443
END
before=$(counter svc-https)
hello $A4 $S4 443 "good says hello"
check_equal "its connection was counted" $((before + 1)) "$(counter svc-https)"

# The certificate is renewed: the next apply opens the port.
server_stop expired
sed -i "s|$PKI/expired|$PKI/good|" "$TEST_TMP/expired/nginx.conf"
server_start expired server nginx -e "$TEST_TMP/expired/error.log" -c "$TEST_TMP/expired/nginx.conf"
wait_for_port server tcp 8443
check_exit 0 "apply after the renewal" sp apply "$POLICY"
hello $B4 $S4 8443 "expired says hello"

# The good server goes bad: the next apply shuts the port.
server_stop good
sed -i "s|$PKI/good|$PKI/expired|" "$TEST_TMP/good/nginx.conf"
server_start good server nginx -e "$TEST_TMP/good/error.log" -c "$TEST_TMP/good/nginx.conf"
wait_for_port server tcp 443
check_exit 0 "apply after the expiry" sp apply "$POLICY"
packets_reach client <<END
shut tcp $A4 -> $S4:443
connects tcp $A4 -> $S4:8443
END
finish
