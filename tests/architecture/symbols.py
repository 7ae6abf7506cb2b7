#!/usr/bin/python3
"""Holds the undefined symbols of every static library against libraries.toml.

usage: symbols.py BUILD LIST

Prints what is forbidden, one line each, and exits 1 when there is any.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

# Compilers, linkers and sanitizers put these in; nobody writes them.
FOREIGN = re.compile(
    r"__(asan|odr_asan|ubsan|lsan|sanitizer|gcov|stack_chk)[_.].*|_GLOBAL_OFFSET_TABLE_|_Unwind_Resume"
    r"|__tls_get_addr|__gcc_personality_v0|__stack_chk_fail"
)
ALIASES = (re.compile(r"__(?P<name>\w+)_chk$"), re.compile(r"__isoc(99|23)_(?P<name>\w+)$"))


def symbols(archive, *options):
    listing = subprocess.run(
        ["nm", "--format=posix", *options, archive], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        words = line.split()
        if len(words) >= 2 and not line.endswith(":"):
            yield words[0]


def plain(symbol):
    for alias in ALIASES:
        if match := alias.match(symbol):
            return match["name"]
    return symbol


def main(build, list_path):
    rules = tomllib.loads(pathlib.Path(list_path).read_text())
    common = rules.pop("common")["calls"]
    archives = {path.stem.removeprefix("libsp_"): path for path in pathlib.Path(build).glob("src/*/libsp_*.a")}
    if "base" not in archives:
        sys.exit(f"no libraries under {build}/src")
    defined = {name: set(symbols(path, "--defined-only", "--extern-only")) for name, path in archives.items()}
    owner = {symbol: name for name, exported in defined.items() for symbol in exported}
    wrong = []
    for name, exported in sorted(defined.items()):
        for symbol in sorted(exported):
            if owner[symbol] != name and not FOREIGN.fullmatch(symbol):
                wrong.append(f"{name}: defines {symbol}, as {owner[symbol]} does")
    for name, path in sorted(archives.items()):
        rule = rules.get(name)
        if rule is None:
            wrong.append(f"{name}: libraries.toml does not know this library")
            continue
        allowed = re.compile("|".join(f"(?:{one})" for one in common + rule["calls"]))
        for symbol in sorted(set(symbols(path, "--undefined-only"))):
            if FOREIGN.fullmatch(symbol) or symbol in defined[name]:
                continue
            if symbol in owner:
                if owner[symbol] not in rule["uses"]:
                    wrong.append(f"{name}: calls {symbol} of {owner[symbol]}")
            elif not allowed.fullmatch(plain(symbol)):
                wrong.append(f"{name}: calls {symbol}")
        for symbol in sorted(defined[name]) if not rule.get("private") else ():
            if not symbol.startswith("sp_") and not FOREIGN.fullmatch(symbol):
                wrong.append(f"{name}: exports {symbol}, which has no sp_ prefix")
    print("\n".join(wrong))
    print(f"{len(archives)} libraries", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
