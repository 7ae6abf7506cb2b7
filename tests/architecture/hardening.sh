#!/bin/bash
# What compiler and linker can do against a mistake of ours is done, in the optimised
# build: seen in the programs themselves, and in every command that compiled them.
. "$(dirname "$0")/../lib/test.sh"
need_command nm readelf gcc /usr/bin/python3
build=${SP_RELEASE:-${SP_BUILD:-$SP_ROOT/build/release}}
sallyport=$build/src/cli/sallyport
prober=$build/src/prober/sallyport-prober
[[ -x $sallyport && -x $prober ]] || abort "there is no $sallyport or $prober"
! grep -Eq '^(CMAKE_BUILD_TYPE:STRING=Debug|SALLYPORT_SANITIZE:BOOL=ON)' "$build/CMakeCache.txt" ||
	skip "builds for finding mistakes are made otherwise; an optimised one is needed (SP_RELEASE)"
[[ $(uname -m) == x86_64 ]] || skip "the flags are those of x86_64"

# Those whose _chk forms stand in for them at every call, whatever is known of the
# buffer: they look at the format. (memcpy and its kin stay where the compiler has
# proven the length, or knows no size to hold it against: no finding.)
always_fortified='(v?f?printf|v?dprintf|v?asprintf|v?syslog|gets|longjmp)'

# What is weak in a program, in words: nothing, if all is well.
weaknesses() {
	local headers sections symbols
	headers=$(readelf --wide --dynamic --program-headers "$1") || echo "no ELF file"
	sections=$(readelf --wide --section-headers "$1")
	symbols=$(nm --dynamic --undefined-only --format=posix "$1" | sed -E 's/[@ ].*//')
	grep -q 'FLAGS_1.*PIE' <<<"$headers" || echo "not position independent"
	grep -q 'FLAGS_1.*NOW' <<<"$headers" || echo "binds lazily"
	grep -q 'GNU_RELRO' <<<"$headers" || echo "writable relocations"
	# With everything bound at start the whole of .got is in RELRO, and .got.plt is not.
	! grep -q '\.got\.plt' <<<"$sections" || echo "a .got.plt that stays writable"
	grep -q 'GNU_STACK' <<<"$headers" || echo "says nothing of its stack"
	! grep -q 'GNU_STACK.*E  *0x' <<<"$headers" || echo "executable stack"
	! grep -q 'LOAD.*RWE' <<<"$headers" || echo "memory that is writable and executable"
	! grep -Eq '\((RPATH|RUNPATH)\)' <<<"$headers" || echo "looks for libraries elsewhere"
	! grep -q 'TEXTREL' <<<"$headers" || echo "relocations in its code"
	grep -q '^__stack_chk_fail$' <<<"$symbols" || echo "no stack protector"
	grep -Eq '^__[a-z]+_chk$' <<<"$symbols" || echo "not fortified"
	grep -Ex "$always_fortified" <<<"$symbols" | sed 's/$/ is not fortified/'
}

for program in "$sallyport" "$prober"; do
	check_equal "${program##*/} is hardened" "" "$(weaknesses "$program")"
done

# Shadow stacks and landing pads: a program is marked for them only when the C
# library's start files are, and Debian 12's are not. Ours are, all of them.
objects=0 unmarked=
while read -r object; do
	objects=$((objects + 1))
	grep -q 'IBT, SHSTK' <<<"$(readelf --wide --notes "$object")" || unmarked+="$object"$'\n'
done < <(find "$build/src" -name '*.o')
check_equal "each of $objects objects is ready for IBT and shadow stacks" "" "$unmarked"
check "there are objects" test "$objects" -gt 100

# What leaves no trace that could be looked for.
cat >"$TEST_TMP/flags.py" <<'END'
import json, shlex, sys
WANTED = ("-O2", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong",
          "-fstack-clash-protection", "-fcf-protection=full",
          "-ftrivial-auto-var-init=zero")
seen = 0
for entry in json.load(open(sys.argv[1])):
    if not entry["file"].startswith(sys.argv[2] + "/src/"):
        continue
    seen += 1
    flags = shlex.split(entry["command"])
    for flag in WANTED:
        if flag not in flags:
            print(entry["file"], "without", flag)
    if not {"-fPIC", "-fPIE"} & set(flags):
        print(entry["file"], "with fixed addresses")
    for flag in flags:
        if flag.startswith(("-fno-stack", "-U_FORTIFY", "-fcf-protection=n")):
            print(entry["file"], "with", flag)
if seen < 100:
    print("only", seen, "files")
END
check_equal "every file of src is compiled with every flag" "" \
	"$(/usr/bin/python3 "$TEST_TMP/flags.py" "$build/compile_commands.json" "$SP_ROOT")"

# A program with none of it is found to have none of it.
cat >"$TEST_TMP/weak.c" <<'END'
#include <stdio.h>
int main(int argc, char **argv)
{
	char text[64];
	snprintf(text, sizeof(text), "%s", argv[argc - 1]);
	return printf("%s, %d\n", text, argc);
}
END
check "a weak program is built" gcc -O2 -no-pie -fno-stack-protector -U_FORTIFY_SOURCE \
	-Wl,-z,lazy,-z,norelro,-z,execstack,-rpath,/nowhere -o "$TEST_TMP/weak" "$TEST_TMP/weak.c"
check_equal "and everything about it is said" "not position independent
binds lazily
writable relocations
a .got.plt that stays writable
executable stack
looks for libraries elsewhere
no stack protector
not fortified
printf is not fortified" "$(weaknesses "$TEST_TMP/weak")"
finish
