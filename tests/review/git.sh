#!/bin/bash
# examples/review on a real git repository: the diff driver, the review of a
# branch, and the steps of the workflow.
. "$(dirname "$0")/../lib/test.sh"
. "$SP_ROOT/tests/lib/sarif.sh"
need_command git /usr/bin/python3
need_sallyport
review=$SP_ROOT/examples/review
export SALLYPORT GIT_CONFIG_NOSYSTEM=1 HOME=$TEST_TMP GIT_PAGER=cat
repository=$TEST_TMP/repository
git init -q -b main "$repository" && cd "$repository" || abort "no repository"
git config user.name Tester && git config user.email tester@example.com
git config diff.sallyport.command "$review/git-driver"
echo '*.ini diff=sallyport' >.gitattributes
mkdir hosts
printf '10.0.0.0/8\n' >hosts/office.list
cat >hosts/web.ini <<'END'
[policy]
version = 1

[addresses office]
file = office.list

[service ssh]
from = @office

[expect strangers]
from = 203.0.113.0/24
port = 22/tcp
decision = block
END
git add . && git commit -qm first || abort "no commit"

sed -i 's/@office$/@office, 198.51.100.0\/24/' hosts/web.ini
check_exit 0 "git diff" git diff
check_match "says what opens" '^~ ssh +22/tcp +opens +198\.51\.100\.0/24 +web\.ini:7$' "$output"
check_match "with a packet" 'e\.g\. 198\.51\.100\.1 → 22/tcp: drop → accept' "$output"
git commit -qam wider

sed -i 's/^from = @office, \(.*\)/from = \1,\n\t@office/' hosts/web.ini
check_exit 0 "git diff of the same, written differently" git diff
check_match "says so" 'decides the same' "$output"
check_no_match "and nothing else" '^[+~!-] ' "$output"
git commit -qam rewritten

check_exit 0 "git log with the driver" git log -p --ext-diff --format=%s -2
check_match "shows old commits in the same way" 'opens +198\.51\.100\.0/24' "$output"

printf 'port = \n' >>hosts/web.ini
check_exit 0 "git diff of a broken policy" git diff
check_match "shows lines" '^\+port = ' "$output"
git checkout -q hosts/web.ini

git checkout -qb branch
printf '203.0.113.0/24\n' >>hosts/office.list
printf '[policy]\nversion = 1\n\n[service http]\n' >hosts/new.ini
git add . && git commit -qm branch
check_exit 2 "a broken expectation" "$review/review" main branch hosts/web.ini
check_match "is named" '\[expect strangers\] wants block, but 203\.0\.113\.[0-9]+ → 22/tcp is accepted' "$errors"
sed -i '/^\[expect/,$d' hosts/web.ini && git commit -qam "no expectation"
check_exit 1 "the review of a branch" "$review/review" --fail-on opens main branch hosts/web.ini hosts/new.ini
check_match "follows address lists" '~ ssh +22/tcp +opens +203\.0\.113\.0/24' "$output"
check_match "and new policies" '^\+ http +80/tcp +opens +any' "$output"
check_exit 0 "nothing opens the other way" "$review/review" --fail-on opens branch main hosts/web.ini
check_exit 0 "nothing at all" "$review/review" main main hosts/web.ini
check_exit 1 "as a comment" "$review/review" --format markdown main branch hosts/web.ini
check_match "in Markdown" '^\| 🔴 opens \| ssh \| 22/tcp \| 203\.0\.113\.0/24 \|' "$output"
check_exit 1 "as SARIF" "$review/review" --format sarif --output "$TEST_TMP/reports" main branch hosts/web.ini
check_sarif "which it is" "$TEST_TMP/reports/hosts-web.ini.sarif"
check_equal "the line in the repository's file" "hosts/web.ini 7" "$(
	/usr/bin/python3 -c '
import json, sys
place = json.load(open(sys.argv[1]))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
print(place["artifactLocation"]["uri"], place["region"]["startLine"])' "$TEST_TMP/reports/hosts-web.ini.sarif"
)"

