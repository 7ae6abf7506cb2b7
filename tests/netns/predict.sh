#!/bin/bash
# Random policies in the real kernel: packets meet the fate that explain predicts.
#   predict.sh [POLICIES PACKETS-EACH]
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
link server wg0 client wg0
for i in $(seq 1 33); do
	addresses client eth0 "10.0.0.$i/32" "$(printf 'fd00:7::%x/128' "$i")"
done
# Packets come by any interface to any local address: routes of the client say
# which, and neighbours are known, for nobody else answers for a dummy's address.
for interface in eth0 eth1 wg0; do
	mac=$(in_host server cat "/sys/class/net/$interface/address")
	for i in $(seq 1 6); do
		[[ $interface != eth0 ]] || addresses server eth0 "10.9.0.$i/32" "fd09::$i/128"
		ip -n "${net_prefix}client" neigh replace "10.9.0.$i" lladdr "$mac" dev "$interface" nud permanent
		ip -n "${net_prefix}client" neigh replace "fd09::$i" lladdr "$mac" dev "$interface" nud permanent
	done
done
# Every reject is sent: the host's limit for ICMP errors is for storms.
in_host server sysctl -q -w net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratemask=254 2>/dev/null
answer server tcp/1000-1014,1100-1114,1200-1214,1300-1314,1400-1414 udp/1000-1014,1100-1114,1200-1214,1300-1314,1400-1414
seed=${SP_SEED:-}
check_exit 0 "as predicted" /usr/bin/python3 "$SP_ROOT/tests/netns/predict.py" run "${1:-12}" "${2:-100}" "$net_prefix" \
	"$SALLYPORT" "$SP_BUILD/tests/netns/predict" "$TEST_TMP" ${seed:+"$seed"}
echo "$output" | tail -n 1
for fate in accept drop reject; do
	check_match "some packets meet $fate" "\"$fate\": [1-9]" "$output"
done
finish
