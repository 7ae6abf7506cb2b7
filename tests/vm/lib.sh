# shellcheck shell=bash
# Guests in QEMU, emulated in software. The image is made once per build folder.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/sallyport.sh"

vm=${SP_VM:-$SP_BUILD/vm}
build=${SP_RELEASE:-$SP_BUILD}

vm_image() {
	((EUID == 0)) || skip "not root: a root file system cannot be made"
	need_command qemu-system-x86_64 cpio apt-get dpkg-deb unshare
	[[ $(nm -D "$build/src/cli/sallyport" 2>/dev/null) != *__asan_init* ]] ||
		skip "the sanitizers' build is too slow to be emulated; an optimised one is needed (SP_RELEASE)"
	mkdir -p "$vm"
	exec 8>"$vm/lock"
	flock 8
	"$SP_ROOT/tests/vm/image.sh" "$vm" "$build" >"$TEST_TMP/image.log" 2>&1
	case $? in
	0) pass "an image of $(tail -n 1 "$TEST_TMP/image.log")" ;;
	3) skip "$(tail -n 1 "$TEST_TMP/image.log")" ;;
	*) abort "no image: $(tail -n 3 "$TEST_TMP/image.log")" ;;
	esac
}

# A command of ours in a network of its own, for the state that it leaves; what
# it leaves running (a guardian) ends with it.
# The authority is where the guest has it, /mnt.
in_nowhere() {
	unshare -m -n -p -f --kill-child bash -c \
		'mount -t tmpfs none /mnt && cp "$1" /mnt/root.pem && shift && "$@"; exit $?' \
		- "$PKI/root.pem" "$build/src/cli/sallyport" "$@"
}

# The image's own user and group, by number.
vm_user() { sed -nE 's/^sallyport:[^:]*:([0-9]+):([0-9]+):.*/\1:\2/p' "$vm/root/etc/passwd"; }

# What it runs on; and what else its kernel is told.
vm_machine=(-cpu max -accel "tcg,thread=multi" -smp 2 -m 1024)
vm_append=

# vm_boot SCENARIO OVERLAY SECONDS: boots with the files of OVERLAY laid over the
# image, and takes the guest's checks for its own.
vm_boot() {
	local scenario=$1 overlay=$2 patience=$3 line guest began=$SECONDS
	mkdir -p "$overlay/test"
	echo "$scenario" >"$overlay/test/scenario"
	# The unpacked state belongs to the image's user.
	[[ ! -d $overlay/var/lib/sallyport ]] ||
		chown -R "$(vm_user)" "$overlay/var/lib/sallyport"
	{
		cat "$vm/base.cpio"
		(cd "$overlay" && find . -mindepth 1 -print0 | cpio -0 -o -H newc --quiet)
	} >"$TEST_TMP/$scenario.cpio"
	# A busy machine emulates no timer that passes the kernel's check of it.
	timeout "$patience" qemu-system-x86_64 -M q35 "${vm_machine[@]}" \
		-display none -monitor none -no-reboot \
		-kernel "$vm/vmlinuz" -initrd "$TEST_TMP/$scenario.cpio" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check systemd.show_status=no $vm_append" \
		-serial "file:$TEST_TMP/$scenario.console" -serial "file:$TEST_TMP/$scenario.results" \
		-nic user,restrict=on,model=virtio-net-pci </dev/null >"$TEST_TMP/$scenario.qemu" 2>&1 &
	guest=$!
	server_pids+=("$guest")
	at_exit servers_stop
	# Once it has said everything, how it powers off is none of our business.
	wait_until "$patience" eval \
		"grep -q '^done' '$TEST_TMP/$scenario.results' || ! kill -0 $guest 2>/dev/null"
	kill "$guest" 2>/dev/null
	wait "$guest"
	[[ -z ${SP_KEEP:-} ]] || cp "$TEST_TMP/$scenario".{console,results,qemu} "$SP_KEEP/"
	rm -f "$TEST_TMP/$scenario.cpio"
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		"ok   "*) pass "$scenario: ${line#ok   }" ;;
		"FAIL "*) fail "$scenario: ${line#FAIL }" ;;
		*) echo "$line" ;;
		esac
	done <"$TEST_TMP/$scenario.results"
	if ! grep -q '^done' "$TEST_TMP/$scenario.results"; then
		fail "$scenario: the guest did not come to its end within $patience s"
		tail -n 20 "$TEST_TMP/$scenario.console" "$TEST_TMP/$scenario.qemu"
	fi
	echo "$scenario took $((SECONDS - began)) s"
}
