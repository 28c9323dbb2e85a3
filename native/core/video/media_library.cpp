#include "core/video/media_library.h"

#include <dlfcn.h>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "core/video/frame_folder.h"
#include "core/video/index_cache.h"
#include "core/video/packed_video.h"

namespace c3d::video {
namespace {

/// Throws when a file is no longer the one that was indexed.
void requireUnchanged(const std::filesystem::path& file, const FileVersion& indexed) {
  const bool known = indexed != FileVersion{};
  const std::optional<FileVersion> now = versionOf(file);
  if (!known || !now || *now == indexed) return;  // a file that is gone is told by opening it
  throw Error(ErrorCode::VideoUnreadable, "Cannot read \"" + file.string() +
                                              "\": it has changed since its frames were counted. Open the "
                                              "data set again.");
}

[[noreturn]] void pluginUnusable(const std::filesystem::path& plugin, const std::string& reason) {
  throw Error(
      ErrorCode::FfmpegMissing,
      "Reading videos needs FFmpeg 4.4 or newer and the plug-in \"" + plugin.string() +
          "\" that is built against it, which cannot be used: " + reason +
          ". Install FFmpeg (Debian, Ubuntu: apt-get install -y libavformat-dev libavcodec-dev libavutil-dev "
          "libswscale-dev; Fedora: dnf install -y ffmpeg-free-devel; macOS: brew install ffmpeg), then build "
          "the "
          "plug-in with `npm rebuild torch-c3d` (in a clone: `npm install`). Frame folders can be read "
          "without it.");
}

// The only place that knows how this platform loads a shared object.

using LibraryHandle = void*;

std::string loadFailure() {
  const char* reason = ::dlerror();
  return reason != nullptr ? reason : "unknown reason";
}

LibraryHandle loadLibrary(const std::filesystem::path& plugin) {
  LibraryHandle library = ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) pluginUnusable(plugin, loadFailure());
  return library;
}

template <typename Function>
Function findFunction(LibraryHandle library, const char* name, const std::filesystem::path& plugin) {
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr) pluginUnusable(plugin, loadFailure());
  return reinterpret_cast<Function>(symbol);
}

const VideoBackend& loadBackend(const std::filesystem::path& plugin) {
  const LibraryHandle library = loadLibrary(plugin);
  const int version =
      findFunction<VideoBackendVersionFunction>(library, kVideoBackendVersionSymbol, plugin)();
  if (version != kVideoBackendVersion) {
    pluginUnusable(plugin, "it is of version " + std::to_string(version) + " and version " +
                               std::to_string(kVideoBackendVersion) + " is needed");
  }
  const VideoBackend* backend = findFunction<VideoBackendFunction>(library, kVideoBackendSymbol, plugin)();
  if (backend == nullptr) pluginUnusable(plugin, "it offers no decoder");
  return *backend;
}

}  // namespace

bool isFolder(const std::filesystem::path& source) {
  std::error_code unknown;
  return std::filesystem::is_directory(source, unknown);
}

MediaLibrary::MediaLibrary(std::filesystem::path plugin) : plugin_(std::move(plugin)) {}

FrameIndex MediaLibrary::index(const std::filesystem::path& source, FrameSink* sink,
                               const Cancellation& cancellation) const {
  if (isFolder(source)) return indexFrameFolder(source, cancellation);
  return isPackedVideo(source) ? indexPackedVideo(source, cancellation)
                               : videos().index(source, sink, cancellation);
}

std::unique_ptr<FrameSource> MediaLibrary::open(const std::filesystem::path& source, const FrameIndex& index,
                                                const FrameFormat& format) const {
  if (!index.files.empty()) return openFrameFolder(source, index, format);
  requireUnchanged(source, index.version);
  if (isPackedVideo(source)) return openPackedVideo(source, index, format);
  return videos().open(source, index, format);
}

const VideoBackend& MediaLibrary::videos() const {
  const std::lock_guard lock(mutex_);
  if (backend_ == nullptr) backend_ = &loadBackend(plugin_);
  return *backend_;
}

}  // namespace c3d::video
