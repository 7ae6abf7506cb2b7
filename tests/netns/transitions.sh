#!/bin/bash
# Deltas: any policy applied over any other leaves what a fresh load leaves.
. "$(dirname "$0")/../lib/test.sh"
unshare -n true 2>/dev/null || skip "needs a network namespace (root)"
command -v nft >/dev/null || skip "needs nft"
[[ -x $SALLYPORT ]] || skip "sallyport is not built"
# Fixed, so that a failure is the same one tomorrow; SEED=… looks elsewhere.
check "random policies one over the other" unshare -n /usr/bin/python3 \
	"$SP_ROOT/tests/netns/transitions.py" "$SALLYPORT" "$TEST_TMP" "${COUNT:-60}" "${SEED:-1}"
finish
