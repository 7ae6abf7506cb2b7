# shellcheck shell=bash
# Some of the tests of tests/netns, and the golden ones, on this kernel.
SALLYPORT=$(command -v sallyport)
GOLDEN_DECODE=/test/bin/golden-decode
# What is waited for takes its time in emulation.
export SP_SLOW=8
export SALLYPORT GOLDEN_DECODE SP_BUILD=/test
# Nothing of ours stands in the way of what the tests make.
systemctl stop sallyport.service
note "kernel $(uname -r), $(nft --version)"
# suite NAME COMMAND...: its last line counts its checks.
suite() {
	local name=$1 began=$SECONDS
	shift
	"$@" >/tmp/suite.out 2>&1
	case $? in
	0) pass "$name: $(tail -n 1 /tmp/suite.out), $((SECONDS - began)) s" ;;
	77) note "$name: $(grep '^SKIP' /tmp/suite.out)" ;;
	*)
		fail "$name: $(tail -n 1 /tmp/suite.out)"
		grep -B3 -A5 -E '^(FAIL|ABORT)' /tmp/suite.out | head -n 16 | sed 's/^/     /'
		;;
	esac
}
for name in gates services established actions; do
	suite "netns.$name" bash "/test/tests/netns/$name.sh"
done
SP_EDITS="0 1" suite netns.blocks bash /test/tests/netns/blocks.sh
suite golden /test/tests/golden/run design cut everything rate log reject prefixes audit
