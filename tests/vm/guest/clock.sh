# shellcheck shell=bash
# The clock on the wall is set, and the machine sleeps.
serve() { ln -sf "/test/pki/$1.pem" /tmp/web.pem && ln -sf "/test/pki/$1.key" /tmp/web.key; }
said() { journalctl -u sallyport -q --no-pager -o cat | grep -Eq "$1"; }
# set_clock SECONDS: by so much off what it would be.
began=$(date +%s) up=$(cut -d. -f1 /proc/uptime)
set_clock() { date -s "@$((began - up + $(cut -d. -f1 /proc/uptime) + $1))" >/dev/null; }
day=86400

client_make
serve good
systemd-run -q --unit=web python3 /test/tests/vm/guest/web.py 443 /tmp/web
check "443 is open" wait_until 60 has_lease 443

# Its certificate is good for 60 days.
set_clock $((90 * day))
check "set forward past notAfter: shut" wait_until 20 eval '! has_lease 443'
check "the enforcer says why" said 'clock: the clock jumped'
check "and that it has expired" said 'revoked: https 443/tcp: .*expired'
set_clock $((-400 * day))
sleep 5
check_not "set backwards, before it begins: nothing opens" has_lease 443
shut "set backwards" 443
set_clock 0
check "the right time again: open" wait_until 30 has_lease 443

# Without the enforcer the kernel's own count goes on, whatever the clock says.
systemctl stop sallyport
left=$(lease_seconds 443)
set_clock $((-1 * day))
sleep 1
after=$(lease_seconds 443)
check "a clock set back makes no lease longer ($left s, then $after s)" \
	eval '((after <= left && after > left - 30))'
set_clock $((90 * day))
systemctl start sallyport
check "an enforcer that starts past notAfter shuts the port" wait_until 30 eval '! has_lease 443'
set_clock 0
check "open again" wait_until 60 has_lease 443
sleep 3

# While the machine sleeps nobody asks, and the kernel's leases do not count: all is
# asked for on waking, though the policy says every six hours.
slept=$(journalctl -u sallyport -q --no-pager -o cat | grep -c 'this machine slept')
left=$(lease_seconds 443)
serve expired
echo +12 >/sys/class/rtc/rtc0/wakealarm
if echo mem >/sys/power/state; then
	check "asleep for a while: every proof is asked for again" wait_until 20 \
		eval '(($(journalctl -u sallyport -q --no-pager -o cat | grep -c "this machine slept") > slept))'
	check "what changed meanwhile is found" wait_until 20 eval '! has_lease 443'
	shut "after the sleep" 443
else
	note "skipped: this guest cannot sleep"
fi
