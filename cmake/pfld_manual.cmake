# The man page and the shell completion, printed by the command itself from its option tables.
foreach(page "pfld.1|--man" "pfld.bash|--completion bash")
  string(REPLACE "|" ";" page "${page}")
  list(GET page 0 file)
  list(GET page 1 options)
  separate_arguments(options UNIX_COMMAND "${options}")
  add_custom_command(
    OUTPUT ${file}
    COMMAND pfld_command help ${options} > ${file}
    DEPENDS pfld_command
    VERBATIM)
  list(APPEND manual_files ${CMAKE_CURRENT_BINARY_DIR}/${file})
endforeach()
add_custom_target(pfld_manual ALL DEPENDS ${manual_files})
