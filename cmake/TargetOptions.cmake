# c3d_target_options(<target>): what every target of this project is compiled with. Warnings concern this project's
# own sources: the headers of others are system headers.
function(c3d_target_options target)
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/native")
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # They report plain std::string concatenation from GCC 12 on (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  endif()
  if(C3D_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(C3D_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${C3D_SANITIZE} -fno-omit-frame-pointer -g -O1)
    target_link_options(${target} PRIVATE -fsanitize=${C3D_SANITIZE})
  endif()
endfunction()
