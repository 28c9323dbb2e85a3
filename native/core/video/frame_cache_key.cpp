#include "core/video/frame_cache_key.h"

#include <string>

#include "core/video/hash.h"
#include "core/video/index_cache.h"

namespace c3d::video {
namespace {

/// The pictures of a folder are not decoded to count them, so names, sizes and times stand for their
/// contents.
std::optional<std::string> contentsOfFolder(const IndexedVideo& video) {
  std::string contents = std::filesystem::absolute(video.path).string();
  for (const std::string& file : video.index.files) {
    const std::optional<FileVersion> version = versionOf(video.path / file);
    if (!version) return std::nullopt;
    contents += "\n" + file + " " + std::to_string(version->size) + " " + std::to_string(version->modified);
  }
  return "folder " + hexOf(hashOf(contents)) + " " + video.path.string();
}

std::optional<std::string> contentsOf(const IndexedVideo& video) {
  if (!video.index.files.empty()) return contentsOfFolder(video);
  const FrameIndex& index = video.index;
  return "video " + hexOf(index.fingerprint) + " " + std::to_string(index.width) + "x" +
         std::to_string(index.height) + " " + index.codec;
}

}  // namespace

std::optional<FrameCacheKey> frameCacheKeyOf(const IndexedVideo& video, const FrameFormat& format) {
  const std::optional<std::string> contents = contentsOf(video);
  if (!contents) return std::nullopt;
  const std::int64_t frames = video.index.frameCount;
  return FrameCacheKey{*contents + " " + std::to_string(frames) + " frames as " +
                           std::to_string(format.width) + "x" + std::to_string(format.height) +
                           (format.order == ChannelOrder::Bgr ? " bgr" : " rgb"),
                       format.bytes(), frames};
}

}  // namespace c3d::video
