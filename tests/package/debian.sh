#!/bin/bash
# A fresh Debian, the package, and the first ten minutes of somebody new to it: what
# they type and what they see is in this test's log.
. "$(dirname "$0")/../lib/debian.sh"
need_command lintian debootstrap setpriv nginx
((EUID == 0)) || skip "not root: no Debian can be made to install it on"

# --- the package -----------------------------------------------------------
debian_package
lintian --allow-root --fail-on none "$deb" >"$TEST_TMP/lintian" 2>&1
sed 's/^/     /' "$TEST_TMP/lintian"
check_equal "lintian finds no error" "" "$(grep '^E:' "$TEST_TMP/lintian")"
check_equal "and no warning" "" "$(grep '^W:' "$TEST_TMP/lintian")"
check_no_match "no path of the machine that built it" "$TEST_TMP|$SP_ROOT|$SP_BUILD" \
	"$(dpkg-deb --fsys-tarfile "$deb" | tar -xO | strings)"
check_equal "nobody's address is given as somebody's" "The sallyport authors <authors@sallyport.invalid>" \
	"$(dpkg-deb -f "$deb" Maintainer)"
DEBFULLNAME='A Builder' DEBEMAIL=builder@example.org cmake -S "$SP_ROOT" -B "$TEST_TMP/builder" -G Ninja \
	-DSALLYPORT_TESTS=OFF >"$TEST_TMP/builder.log" 2>&1 || abort "$(tail -n 5 "$TEST_TMP/builder.log")"
check_match "who builds it answers for it" '"A Builder <builder@example.org>"' \
	"$(grep CPACK_PACKAGE_CONTACT "$TEST_TMP/builder/CPackConfig.cmake")"
check_match "in its changelog too" '^ -- A Builder <builder@example.org>  ' \
	"$(find "$TEST_TMP/builder" -name changelog -exec cat {} +)"
listing=$(dpkg-deb -c "$deb")
for path in usr/bin/sallyport usr/libexec/sallyport/sallyport-prober usr/share/man/man8/sallyport.8.gz \
	usr/share/man/man5/sallyport.ini.5.gz usr/share/man/man7/sallyport-tls.7.gz \
	usr/share/man/man7/sallyport-security.7.gz usr/lib/systemd/system/sallyport.service \
	usr/lib/systemd/system/sallyport-boot.service usr/lib/sysusers.d/sallyport.conf \
	usr/lib/tmpfiles.d/sallyport.conf usr/share/bash-completion/completions/sallyport \
	usr/share/zsh/vendor-completions/_sallyport usr/share/fish/vendor_completions.d/sallyport.fish \
	usr/share/sallyport/catalogue/services.ini usr/share/sallyport/profiles/baseline.ini \
	usr/share/sallyport/policies/web-server.ini usr/share/doc/sallyport/copyright \
	usr/share/doc/sallyport/examples/ansible/galaxy.yml usr/share/doc/sallyport/examples/review/review \
	usr/share/doc/sallyport/examples/certbot/deploy-hook; do
	check "it has $path" grep -q " \./$path\$" <<<"$listing"
done

# --- a fresh Debian with what it declares, and nothing else -----------------
root=$TEST_TMP/debian
debian_root "$root"
firewall_lab
certificates good
web site good "$S4:443"
answer server tcp/22 tcp/8080
cp "$deb" "$root/sallyport.deb"
cp "$PKI/root.pem" "$root/srv/lab.pem"

# inside COMMAND...: in that Debian, on the lab's server.
inside() {
	in_host server "$BASH" -c 'mount -t proc none "$0/proc" && cd / && exec chroot "$0" "$@"' "$root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@"
}
# typed EXIT COMMAND-LINE: as somebody types it, with what they see.
typed() {
	echo "     server# $2"
	check_exit "$1" "${2%%>*}" inside timeout 120 sh -c "$2"
	{ printf '%s\n' "$output" "$errors"; } | sed '/^$/d; s/^/     /'
}
# as_unit COMMAND: as the units run it.
as_unit() {
	inside setpriv --reuid=sallyport --regid=sallyport --clear-groups --bounding-set=-all,+net_admin \
		--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --no-new-privs "$@"
}

