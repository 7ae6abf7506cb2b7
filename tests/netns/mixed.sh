#!/bin/bash
# A port passes when every address that listens on it passes: TLS 1.3 on one
# and SSLv3 on another of the same port stays shut, in each family; what listens
# on loopback alone does not count; UDP follows TCP.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
certificates good good-rsa
ssl3_only old good-rsa 9999
answer server udp/443 udp/444 udp/445

web one good "$S4:443" "[$S6]:443"
relay bad4 $S4b:443 127.0.0.1:9999
web two good "$S4:444" "$S4b:444"
relay bad6 "[$S6]:444" 127.0.0.1:9999
web three good "$S4:445" "[$S6]:445"
relay inside 127.0.0.1:445 127.0.0.1:9999

for port in 443 444 445; do
	printf '\n[service web%d]\nport = %d\nprotocol = tcp, udp\ntls = required\nname = %s\nca = %s\n' \
		$port $port $NAME "$PKI/root.pem"
done | policy
check_exit 1 "verify" sp verify "$POLICY"
check_match "the bad IPv4 address is named" "$S4b.*SSL ?v?3" "$output"
check_match "the bad IPv6 address is named" "$S6.*SSL ?v?3" "$output"
check_exit 0 "apply" sp apply "$POLICY"
packets_reach client <<END
shut tcp $A4 -> $S4:443,444 $S4b:443,444
shut tcp $A6 -> [$S6]:443,444
shut udp $A4 -> $S4:443,444
shut udp $A6 -> [$S6]:443,444
connects tcp $A4 -> $S4:445
connects tcp $B6 -> [$S6]:445
open udp $A4 -> $S4:445
open udp $A6 -> [$S6]:445
END

# Without the bad listener the port proves itself.
server_stop bad4
check_exit 0 "apply" sp apply "$POLICY"
packets_reach client <<END
connects tcp $A4 -> $S4:443
open udp $A4 -> $S4:443
shut tcp $A4 -> $S4:444
END

# A lease is the port's own time: it runs out by itself, UDP's with it.
sed -i 's/^\[service web445\]$/&\nlease = 6s/' "$POLICY"
in_host server nft delete table inet sallyport
check_exit 0 "apply with a lease of six seconds" sp apply "$POLICY"
packets_reach client <<END
connects tcp $A4 -> $S4:445
open udp $A4 -> $S4:445
END
sleep 6.2
packets_reach client <<END
shut tcp $A4 -> $S4:445
shut udp $A4 -> $S4:445
connects tcp $A4 -> $S4:443
END
finish
