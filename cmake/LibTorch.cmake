# c3d_libtorch: LibTorch's headers and libraries. Not find_package(Torch), because that enables the CUDA language and
# looks for a CUDA toolkit as soon as LibTorch is a CUDA build; nothing here needs either.
if(NOT EXISTS "${C3D_LIBTORCH}/include/torch/csrc/api/include/torch/torch.h")
  message(FATAL_ERROR "C3D_LIBTORCH must be the folder that holds LibTorch's include/ and lib/; it is "
                      "'${C3D_LIBTORCH}'. `npm run build:native` finds or fetches LibTorch and passes it.")
endif()

add_library(c3d_libtorch INTERFACE)
target_include_directories(c3d_libtorch SYSTEM INTERFACE
  "${C3D_LIBTORCH}/include"
  "${C3D_LIBTORCH}/include/torch/csrc/api/include")
target_compile_definitions(c3d_libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)

set(libraries torch torch_cpu c10)
set(suffix "${CMAKE_SHARED_LIBRARY_SUFFIX}")
if(EXISTS "${C3D_LIBTORCH}/lib/libtorch_cuda${suffix}")
  list(APPEND libraries torch_cuda c10_cuda)
endif()
list(TRANSFORM libraries PREPEND "${C3D_LIBTORCH}/lib/lib")
list(TRANSFORM libraries APPEND "${suffix}")

# Nothing refers to libtorch_cuda by name: linkers drop it unless told not to, and LibTorch then says that there is
# no CUDA.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  list(PREPEND libraries -Wl,--push-state,--no-as-needed)
  list(APPEND libraries -Wl,--pop-state)
endif()
target_link_libraries(c3d_libtorch INTERFACE ${libraries})
target_link_options(c3d_libtorch INTERFACE "LINKER:-rpath,${C3D_LIBTORCH}/lib")