check_equal "no rule before" "" "$(ruleset)"
typed 0 "dpkg -i /sallyport.deb"
check_match "it says that nothing was changed" 'no firewall was changed' "$output"
check_equal "no rule after" "" "$(ruleset)"
check_equal "the user" "/var/lib/sallyport:/usr/sbin/nologin" "$(inside getent passwd sallyport | cut -d: -f 6-)"
check_equal "the directories" "750 root sallyport
750 sallyport sallyport" "$(inside stat -c '%a %U %G' /etc/sallyport /var/lib/sallyport)"
for unit in sysinit.target.wants/sallyport-boot.service multi-user.target.wants/sallyport.service; do
	check "enabled: ${unit##*/}" test -L "$root/etc/systemd/system/$unit"
done

# What asks for no privilege works without: with the PATH that Debian gives a user.
as_user() {
	inside setpriv --reuid=nobody --regid=nogroup --clear-groups --bounding-set=-all --inh-caps=-all \
		env "$(sed -nE 's/^ENV_PATH[[:space:]]+//p' "$root/etc/login.defs")" "$@"
}
web=/usr/share/sallyport/policies/web-server.ini
for command in check compile "explain --from 192.0.2.7 --port 22/tcp" "diff $web"; do
	run as_user sallyport $command $web
	check "sallyport $command, by a user: exit $status" test $status -le 1
	check_match "it is told what is left out" 'note: /etc/sallyport is not for you to read' "$errors"
	check_no_match "and nothing else" 'error' "$errors"
done
check_exit 3 "apply, by a user" as_user sallyport apply $web
check_match "says who may" 'run as root' "$errors"
check_exit 3 "status, by a user" as_user sallyport status
check_match "says who may, too" 'run as root' "$errors"
check_exit 2 "a folder that was named" as_user sallyport check --config /etc/sallyport $web
check_match "is not left out" 'services.d: error: .*denied' "$errors"

# A boot before anything was applied.
check_exit 0 "boot with nothing applied" as_unit sallyport apply --boot
check_equal "leaves the host as it was" "" "$(ruleset)"

typed 2 "sallyport check"
check_match "it says how to begin" 'sallyport discover' "$errors"
typed 0 "sallyport discover --ca /srv/lab.pem > /root/policy.ini"
sed 's/^/     /' "$root/root/policy.ini"
typed 0 "sallyport check /root/policy.ini"
typed 1 "sallyport diff /root/policy.ini"
typed 0 "sallyport apply --confirm 60s /root/policy.ini"
typed 0 "sallyport confirm"
typed 0 "cp /root/policy.ini /etc/sallyport/"
typed 0 "sallyport status"
check_match "https is open" 'https.*open' "$output"
typed 0 "sallyport audit"
answer server tcp/9999
packets_reach client <<END
open tcp $A4 -> $S4:22,8080
connects tcp $A4 -> $S4:443
shut tcp $A4 -> $S4:9999
END

# A reboot: the kernel forgets, /run is empty, the boot unit comes first.
in_host server nft flush ruleset
rm -rf "$root/run/sallyport"
inside systemd-tmpfiles --create sallyport.conf
check_exit 0 "boot" as_unit sallyport apply --boot
packets_reach client <<END
open tcp $A4 -> $S4:22
shut tcp $A4 -> $S4:443,9999
END
server_start watch server "$BASH" -c 'mount -t proc none "$0/proc" && exec chroot "$@"' "$root" "$root" \
	setpriv --reuid=sallyport --regid=sallyport --clear-groups --bounding-set=-all,+net_admin \
	--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --no-new-privs sallyport watch
gate_is_open() { in_host server nft list set inet sallyport verified | grep -q 'tcp . 443'; }
check "the enforcer proves https" wait_until 10 gate_is_open
packets_reach client <<END
connects tcp $A4 -> $S4:443
shut tcp $A4 -> $S4:9999
END

# Once more: an upgrade to itself leaves the rules alone.
before=$(in_host server nft list chain inet sallyport input)
typed 0 "dpkg -i /sallyport.deb"
check_equal "an upgrade changes no rule" "$before" "$(in_host server nft list chain inet sallyport input)"
check_no_match "and has nothing to tell" 'no firewall was changed' "$output"

server_stop watch
typed 0 "dpkg -r sallyport"
check_match "removing says what stays" 'the ruleset stays in the kernel' "$output"
check_equal "and it does" "$before" "$(in_host server nft list chain inet sallyport input)"
check "with the policy" test -s "$root/etc/sallyport/policy.ini"
check "and the state" test -d "$root/var/lib/sallyport/active"
check_not "the program is gone" test -e "$root/usr/bin/sallyport"
typed 0 "dpkg -P sallyport"
check_not "purged: the state is gone" test -e "$root/var/lib/sallyport"
check "the administrator's policy is not" test -s "$root/etc/sallyport/policy.ini"
finish
