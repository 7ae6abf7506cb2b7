#!/usr/bin/python3
"""Holds the manual's tables against the program's own.

usage: tables.py SALLYPORT SOURCE FOLDER

What the program says is kept in FOLDER, for the next call with another manual. Prints what differs, one line each, and exits 1 when anything does.
"""

import json
import pathlib
import re
import subprocess
import sys
import types

PROGRAM, SOURCE, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
MANUAL = SOURCE / "src/manual"
wrong = []


KEPT = FOLDER / "said.json"
said = json.loads(KEPT.read_text()) if KEPT.exists() else {}


def run(*arguments):
    key = " ".join(arguments)
    if key not in said:
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
        said[key] = {"stdout": result.stdout, "stderr": result.stderr}
    return types.SimpleNamespace(**said[key])


def same(what, page, program):
    if page != program:
        wrong.append(f"{what}: the manual has {page}, the program {program}")


def unquoted(text):
    """What a reader sees of mdoc: macros' names, escapes and line breaks away."""
    text = text.replace("\\(lq", "`").replace("\\(rq", "`").replace("\\&", "").replace("\\*(Ba", "|")
    return " ".join(text.replace("\\e", "\\").split())


class Page:
    """The lines of one page, by section and subsection: {"COMMANDS": {"": […], "check": […]}}."""

    def __init__(self, name):
        self.parts = {}
        lines = []
        for line in (MANUAL / name).read_text().splitlines():
            if line.startswith(".Sh "):
                section, lines = line[4:], []
                self.parts[section] = {"": lines}
            elif line.startswith(".Ss "):
                lines = []
                self.parts[section][line[4:]] = lines
            else:
                lines.append(line)

    def items(self, section, subsection="", macro="Li"):
        """[(the words of ".It MACRO …", the text below it)]"""
        found = []
        for line in self.parts.get(section, {}).get(subsection, []):
            if line.startswith(".It "):
                found.append((line[4:].split(), []))
            elif line.startswith((".El", ".Bl", ".Pp")):
                found.append(([], []))
            elif found:
                found[-1][1].append(line)
        return [
            (words[1:], "\n".join(text)) for words, text in found if words and words[0] == macro
        ]


def options_of_help(command):
    # One a line, but for those of every command, which share the last.
    listed = run(command, "--help").stdout.partition("\nOptions:\n")[2]
    return {name: bool(argument) for name, argument in re.findall(r"  --([a-z-]+)(?: ([A-Z]+))?", listed)}


def options_of_page(page, section, subsection=""):
    return {
        words[0].removeprefix("-"): words[1:2] == ["Ar"]
        for words, _ in page.items(section, subsection, "Fl")
    }


def check_commands(page):
    commands = re.findall(r"^  ([a-z]+) ", run("--help").stdout, re.M)
    same("commands", [name for name in page.parts["COMMANDS"] if name], commands)
    common = options_of_page(page, "COMMON OPTIONS")
    for command in commands:
        of_page = options_of_page(page, "COMMANDS", command)
        same(f"options of {command}", {**common, **of_page}, options_of_help(command))
        if "format" in of_page:
            text = dict((words[0], text) for words, text in page.items("COMMANDS", command, "Fl"))["-format"]
            said = run(command, "--format", "?", *(["x:1"] if command == "probe" else [])).stderr
            same(f"formats of {command}", unquoted(text), "Prints " + re.search(r"prints (.*)", said)[1] + ".")


def check_exit_status(page):
    enum = re.search(r"enum sp_exit \{(.*?)\}", (SOURCE / "src/cli/command.h").read_text(), re.S)[1]
    codes = re.findall(r"= (\d+)", enum)
    found = [line[4:] for line in page.parts["EXIT STATUS"][""] if line.startswith(".It ")]
    same("exit status", found, codes)


def rules_of(*arguments):
    return {
        rule["id"]: (rule["shortDescription"]["text"], rule["defaultConfiguration"]["level"])
        for rule in json.loads(run(*arguments, "--format", "sarif").stdout)["runs"][0]["tool"]["driver"]["rules"]
    }


def check_audit(page, policy):
    rules = rules_of("audit", policy)
    ends = {"error": " (fails)", "note": " (noted)"}
    schema = json.loads((SOURCE / "src/report/audit.schema.json").read_text())["$defs"]
    kinds = schema["foreign"]["properties"]["kind"]["enum"]
    wanted = {
        name: title + (ends[level] if name in kinds else "") for name, (title, level) in rules.items()
    }
    same("reasons of audit", {words[0]: unquoted(text) for words, text in page.items("COMMANDS", "audit")}, wanted)


def check_diff(page):
    schema = json.loads((SOURCE / "src/report/diff.schema.json").read_text())
    same("effects of diff", {words[0] for words, _ in page.items("COMMANDS", "diff")}, set(schema["$defs"]["effect"]["enum"]))


