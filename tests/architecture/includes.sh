#!/bin/bash
# Includes that the architecture forbids, by folder.
. "$(dirname "$0")/../lib/test.sh"

# forbid ROOT WHY FOLDERS REGEX: no file of the folders includes a header like that.
forbid() {
	local root=$1 why=$2 pattern=$4 folder found
	local -a folders=()
	for folder in $3; do
		[[ ! -d $root/$folder ]] || folders+=("$root/$folder")
	done
	((${#folders[@]})) || return 0
	found=$(grep -rnE --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$pattern" "${folders[@]}")
	if [[ -z $found ]]; then return 0; fi
	echo "$why:"
	sed "s|^$root/||; s|^|  |" <<<"$found"
	return 1
}

all_rules() {
	local wrong=0
	forbid "$1" "OpenSSL outside the prober" \
		"src/base src/policy src/ruleset src/space src/observe src/verify src/sockets src/nft src/host src/state src/report src/cli src/enforcer include" \
		'openssl/' || wrong=1
	forbid "$1" "netlink outside sockets/, nft/ and host/" \
		"src/base src/policy src/ruleset src/space src/observe src/verify src/state src/report src/prober" \
		'(libmnl|libnftnl|linux/netlink|linux/netfilter)' || wrong=1
	forbid "$1" "I/O in what is pure" "src/ruleset src/space src/verify src/observe" \
		'(sys/socket|sys/ioctl|fcntl|unistd|sys/stat|dirent)\.h' || wrong=1
	forbid "$1" "JSON outside report/ and state/" \
		"src/base src/policy src/ruleset src/space src/observe src/verify src/sockets src/nft src/host src/prober include" \
		'jansson' || wrong=1
	forbid "$1" "inih outside the policy's reader" \
		"src/base src/ruleset src/space src/observe src/verify src/sockets src/nft src/host src/state src/report src/prober src/cli include" \
		'ini\.h' || wrong=1
	forbid "$1" "the sandbox's library outside the prober" \
		"src/base src/policy src/ruleset src/space src/observe src/verify src/nft src/host src/report include" \
		'(seccomp|cap-ng)\.h' || wrong=1
	return $wrong
}

run all_rules "$SP_ROOT"
check_equal "no forbidden include" "" "$output"

mkdir -p "$TEST_TMP/src/verify" "$TEST_TMP/include"
echo '#include <openssl/ssl.h>' >"$TEST_TMP/src/verify/a.c"
echo '# include <unistd.h>' >"$TEST_TMP/src/verify/b.c"
run all_rules "$TEST_TMP"
check_equal "a forbidden include is found" 1 "$status"
check_match "with its place" '^  src/verify/a.c:1:' "$output"
check_match "and the other" '^  src/verify/b.c:1:' "$output"
finish
