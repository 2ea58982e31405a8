# One place for compiler flags, libraries and generated records.

add_library(gridmail_warnings INTERFACE)
target_compile_options(gridmail_warnings INTERFACE -Wall -Wextra -Wconversion -Wno-sign-conversion)
if(GRIDMAIL_WERROR)
  target_compile_options(gridmail_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about its own coroutine frames and libstdc++ strings at -O2.
  target_compile_options(gridmail_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                                                     -Wno-array-bounds -Wno-mismatched-new-delete)
endif()

add_library(gridmail_asio INTERFACE)
target_compile_definitions(gridmail_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION
                                                   ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # clang 14 keeps <coroutine> behind this macro when it uses libstdc++.
  target_compile_definitions(gridmail_asio INTERFACE __cpp_impl_coroutine=201902L)
  target_compile_options(gridmail_asio INTERFACE -Wno-builtin-macro-redefined)
endif()
# Asio 1.22 takes std::aligned_alloc where a standard header came before it and operator new where none did: one function
# in two versions, and memory freed by the other's means.
target_compile_definitions(gridmail_asio INTERFACE ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(gridmail_asio INTERFACE Threads::Threads)

# What most sources include, read once and taken over by every library that says PCH; likewise for the tests, with their
# main function.
add_library(gridmail_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(gridmail_precompiled PRIVATE gridmail_asio fmt::fmt gridmail_warnings)
target_precompile_headers(gridmail_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp)
add_library(gridmail_doctest OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp
                                    ${CMAKE_SOURCE_DIR}/tests/support/doctest_main.cpp)
target_include_directories(gridmail_doctest PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(gridmail_doctest PRIVATE gridmail_asio fmt::fmt gridmail_warnings)
target_precompile_headers(gridmail_doctest PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/precompiled.hpp)
# It asks for doctest's own code, which a header read before would have left out.
set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/support/doctest_main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

# Several sources are compiled as one, which takes a third of the time: names in their anonymous namespaces must differ within a
# target. The other presets compile each alone, clang-tidy's too, so that none leans on another's includes.
function(gridmail_together name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${GRIDMAIL_TOGETHER} UNITY_BUILD_BATCH_SIZE 8)
  if(GRIDMAIL_TOGETHER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -Wno-subobject-linkage)  # an anonymous namespace is not in the main file here
  endif()
endfunction()

# gridmail_library(NAME SOURCES... [LINK libs...] [PROTO files...] [PCH] [ALONE])
# A static library of this project; PROTO records are compiled apart, without our warnings. ALONE: whoever links it takes some of its
# sources only.
function(gridmail_library name)
  cmake_parse_arguments(ARG "PCH;ALONE" "" "SOURCES;LINK;PROTO" ${ARGN})
  if(ARG_PROTO)
    gridmail_records(${name}_records ${ARG_PROTO})
    list(APPEND ARG_LINK ${name}_records)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE gridmail_warnings)
  if(NOT ARG_ALONE)
    gridmail_together(${name})
  endif()
  if(ARG_PCH)
    target_link_libraries(${name} PUBLIC gridmail_asio)
    target_precompile_headers(${name} REUSE_FROM gridmail_precompiled)
  endif()
endfunction()

# gridmail_records(NAME a.proto b.proto): generated C++ below build/records, included as "storage/x/y.pb.h".
add_custom_target(records)  # all of them, for tools that read sources without building
function(gridmail_records name)
  set(out ${CMAKE_BINARY_DIR}/records)
  file(MAKE_DIRECTORY ${out})
  set(generated "")
  foreach(proto ${ARGN})
    file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${relative})
    add_custom_command(
      OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=${out} -I${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${relative}
      DEPENDS ${CMAKE_SOURCE_DIR}/${relative} VERBATIM)
    list(APPEND generated ${out}/${stem}.pb.cc)
  endforeach()
  add_custom_target(${name}_sources DEPENDS ${generated})
  add_dependencies(records ${name}_sources)
  add_library(${name} STATIC ${generated})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()

# gridmail_test_program(NAME SOURCES... LINK libs... [ALONE]): one doctest program; ALONE: its sources share names.
function(gridmail_test_program name)
  cmake_parse_arguments(ARG "ALONE" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  if(NOT ARG_ALONE)
    gridmail_together(${name})
  endif()
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} gridmail_doctest gridmail_asio gridmail_warnings)
  target_precompile_headers(${name} REUSE_FROM gridmail_doctest)
endfunction()

# gridmail_test(NAME SOURCES... LINK libs... [ALONE]): one doctest program, run by ctest.
function(gridmail_test name)
  gridmail_test_program(${name} ${ARGN})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
