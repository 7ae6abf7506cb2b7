# Run by CPack on what it is about to pack: manual pages and the changelog are
# compressed, as Debian has them (policy 12.1, 12.3), without a time in them.
file(GLOB_RECURSE files "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*")
list(FILTER files INCLUDE REGEX "/man/man[0-9]/[^/]*[.][0-9]$|/doc/sallyport/changelog$")
foreach(file IN LISTS files)
  execute_process(COMMAND gzip -9 -n "${file}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
