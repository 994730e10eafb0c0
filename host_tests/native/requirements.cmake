# SPDX-License-Identifier: Apache-2.0
# cmake -D FOLDER=component -D IDF_TARGET=target -P requirements.cmake: prints what the component requires of ESP-IDF's
# build, read as ESP-IDF itself reads it before it configures anything.
cmake_minimum_required(VERSION 3.20)

macro(idf_component_register)
  cmake_parse_arguments(_ "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES;EMBED_FILES;LDFRAGMENTS" ${ARGN})
  list(JOIN __REQUIRES " " required)
  list(JOIN __PRIV_REQUIRES " " required_privately)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${required} ${required_privately}")
  return()
endmacro()

macro(idf_build_get_property variable property)
  set(${variable} "${${property}}")
endmacro()

set(ESP_PLATFORM 1)
include("${FOLDER}/CMakeLists.txt")
