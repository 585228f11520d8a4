# What `cmake --install` lays down: headers, libraries, the ways to find them, and the command.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pfld)
install(TARGETS ${libraries} EXPORT pfld-targets)
install(FILES include/pfld/pfld.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pfld)

install(EXPORT pfld-targets NAMESPACE pfld:: DESTINATION ${package_dir})
write_basic_package_version_file(pfld-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/pfld-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/pfld-config-version.cmake
        DESTINATION ${package_dir})

# Paths relative to the .pc file: an installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix
     /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/pfld.pc.in pfld.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pfld.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET pfld_command)
  install(TARGETS pfld_command)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pfld.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pfld.bash RENAME pfld
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
