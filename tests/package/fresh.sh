#!/bin/bash
# A fresh Debian with git and nothing else: from `git clone` to the quickstart's last
# line, packages included, in less than five minutes, and never long without a word.
. "$(dirname "$0")/../lib/debian.sh"
need_command git
((EUID == 0)) || skip "not root: no Debian can be made"
net_begin
root=$TEST_TMP/debian
debian_kept debian-git git "$root" debian_fetch "$root" git,ca-certificates
# It asks the mirror that this machine asks.
rm -rf "$root/etc/apt/sources.list" "$root"/etc/apt/{apt.conf.d,sources.list.d}
cp -r /etc/apt/{apt.conf.d,sources.list.d} "$root/etc/apt/"
rm -f "$root"/etc/apt/apt.conf.d/*docker*
[[ ! -e /etc/apt/sources.list ]] || cp /etc/apt/sources.list "$root/etc/apt/"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
chroot "$root" apt-get -qq update >"$TEST_TMP/update.log" 2>&1 || skip "no packages can be fetched here"
rm -rf "$root"/var/lib/apt/lists/*
git clone -q --bare "$SP_ROOT" "$root/srv/sallyport.git" || skip "this tree is no repository to clone"

# What is typed.
cat >"$root/root/typed" <<-'END'
	cd /root && git clone /srv/sallyport.git && cd sallyport && ./examples/quickstart
	echo "exit $?"
END
cat >"$TEST_TMP/run" <<-'END'
	mount --bind "$1" "$1" && cd "$1" || exit
	mount -t proc none proc && mount -t sysfs none sys && mount --rbind /dev dev &&
		mount -t tmpfs none run && mount -t tmpfs none tmp || exit
	exec chroot . env -i HOME=/root TERM=xterm LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		bash /root/typed
END
# On a terminal of 80 x 24; at the end, the longest time without a word.
cat >"$TEST_TMP/terminal.py" <<-'END'
	import fcntl, os, pty, struct, sys, termios, time
	child, terminal = pty.fork()
	if child == 0:
	    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
	    os.execvp(sys.argv[1], sys.argv[1:])
	last, longest = time.monotonic(), 0
	while True:
	    try:
	        said = os.read(terminal, 4096)
	    except OSError: # EIO: nobody is left on it
	        break
	    now = time.monotonic()
	    longest, last = max(longest, now - last), now
	    os.write(1, said)
	print(f"silent for {longest:.0f} s")
END
sed -i 's/^\t//' "$TEST_TMP/terminal.py"
began=$EPOCHREALTIME
run timeout 900 unshare -m -p -f --kill-child /usr/bin/python3 "$TEST_TMP/terminal.py" "$BASH" "$TEST_TMP/run" "$root"
took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f", b - a }')
output=$(sed 's/\x1b\[[0-9;]*[mK]//g; s/\r*$//; s/.*\r//' <<<"$output")
sed 's/^/     /' <<<"$output"
check_match "to its last line" '^exit 0$' "$output"
check_no_match "nothing was unexpected" 'was not expected' "$output"
check "$took s, fewer than 300" test "$took" -lt 300
silence=$(sed -n 's/^silent for \([0-9]*\) s$/\1/p' <<<"$output")
check "at most $silence s without a word, fewer than 120" test "$silence" -lt 120
finish
