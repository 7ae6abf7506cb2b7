#!/bin/bash
# What is to be tested in this boot is written in /test/scenario.
. /test/tests/vm/guest/lib.sh
. "/test/tests/vm/guest/$(</test/scenario).sh"
echo "done"
