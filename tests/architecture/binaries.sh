#!/bin/bash
# What holds CAP_NET_ADMIN does not link OpenSSL; what meets hostile servers
# does not link netlink's libraries; and no shell is ever run.
. "$(dirname "$0")/../lib/test.sh"
need_command ldd nm readelf
build=${SP_BUILD:-$SP_ROOT/build/sanitize}
sallyport=$build/src/cli/sallyport
prober=$build/src/prober/sallyport-prober
[[ -x $sallyport && -x $prober ]] || abort "there is no $sallyport or $prober"

run ldd "$sallyport"
check_match "sallyport is a dynamic executable" 'libc\.so' "$output"
check_match "sallyport speaks netlink" 'libmnl' "$output"
check_no_match "sallyport does not link OpenSSL" 'lib(ssl|crypto)\.' "$output"
run ldd "$prober"
check_match "the prober links OpenSSL" 'libssl\.' "$output"
check_no_match "the prober does not link netlink" 'lib(mnl|nftnl)\.' "$output"

for program in "$sallyport" "$prober"; do
	name=${program##*/}
	run nm --undefined-only --format=posix "$program"
	check_no_match "$name runs no shell" '^(system|popen|wordexp)(@|[[:space:]])' "$output"
	check_no_match "$name resolves nothing by dlopen" '^dlopen(@|[[:space:]])' "$output"
	run readelf --wide --dynamic --program-headers "$program"
	check_match "$name is position independent" 'FLAGS_1.*PIE' "$output"
	check_match "$name binds everything at start" 'BIND_NOW|FLAGS.*NOW' "$output"
	check_match "$name has read-only relocations" 'GNU_RELRO' "$output"
	check_no_match "$name has no executable stack" 'GNU_STACK.*RWE' "$output"
done
finish
