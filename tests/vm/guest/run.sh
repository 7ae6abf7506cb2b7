#!/bin/bash
# What is to be tested in this boot is written in /test/scenario.
. /test/tests/vm/guest/lib.sh
. "/test/tests/vm/guest/$(</test/scenario).sh"
# What the units said, for whoever has to find out why.
[[ ! -e /tmp/.failed ]] ||
	journalctl -b -q --no-pager -o short-monotonic -u sallyport-boot -u sallyport | head -n 80
echo "done"
