#!/bin/bash
# The panic button lets nobody in whom the policy shuts out of what `lockdown` names.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22
policy <<END
lockdown = ssh

[addresses spam]
elements = 203.0.113.0/24, 2001:db8:bad::/48
action = block

[service ssh]

[service not-them]
use = ssh
from = 10.0.0.0/8
action = block

[service nor-them]
port = 20-30
from = fd00::/8
tls = none
action = reject
END
C4=192.0.2.2 C6=2001:db8::2
who() {
	packets_reach client <<-END
		open tcp $C4 -> $S4:22
		open tcp $C6 -> [$S6]:22
		shut tcp $B4 -> $S4:22
		shut tcp $B6 -> [$S6]:22
		shut tcp $A4 -> $S4:22
		$1 tcp $A6 -> [$S6]:22
	END
}
apply
who reset
check_exit 0 "lockdown" sp lockdown
who shut
in_host server nft delete table inet sallyport
check_exit 0 "a boot in the lockdown" sp apply --boot
who shut

# More than a floor holds: said, and those who are let in find room first.
for ((i = 0; i < 5000; i++)); do
	echo "198.$((18 + i / 25000)).$((i * 2 / 256 % 256)).$((i * 2 % 256))"
done >"$TEST_TMP/many.txt"
sed -i "s|^elements = .*|&\nfile = $TEST_TMP/many.txt|" "$POLICY"
check_exit 0 "apply of a long list" sp apply --no-verify "$POLICY"
check_match "whom the floor forgets is said" 'a floor holds 4096 lines: 9[0-9][0-9] of those' "$errors"
check_equal "and it holds no more" 4098 "$(wc -l <"$STATE/floor")"
check_exit 0 "lockdown" sp lockdown
packets_reach client <<-END
	open tcp $C4 -> $S4:22
	shut tcp $A4 -> $S4:22
END

# Without a way in there is nobody to shut out.
sed -i '/^lockdown/d' "$POLICY"
apply
check_equal "nothing is kept for nobody" 2 "$(wc -l <"$STATE/floor")"
finish
