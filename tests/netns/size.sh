#!/bin/bash
# Every port there is, and a hundred thousand prefixes: what was asked for is
# what the kernel holds, element by element counted, and packets obey it.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/1 tcp/2 tcp/22 tcp/40000-40003 tcp/65534-65535

# elements KIND TYPE...: how many the kernel has in sets, or maps, of these types
# of key, by nft's own reading.
elements() {
	local kind=$1
	shift
	in_host server nft -j list "${kind}s" inet | /usr/bin/python3 -c '
import json, sys
kind, *types = sys.argv[1:]
things = [thing[kind] for thing in json.load(sys.stdin)["nftables"] if kind in thing]
print(sum(len(thing.get("elem", [])) for thing in things if thing["type"] in (types, *types)))
' "$kind" "$@"
}

# Every second port is a segment of its own; two services make all 65,535.
/usr/bin/python3 - >"$POLICY" <<END
print("[policy]\nversion = 1")
for name, first, source in ("odd", 1, "10.0.0.0/8, fd00::/8"), ("even", 2, "203.0.113.0/24"):
    ports = [str(port) for port in range(first, 65536, 2)]
    lines = [", ".join(ports[i : i + 16]) for i in range(0, len(ports), 16)]
    print(f"\n[service {name}]\ntls = none\nfrom = {source}\nport = " + ",\n\t".join(lines))
END
apply
check_equal "65,535 ports are in the map" 65535 "$(elements map inet_proto inet_service)"
packets_reach client <<END
open tcp $A4 -> $S4:1,40001,40003,65535
shut tcp $A4 -> $S4:2,22,40000,40002,65534
open tcp $B4 -> $S4:2,22,40000,40002,65534
shut tcp $B4 -> $S4:1,40001,40003,65535
open tcp $A6 -> [$S6]:1,65535
shut tcp $A6 -> [$S6]:2
END
check_exit 0 "applying it again" sp apply --no-verify "$POLICY"
check_exit 0 "diff sees no difference" sp diff "$POLICY"

# One range over everything, a block list in front.
/usr/bin/python3 - >"$TEST_TMP/blocked.txt" <<'END'
print("# 50,000 IPv4 prefixes with gaps between them, and 50,000 of IPv6")
for i in range(50000):
    print(f"{100 + i // 32768}.{i // 128 % 256}.{i % 128 * 2}.0/24")
for i in range(50000):
    print(f"2a00:{i:x}::/48")
END
policy <<END

[service everything]
port = 1-65535
tls = none

[addresses blocked]
file = blocked.txt
action = block
END
addresses client eth0 100.0.2.7/32 100.0.3.7/32 2a00:c34f::1/128 2a00:c350::1/128
apply
count=$(in_host server nft list sets inet | grep -c 'set addr-blocked-4/')
check "a long list is in pieces ($count)" test "$count" -ge 4
check_equal "50,000 IPv4 prefixes are in the kernel" 50000 "$(elements set ipv4_addr)"
check_equal "50,000 IPv6 prefixes are in the kernel" 50000 "$(elements set ipv6_addr)"
packets_reach client <<END
open tcp $A4 -> $S4:1,22,40000,65535
open tcp $A6 -> [$S6]:1,22,65535
shut tcp 100.0.2.7 -> $S4:22
open tcp 100.0.3.7 -> $S4:22
shut tcp 2a00:c34f::1 -> [$S6]:22
open tcp 2a00:c350::1 -> [$S6]:22
END
check_exit 0 "applying it again" sp apply --no-verify "$POLICY"

# One prefix less: that address gets through, its neighbours do not.
sed -i '/^100\.0\.2\.0\/24$/d' "$TEST_TMP/blocked.txt"
apply
packets_reach client <<END
open tcp 100.0.2.7 -> $S4:22
shut tcp 2a00:c34f::1 -> [$S6]:22
END

# Big sets are remembered, not read back. A hand in one of them moves the kernel's
# generation: the memory is worth nothing then, and the next apply puts it right.
piece=$(in_host server nft list sets inet |
	sed -nE 's,^.*set (addr-blocked-4/100\.0\.0\.0-[0-9]+/24) .*,\1,p')
in_host server nft delete element inet sallyport "$piece" '{ 100.0.4.0 }' ||
	abort "cannot delete an element"
check_equal "a hand took one out" 49998 "$(elements set ipv4_addr)"
apply
check_equal "the next apply puts it back" 49999 "$(elements set ipv4_addr)"
run sp apply --no-verify "$POLICY"
check_match "and knows then what stands" '^Nothing to do' "$output"
finish
