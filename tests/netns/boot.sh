#!/bin/bash
# apply --boot where something is missing: nothing was ever asked for, or what was
# asked for is lost, or what a snapshot names is.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
certificates good
CONFIG=$TEST_TMP/config
mkdir "$CONFIG"
answer server tcp/22 tcp/80
boot() { sp apply --boot --config "$CONFIG"; }
reboot() { in_host server nft delete table inet sallyport 2>/dev/null; rm -rf "$RUN"; }
stands() { in_host server nft list table inet sallyport >/dev/null; }
forget() { reboot; rm -rf "$STATE"; }
shut_but_for_ssh() {
	packets_reach client <<-END
		open tcp $A4 -> $S4:22
		shut tcp $B4 -> $S4:22
		shut tcp $A4 -> $S4:80
	END
}

# Whoever never applied anything has no policy.
for state in "no state directory" "an empty one" "one that only tried something"; do
	forget
	case $state in
	"an empty one") mkdir -p "$STATE" ;;
	"one that only tried"*) mkdir -p "$STATE/pending" "$STATE/evidence" "$STATE/lost+found" ;;
	esac
	check_exit 0 "boot with $state" boot
	check_match "$state: it is said" 'nothing was ever applied' "$errors"
	check_equal "$state: the host is left as it was" "" "$(ruleset)"
done

# Anything that was asked for and is lost leaves the host shut.
for trace in active previous floor lockdown; do
	forget
	mkdir -p "$STATE"
	if [[ $trace == lockdown ]]; then touch "$STATE/$trace"; else mkdir "$STATE/$trace"; fi
	run boot
	check "$trace alone: the floor is there" stands
	packets_reach client <<-END
		shut tcp $A4 -> $S4:22
	END
done
forget
mkdir -p "$STATE"
printf 'none %s ext4 defaults 0 0\n' "${STATE%/*}" >"$TEST_TMP/fstab"
check_exit 3 "boot with a file system that is not mounted" in_host server sh -c \
	'mount --bind "$0" /etc/fstab && exec "$@"' "$TEST_TMP/fstab" \
	"$SALLYPORT" apply --boot --state "$STATE" --run "$RUN" --config "$CONFIG"
check "the floor is there" stands

forget
touch "$STATE"
check_exit 3 "boot with a state that cannot be looked at, and no fstab" in_host server sh -c \
	'mount -t tmpfs none /etc && exec "$@"' - \
	"$SALLYPORT" apply --boot --state "$STATE" --run "$RUN" --config "$CONFIG"
check "the floor is there" stands

# A policy that nobody applied, or whose state is lost: only its `lockdown`.
printf 'lockdown = ssh\n\n[service ssh]\nfrom = 10.0.0.0/8\n\n[service http]\n' | policy
cp "$POLICY" "$CONFIG/policy.ini"
forget
check_exit 3 "boot with a policy and no state" boot
check_match "it is said where the floor is from" 'policy.ini says of `lockdown`' "$errors"
shut_but_for_ssh
echo nonsense >"$CONFIG/policy.ini"
forget
check_exit 3 "boot with a bad policy and no state" boot
packets_reach client <<END
shut tcp $A4 -> $S4:22,80
END
rm "$CONFIG/policy.ini"

# With the table still there (a restart), nothing closes, whatever is lost.
forget
apply
rm -rf "$STATE"
check_exit 3 "a restart without a state" boot
packets_reach client <<END
open tcp $A4 -> $S4:22,80
END

# A ruleset that was saved with nft, leases and all, and that something loads before us,
# is no restart: nothing in it was proven on this boot, and one without a hook holds
# nothing together.
printf 'lockdown = ssh\n\n[service ssh]\nfrom = 10.0.0.0/8\n\n[service https]\nname = %s\n' \
	"$NAME" | policy
answer server tcp/443
apply
lease tcp 443 1h
check_exit 0 "override" sp override https --for 1h --reason test
packets_reach client <<END
open tcp $A4 -> $S4:443
END
check_exit 0 "a restart" boot
check_match "keeps its lease" 'tcp \. 443' "$(in_host server nft list set inet sallyport verified)"
in_host server nft list ruleset >"$TEST_TMP/saved.nft"
reboot
in_host server nft -f "$TEST_TMP/saved.nft" || abort "nft does not load what it listed"
check_exit 0 "a boot with a saved ruleset" boot
for set in verified overridden grace; do
	check_no_match "nothing stands open by it: $set" 'elements' \
		"$(in_host server nft list set inet sallyport "$set")"