def check_findings(page, policy):
    weights = {"error": "(fails|inconclusive)", "warning": "warns", "note": "noted", "none": "noted"}
    rules = rules_of("verify", policy)
    found = {words[0]: unquoted(text) for words, text in page.items("FINDINGS")}
    same("findings", list(found), list(rules))
    for name, (title, level) in rules.items():
        text = found.get(name, "")
        if name in ("absent", "verified"):
            continue
        if not text.startswith(title + ". "):
            wrong.append(f"finding {name}: the manual has {text!r}, the program {title!r}")
        if not re.search(rf"; {weights[level]}[.:]", text):
            wrong.append(f"finding {name}: {level} in the program, in the manual {text!r}")


ALL_SECTIONS = """[policy]
version = 1
profile = mine

[profile mine]

[addresses some]
elements = 192.0.2.1

[service ssh]
from = @some

[expect one]
port = 22/tcp
decision = block
from = 192.0.2.2
"""


def printed_sections(directory):
    """{"service": {"use": "ssh", …}, …}, as check --print writes them."""
    path = directory / "all.ini"
    path.write_text(ALL_SECTIONS)
    sections, keys, last = {}, {}, None
    for line in run("check", "--print", str(path)).stdout.splitlines():
        if match := re.match(r"\[(\w+)", line):
            keys = sections.setdefault(match[1], {})
        elif match := re.match(r"(\w+) = (.*)", line):
            last = match[1]
            keys[last] = match[2]
        elif line.startswith("\t"):
            keys[last] += " " + line.strip()
    return sections


def keys_of_page(page, section, subsection=""):
    return page.items(section, subsection, "Ic")


def default_of(text):
    match = re.search(r"Default:\n\.Li (.*) \.", text)
    return match and match[1]


def check_keys(page, directory):
    printed = printed_sections(directory)
    # Where the sample says something else than the default.
    said = {("policy", "profile"), ("addresses", "elements"), ("service", "from"), ("expect", "from")}
    for section in ("policy", "service", "addresses", "profile", "expect"):
        found = keys_of_page(page, "SECTIONS", section)
        same(f"keys of [{section}]", [words[0] for words, _ in found], list(printed[section]))
        for words, text in found:
            default = default_of(text)
            value = printed[section].get(words[0])
            if len(words) == 1: # a weakness: its value stands alone
                default = text.removeprefix(".Li ").strip()
            if default and words[0] != "clauses" and (section, words[0]) not in said | {("profile", "override")}:
                same(f"default of {words[0]} in [{section}]", default, value)


def source_tables():
    """The words of every key that takes one of a closed list, and the catalogue's keys."""
    text = (SOURCE / "src/policy/tables.c").read_text()
    lists = {
        name: re.findall(r'\{ "([^"]+)"', body)
        for name, body in re.findall(r"static const struct sp_word (\w+)\[\] = \{(.*?)\};", text, re.S)
    }
    tables = {}
    for name, body in re.findall(r"static const struct sp_row (\w+)_rows\[\] = \{\n(.*?)\n\};", text, re.S):
        body = re.sub(r"\s+", " ", body)
        tables[name] = {
            key: lists.get(words)
            for key, words in re.findall(r'\{ "(\w+)", &sp_type_\w+, [^{}]*?, (?:NULL|&?(\w+)) \}', body)
        }
    return lists, tables


def check_words(page):
    lists, tables = source_tables()
    same("dialects", [words[0] for words, _ in page.items("STARTTLS DIALECTS")], [word for word in lists["dialects"] if word != "none"])
    same("keys of the catalogue", [words[0] for words, _ in keys_of_page(page, "SERVICE CATALOGUE")], list(tables["entry"]))
    count = 0
    for section in ("policy", "service", "addresses", "expect"):
        for words, _ in keys_of_page(page, "SECTIONS", section):
            known = tables[section].get(words[0])
            values = unquoted(" ".join(words[words.index("Ar") + 1 :])).split(" | ")
            if not known or words[0] in ("starttls", "protocol"):
                continue
            same(f"words of {words[0]} in [{section}]", set(values), set(known))
            count += 1
    if count < 10:
        wrong.append(f"only {count} keys with words were found in the program")


def check_lists(page):
    lints = [line.split()[0] for line in run("check", "--explain", "all").stdout.splitlines()]
    same("lints", [words[0] for words, _ in page.items("LINTS")], lints)
    profiles = sorted(path.stem for path in (SOURCE / "policies/profiles").glob("*.ini"))
    same("profiles", [words[0] for words, _ in page.items("TLS PROFILES")], profiles)


def main():
    policy = FOLDER / "policy.ini"
    policy.write_text("[policy]\nversion = 1\n\n[service ssh]\n")
    commands, language, tls = Page("sallyport.8"), Page("sallyport.ini.5"), Page("sallyport-tls.7")
    check_commands(commands)
    check_exit_status(commands)
    check_audit(commands, str(policy))
    check_diff(commands)
    check_findings(tls, str(policy))
    check_keys(language, FOLDER)
    check_words(language)
    check_lists(language)
    KEPT.write_text(json.dumps(said))
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