check_exit 1 "what closes, as SARIF" "$review/review" --format sarif branch main hosts/web.ini
check_match "is of this repository" '"uri": "hosts/web\.ini"' "$output"
check_no_match "and of nothing beside it" '\.\./base' "$output"
check_match "with the line that is gone" 'Until now decided by web\.ini:[0-9]+\.' "$output"

# What an archive would leave out, or fill in, is reviewed all the same.
git checkout -qb hidden main
sed -i 's/^from = .*,$/from = any/; /^\t@office/d; /^\[expect/,$d' hosts/web.ini
printf '*.ini export-ignore\n' >>.gitattributes
git commit -qam hidden
check_exit 1 "a policy that is left out of archives" "$review/review" --fail-on opens main hidden hosts/web.ini
check_match "is reviewed" '^~ ssh +22/tcp +opens' "$output"
git checkout -qb filled main
sed -i 's/^\[service ssh\]/; $Format:%n[service backdoor]%nport = 4444%ntls = none%n$\n&/' hosts/web.ini
printf '*.ini export-subst\n' >>.gitattributes
git commit -qam filled
check_exit 0 "what archives fill in" "$review/review" --fail-on opens main filled hosts/web.ini
check_no_match "is not there" 4444 "$output"

# What lies beside a policy is that of the commit that is shown, whatever came later.
git checkout -qb beside main
printf '0.0.0.0/0\n' >hosts/office.list
sed -i '/^\[expect/,$d' hosts/web.ini
git commit -qam "list opens"
printf '; a remark\n' >>hosts/web.ini
printf '10.0.0.0/8\n' >hosts/office.list
git commit -qam "list closes"
check_exit 0 "git show of an old commit" git show --ext-diff --format=%s HEAD~1
check_match "has its list" '^~ ssh +22/tcp +opens' "$output"
check_exit 0 "git show of the last one" git show --ext-diff --format=%s
check_match "has the one before, too" '^~ ssh +22/tcp +closes' "$output"
check_match "and says which" "^beside it: $(git rev-parse --short HEAD~1) → $(git rev-parse --short HEAD)$" "$output"
printf '; another\n' >>hosts/web.ini
printf '172.16.0.0/12\n' >>hosts/office.list
git add .
check_exit 0 "git diff --cached" git diff --cached
check_match "is named" '^beside it: [0-9a-f]{7,} → the index$' "$output"
check_match "has what is staged" '^~ ssh +22/tcp +opens +172\.16\.0\.0/12' "$output"
printf '192.168.0.0/16\n' >>hosts/office.list
printf '; a third\n' >>hosts/web.ini
check_exit 0 "git diff" git diff
check_match "has the index before and the files after" '^~ ssh +22/tcp +opens +192\.168\.0\.0/16' "$output"
git reset -q --hard
git checkout -q branch

# The workflow's own steps, with what the CI would fill in.
/usr/bin/python3 - "$review/workflow.yml" >"$TEST_TMP/steps" <<'END' || abort "the workflow cannot be read"
import sys, yaml
job = yaml.safe_load(open(sys.argv[1]))["jobs"]["review"]
for step in job["steps"]:
    if step.get("name") in ("What changes",):
        print(step["run"])
END
mkdir -p .sallyport && ln -s "$SP_ROOT/examples" .sallyport/examples
BASE=$(git rev-parse main) HEAD=$(git rev-parse branch) POLICIES="hosts/web.ini hosts/new.ini" \
	GITHUB_OUTPUT=$TEST_TMP/result run bash "$TEST_TMP/steps"
check_equal "the workflow's answer" "code=1" "$(<"$TEST_TMP/result")"
check_match "the workflow's comment" '\| 🔴 opens \| http \| 80/tcp \| any \|' "$(<comment.md)"
check "the workflow's SARIF" test -s reports/sarif/hosts-web.ini.sarif
finish