done
packets_reach client <<END
shut tcp $A4 -> $S4:443
open tcp $A4 -> $S4:22
END
cp -r "$STATE/active" "$TEST_TMP/active"
echo nonsense >"$STATE/active/policy.ini"
rm -rf "$STATE/previous"
reboot
in_host server nft add table inet sallyport
check_exit 3 "a boot with an empty table and a broken snapshot" boot
check_match "leaves the floor" 'only the floor' "$errors"
packets_reach client <<END
shut tcp $A4 -> $S4:443,80
open tcp $A4 -> $S4:22
END
rm -rf "$STATE/active"
mv "$TEST_TMP/active" "$STATE/active"

# Nor is a restart with a broken snapshot a way back to the policy before it; only a
# floor that a boot left gives way to that.
printf 'lockdown = ssh\n\n[service ssh]\nfrom = 10.0.0.0/8\n' | policy
apply
printf '\n[service http]\n' >>"$POLICY"
apply
echo nonsense >"$STATE/active/policy.ini"
before=$(shape)
check_exit 3 "a restart with a broken snapshot" boot
check_match "what stands is said" 'still in force' "$errors"
check_equal "it stands as before" "$before" "$(shape)"
reboot
check_exit 3 "a boot with it" boot
check_match "the policy before it" 'PREVIOUS' "$errors"
shut_but_for_ssh
mv "$STATE/previous" "$STATE/elsewhere"
reboot
check_exit 3 "a boot without that, too" boot
check_match "leaves the floor" 'only the floor' "$errors"
mv "$STATE/elsewhere" "$STATE/previous"
check_exit 3 "a restart when it is back" boot
check_match "is the policy before it" 'PREVIOUS' "$errors"

# A floor has 4,096 lines. What has no room is said, and the rest stays reachable.
{
	printf 'lockdown = ssh\n\n[service ssh]\nport = 22, 2222\ntls = none\nfrom = 10.0.0.0/8, @office\n\n[addresses office]\nelements =\n'
	for ((i = 0; i < 2100; i++)); do printf '\t172.%d.%d.1,\n' $((16 + i / 250)) $((i % 250)); done
	printf '\t203.0.113.7\n'
} | policy
run sp apply --no-verify "$POLICY"
check_equal "apply of a long lockdown" 0 "$status"
check_match "it is said how many find no room" 'comes to 4204 combinations.* 108 do not' "$errors"
check_match "status says so" '^WARNING: .* 108 of them do not stay reachable' "$(sp status)"
check_match "in JSON too" '"floor_dropped": 108' "$(sp status --format json)"
check_exit 0 "lockdown" sp lockdown
packets_reach client <<END
open tcp $A4 -> $S4:22
END
printf 'lockdown = ssh\n\n[service ssh]\nfrom = 10.0.0.0/8\n\n[service http]\n' | policy
apply
check_no_match "and no more, when there is room" 'WARNING' "$(sp status)"

# A snapshot is loaded by its text alone.
mkdir -p "$CONFIG/services.d" "$CONFIG/profiles.d"
printf '[service shop]\nport = 8000\ntls = required\n' >"$CONFIG/services.d/own.ini"
printf '[profile strict]\nbase = mozilla-modern\nmax_lifetime = 30d\n' >"$CONFIG/profiles.d/own.ini"
cp "$PKI/root.pem" "$TEST_TMP/ca.pem"
cat >>"$POLICY" <<END
[service shop]
profile = strict
name = $NAME
ca = $TEST_TMP/ca.pem
END
forget
check_exit 0 "apply" sp apply --no-verify --config "$CONFIG" "$POLICY"
rm "$TEST_TMP/ca.pem"
echo nonsense >"$CONFIG/services.d/own.ini"
echo nonsense >"$CONFIG/profiles.d/own.ini"
reboot
check_exit 0 "boot without the CA file, and with nonsense beside the policy" boot
check_match "what was applied is in force" '^In force: ' "$(sp status)"

# A restart inside a confirmed apply's window is no rollback; a reboot is.
sed 's/^\[service http\]/&\nfrom = 203.0.113.0\/24/' "$POLICY" | sed '/service shop/,$d' >"$POLICY.2"
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 1h "$POLICY.2"
check_exit 0 "a restart inside the window" boot
packets_reach client <<END
shut tcp $A4 -> $S4:80
END
check_match "it still waits" 'NOT CONFIRMED' "$(sp status)"
check_exit 0 "confirm" sp confirm
finish
