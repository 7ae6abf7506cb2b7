#!/bin/bash
# compile: the same ruleset as nft syntax, as JSON and as the batch's bytes, for every
# policy to start from.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport
need_command /usr/bin/python3
cd "$TEST_TMP" || abort "no $TEST_TMP"

for policy in "$SP_ROOT"/policies/*.ini; do
	name=${policy##*/}
	check_exit 0 "$name as text" "$SALLYPORT" compile "$policy"
	cp "$TEST_TMP/.output" text
	check_exit 0 "$name as JSON" "$SALLYPORT" compile --format json "$policy"
	cp "$TEST_TMP/.output" json
	check_exit 0 "$name as netlink" "$SALLYPORT" compile --format netlink "$policy"
	cp "$TEST_TMP/.output" netlink
	run /usr/bin/python3 - <<-'END'
		import json, re
		data = json.load(open("json"))
		assert data["version"] == 1 and data["table"] == "inet sallyport", data["table"]
		# The text, block by block: what each holds, a line each.
		blocks, inside = {}, None
		for line in open("text"):
		    line = line.strip()
		    head = re.fullmatch(r"(set|map|chain) (\S+) \{", line)
		    if head:
		        inside = blocks.setdefault((head[1], head[2].strip('"')), [])
		    elif line == "}":
		        inside = None
		    elif inside is not None:
		        inside.append(line)
		    elif line.startswith("counter "):
		        blocks[("counter", line.split()[1].strip('"'))] = []
		listed = {("counter", name): [] for name in data["counters"]}
		for each in data["sets"]:
		    lines = [each["type"]]
		    if each["elements"]:
		        lines.append("elements = { " + ", ".join(each["elements"]) + " }")
		    listed[(each["kind"], each["name"])] = lines
		for each in data["chains"]:
		    listed[("chain", each["name"])] = each["rules"]
		assert listed.keys() == blocks.keys(), listed.keys() ^ blocks.keys()
		for key, lines in listed.items():
		    words = " ".join(" ".join(blocks[key]).split())
		    for line in lines:
		        assert " ".join(line.split()) in words, (key, line)
		    if key[0] == "chain":
		        hooks = [line for line in blocks[key] if line.startswith("type filter hook")]
		        assert len(lines) == len(blocks[key]) - len(hooks), key
		# Every rule of it is a message of the batch (linux/nfnetlink.h, nf_tables.h).
		NEWCHAIN, NEWRULE, NEWSET = (10 << 8 | number for number in (3, 6, 9))
		batch = bytes.fromhex(open("netlink").read())
		kinds, at = [], 0
		named = {NEWCHAIN: (3, set()), NEWSET: (2, set())}
		while at < len(batch):
		    length, kind = int.from_bytes(batch[at : at + 4], "little"), int.from_bytes(batch[at + 4 : at + 6], "little")
		    kinds.append(kind)
		    # NFTA_CHAIN_NAME is 3, NFTA_SET_NAME 2. A chain may come again, with its
		    # hook; sets without a name of their own are rules'.
		    attribute = at + 20
		    while kind in named and attribute < at + length:
		        size, number = (int.from_bytes(batch[attribute + i : attribute + i + 2], "little") for i in (0, 2))
		        name = batch[attribute + 4 : attribute + size].rstrip(b"\0")
		        if number & 0x3FFF == named[kind][0] and not name.startswith(b"__"):
		            named[kind][1].add(name.decode())
		        attribute += (size + 3) & ~3
		    at += (length + 3) & ~3
		assert at == len(batch) and kinds[0] == 0x10 and kinds[-1] == 0x11, (at, len(batch))
		rules = sum(len(each["rules"]) for each in data["chains"])
		assert kinds.count(NEWRULE) == rules, (kinds.count(NEWRULE), rules)
		assert named[NEWCHAIN][1] == {each["name"] for each in data["chains"]}, named
		assert named[NEWSET][1] == {each["name"] for each in data["sets"]}, named
		print(f"{rules} rules, {len(data['sets'])} sets, {len(data['chains'])} chains")
	END
	if ((status == 0)); then pass "$name is one ruleset three times: $output"; else fail "$name: $errors"; fi
done
finish
