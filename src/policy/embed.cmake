# cmake -DNAME=… -DINPUT=… -DOUTPUT=… -P embed.cmake: writes a file's bytes as
# the C array sp_shipped_NAME with its length.
file(READ "${INPUT}" bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"shipped.h\"\n
const unsigned char sp_shipped_${NAME}[] = {\n${bytes}\n};
const size_t sp_shipped_${NAME}_length = ${length};\n")
