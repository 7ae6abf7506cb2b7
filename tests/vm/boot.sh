#!/bin/bash
# usage: boot.sh [normal|broken|clock]
#        boot.sh suite [PART/PARTS | NAME...]
# Debian 12 and its kernel 6.1 boot with our units in a virtual machine: what is
# in force when, with a good snapshot, without one, and beside nftables.service; and
# the suite's own tests on that kernel, those of tests/netns and "golden".
. "$(dirname "$0")/lib.sh"
only=${1:-}
(($# == 0)) || shift
vm_image
certificates good expired

policy_text() {
	cat <<-END
		[policy]
		version = 1
		lockdown = ssh
		[service ssh]
		[service https]
		name = $NAME
		ca = /mnt/root.pem
	END
}
mkdir -p "$TEST_TMP/work"
policy_text >"$TEST_TMP/work/now.ini"
{ policy_text && printf '[service other]\nport = 2222\ntls = none\n'; } >"$TEST_TMP/work/before.ini"
{ policy_text && printf '[service http]\n'; } >"$TEST_TMP/work/more.ini"
overlay() { # name
	local to=$TEST_TMP/$1
	mkdir -p "$to/var/lib/sallyport" "$to/test/pki" "$to/test/bin" "$to/mnt" "$to/etc"
	cp "$PKI"/{good,expired}.* "$to/test/pki/"
	cp "$PKI/root.pem" "$to/mnt/"
	cp "$TEST_TMP/work"/{more,now}.ini "$to/test/"
	cp "$build/tests/golden/golden-decode" "$to/test/bin/"
	chmod 755 "$to" "$to/var" "$to/var/lib" "$to/test" "$to/test/pki"
	for policy in before now; do
		in_nowhere apply --no-verify --quiet --state "$to/var/lib/sallyport" --run "$TEST_TMP/work/run" \
			"$TEST_TMP/work/$policy.ini" || abort "no snapshot of $policy"
	done
}
wanted() { [[ ${only:-$1} == "$1" ]]; }

if wanted normal; then
	overlay normal
	mkdir -p "$TEST_TMP/normal/etc/systemd/system/sysinit.target.wants"
	ln -s /lib/systemd/system/nftables.service \
		"$TEST_TMP/normal/etc/systemd/system/sysinit.target.wants/"
	cat >"$TEST_TMP/normal/etc/nftables.conf" <<-END
		#!/usr/sbin/nft -f
		flush ruleset
		table inet theirs {
			chain input { type filter hook input priority 10; policy accept; }
		}
	END
	vm_boot normal "$TEST_TMP/normal" 240
fi

if wanted broken; then
	overlay broken
	cp -a "$TEST_TMP/broken/var/lib/sallyport" "$TEST_TMP/broken/test/state"
	chown -R "$(vm_user)" "$TEST_TMP/broken/test/state"
	for snapshot in active previous; do
		echo nonsense >"$TEST_TMP/broken/var/lib/sallyport/$snapshot/policy.ini"
	done
	vm_boot broken "$TEST_TMP/broken" 240
fi

if wanted clock; then
	overlay clock
	vm_boot clock "$TEST_TMP/clock" 200
fi

# --- the suite's own tests -----------------------------------------------------

# Every tests/netns/*.sh runs there, but for these.
declare -A suite_without=(
	[fleet]="five hosts with sshd and ansible-playbook, whose deadlines are no emulated machine's"
)
# suite_names [PART/PARTS]: all of them, or every PARTS-th.
suite_names() {
	local path name part=${1:-1/1} number=0
	for path in "$SP_ROOT"/tests/netns/*.sh golden; do
		name=$(basename "$path" .sh)
		[[ ! -v suite_without[$name] ]] || continue
		((number++ % ${part#*/} != ${part%/*} - 1)) || echo "$name"
	done
}
# What they read and call, where the guest's SP_ROOT and SP_BUILD are.
suite_overlay() {
	local to=$TEST_TMP/suite/test file
	mkdir -p "$to"
	cp -a "$SP_ROOT"/{examples,policies,src,README.md} "$to/"
	for file in src/cli/sallyport src/prober/sallyport-prober tests/netns/predict tests/golden/golden-decode; do
		install -D -s "$build/$file" "$to/build/$file" || abort "no $file"
	done
}
if wanted suite; then
	for name in "${!suite_without[@]}"; do
		[[ -e $SP_ROOT/tests/netns/$name.sh ]] || fail "there is no tests/netns/$name.sh to leave out"
		echo "left out: $name: ${suite_without[$name]}"
	done
	suite_overlay
	if [[ ${1:-} == */* ]] || ((!$#)); then mapfile -t names < <(suite_names "$@"); else names=("$@"); fi
	printf '%s\n' "${names[@]}" >"$TEST_TMP/suite/test/suite"
	# Time passes there as instructions are carried out, and what sleeps is not waited
	# for: however busy this machine is, deadlines are those of one that is not.
	vm_machine=(-cpu qemu64 -accel "tcg,thread=single" -smp 1 -m 2048
		-icount "shift=1,sleep=off" -rtc clock=vm)
	# What costs an emulator much, and is none of our tests'.
	vm_append="mitigations=off norandmaps psi=1"
	vm_boot suite "$TEST_TMP/suite" "${SP_VM_SECONDS:-1800}"
fi
finish
