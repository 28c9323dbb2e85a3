# native/sources.json is the one list of sources; binding.gyp reads it as well.
set(C3D_SOURCE_LIST "${CMAKE_CURRENT_SOURCE_DIR}/native/sources.json")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${C3D_SOURCE_LIST}")

# c3d_sources(<key> <variable>): the absolute paths listed under <key>.
function(c3d_sources key variable)
  file(READ "${C3D_SOURCE_LIST}" json)
  string(JSON count LENGTH "${json}" "${key}")
  set(paths "")
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    string(JSON path GET "${json}" "${key}" ${index})
    list(APPEND paths "${CMAKE_CURRENT_SOURCE_DIR}/native/${path}")
  endforeach()
  set(${variable} "${paths}" PARENT_SCOPE)
endfunction()
