#pragma once

#include <filesystem>
#include <new>
#include <string>

extern "C" {
#include <libavutil/error.h>
}

#include "core/runtime/error.h"

namespace c3d::ffmpeg {

/// FFmpeg's words for one of its error codes, e.g. "Invalid data found when processing input".
inline std::string describe(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

[[noreturn]] inline void unreadable(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorCode::VideoUnreadable, "Cannot read the video \"" + file.string() + "\": " + reason + ".");
}

/// For FFmpeg's allocating functions, which return nothing when memory has run out.
template <typename Pointer>
Pointer allocated(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

}  // namespace c3d::ffmpeg
