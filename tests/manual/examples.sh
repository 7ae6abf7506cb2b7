#!/bin/bash
# What the manual shows is run as it stands there: policies through check, commands
# on a host of their own with nothing in /etc/sallyport.
. "$(dirname "$0")/../lib/net.sh"
need_sallyport
manual=$SP_ROOT/src/manual

# blocks PAGE: each literal block in a file of its own, named on standard output.
blocks() {
	/usr/bin/python3 - "$1" "$TEST_TMP" <<'END'
import pathlib, re, sys
page, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
for number, block in enumerate(re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", page.read_text(), re.M | re.S)):
    path = directory / f"{page.name}.{number}"
    path.write_text(block)
    print(path)
END
}
policies=0 commands=()
for page in "$manual"/*.[0-9]; do
	for block in $(blocks "$page"); do
		if [[ $(head -n 1 "$block") == '[policy]' ]]; then
			policies=$((policies + 1))
			check_exit 0 "check of policy ${block##*.} in ${page##*/}" "$SALLYPORT" check --strict "$block"
		else
			commands+=("$block")
		fi
	done
done
check_equal "policies in the manual" 4 $policies
check_equal "blocks of commands in the manual" 6 ${#commands[@]}

net_begin
host server
answer server tcp/22
# What stands behind the names that the manual asks, and how its example of a job is
# typed: as lines of a script. A difference, a finding and "unverified" are answers.
ip -n "${net_prefix}server" address add 192.0.2.1/32 dev lo
typed() {
	sed -E 's/^[#$] (sallyport ([a-z]+).*)/\1 || answered $? \2 || exit/; s/^[#$] //' "$1"
}
# The host's directories are the test's own, for what is started here alone.
for block in "${commands[@]}"; do
	typed "$block"
done >"$TEST_TMP/commands"
sed 's/^/     /' "$TEST_TMP/commands"
mkdir "$TEST_TMP/layer"
cat >"$TEST_TMP/run" <<-END
	set -e
	mount -t tmpfs none "$TEST_TMP/layer"
	mkdir "$TEST_TMP/layer/upper" "$TEST_TMP/layer/work"
	mount -t overlay -o "lowerdir=/etc,upperdir=$TEST_TMP/layer/upper,workdir=$TEST_TMP/layer/work" none /etc
	mount -t tmpfs none /var/lib
	mount -t tmpfs none /run
	mkdir -p /var/lib/sallyport /run/sallyport /etc/sallyport /var/lib/prometheus/node-exporter
	echo "192.0.2.1 www.example.com mail.example.com" >>/etc/hosts
	mkdir "$TEST_TMP/home"
	cd "$TEST_TMP/home"
	answered() { ((\$1 == 1)) && echo "answered \$1 \$2"; }
	sallyport() { echo "+ sallyport \$*" >&2; "$SALLYPORT" "\$@"; }
	printf '[policy]\nversion = 1\n\n[service ssh]\nport = 22, 2222\n' >new.ini
	$(<"$TEST_TMP/commands")
	cat sallyport.prom
	echo done
END
check_exit 0 "they work in their order" in_host server timeout 100 "$BASH" "$TEST_TMP/run"
check_match "to the last" '^done$' "$output"
printf '%s\n' "$errors" | sed 's/^/     /'
check_match "the confirmed policy is in force" 'tcp \. 22 : jump' "$(in_host server nft list map inet sallyport ports)"
check_equal "those that are answered with no" "probe probe diff diff" \
	"$(sed -n 's/^answered 1 //p' <<<"$output" | xargs)"
check_match "what Prometheus reads" '^sallyport_in_force 1$' "$output"
check_match "the difference is what it opens" '2222/tcp +opens' "$output"
finish
