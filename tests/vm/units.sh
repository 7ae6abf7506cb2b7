#!/bin/bash
# The units as installed: nothing for systemd to complain of, how exposed they
# are, and that no cycle forms with what orders itself around them.
. "$(dirname "$0")/../lib/test.sh"
need_command systemd-analyze cmake
need_sallyport
destination=$TEST_TMP/root
DESTDIR=$destination cmake --install "$SP_BUILD" >"$TEST_TMP/install.log" 2>&1 ||
	abort "cmake --install fails: $(tail -n 3 "$TEST_TMP/install.log")"
for file in systemd/system/sallyport.service systemd/system/sallyport-boot.service \
	sysusers.d/sallyport.conf modules-load.d/sallyport.conf tmpfiles.d/sallyport.conf; do
	check "installed: $file" test -n "$(find "$destination" -path "*/$file")"
done

# Paths of this machine for the binary, as if it were installed here.
units=$TEST_TMP/units
mkdir -p "$units"
for unit in sallyport.service sallyport-boot.service; do
	sed -E "s|^ExecStart=[^ ]+|ExecStart=$SALLYPORT|; s|man:sallyport\(8\)|https://example.org/|" \
		"$(find "$destination" -name $unit)" >"$units/$unit"
done
check_equal "systemd-analyze verify has nothing to say" "" \
	"$(systemd-analyze verify --man=no "$units"/*.service 2>&1 | grep -i sallyport)"

# exposure UNIT: the figure, tenths
exposure() {
	systemd-analyze security --offline=true --no-pager --threshold=100 "$units/$1" |
		tee "$TEST_TMP/$1.security" | sed -nE 's/.*exposure level for [^:]*: ([0-9.]+).*/\1/p'
}
while read -r unit most; do
	level=$(exposure "$unit")
	check "exposure of $unit: ${level:-none}, at most $most" \
		awk -v got="${level:-10}" -v most="$most" 'BEGIN { exit !(got <= most) }'
	grep -E '^✗' "$TEST_TMP/$unit.security" | sed -E 's/ +/ /g; s/^/     /'
done <<-END
	sallyport.service 1.6
	sallyport-boot.service 2.0
END

for unit in "$units"/*.service; do
	name=${unit##*/}
	check_equal "$name: nothing that stops it opens anything" "" \
		"$(grep -E '^(ExecStop|ExecStopPost|OnFailure)=' "$unit")"
	check_match "$name: runs as sallyport" '^User=sallyport$' "$(<"$unit")"
	check_match "$name: with one capability" '^CapabilityBoundingSet=CAP_NET_ADMIN$' "$(<"$unit")"
done
finish
