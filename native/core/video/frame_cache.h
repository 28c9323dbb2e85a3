#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace c3d::video {

/// All frames of a video, resized: uint8 [frames, height, width, 3], in memory or mapped from a file.
class StoredFrames {
 public:
  StoredFrames(std::shared_ptr<const std::uint8_t> pixels, std::size_t frameBytes)
      : pixels_(std::move(pixels)), frameBytes_(frameBytes) {}
  const std::uint8_t* frame(std::int64_t place) const {
    return pixels_.get() + std::size_t(place) * frameBytes_;
  }

 private:
  std::shared_ptr<const std::uint8_t> pixels_;  // owns the memory or the mapping
  std::size_t frameBytes_;
};

/// Takes the frames of one video. Without `finish` nothing is kept.
class FrameStorage {
 public:
  virtual ~FrameStorage() = default;
  /// Frames that follow the ones before. False when they cannot be kept (a full disk); then give up.
  virtual bool append(std::span<const std::uint8_t> frames) = 0;
  /// After the last frame. Nothing when it could not be kept.
  virtual std::shared_ptr<const StoredFrames> finish() = 0;
};

/// Names the frames of a video at one size.
struct FrameCacheKey {
  std::string contents;  // equal exactly for equal pixels
  std::size_t frameBytes = 0;
  std::int64_t frames = 0;

  std::size_t bytes() const { return frameBytes * std::size_t(frames); }
};

struct FrameCacheUse {
  std::uint64_t bytes = 0;  // kept now
  std::uint64_t limit = 0;
  std::string problem;  // why no more is kept, if something went wrong; a full cache is no problem
};

/// Keeps decoded, resized frames, so that a video is decoded once and not in every epoch. Thread-safe. When
/// it is full it keeps what it has: a training comes back to all videos in turn, and whatever is dropped for
/// the next is missed just as soon.
class FrameCache {
 public:
  virtual ~FrameCache() = default;
  /// Nothing when the video is not kept.
  virtual std::shared_ptr<const StoredFrames> find(const FrameCacheKey& key) = 0;
  /// Room for a video that `find` did not find. Nothing when it does not fit, or when another thread is
  /// storing it.
  virtual std::unique_ptr<FrameStorage> begin(const FrameCacheKey& key) = 0;
  virtual FrameCacheUse use() const = 0;
};

/// In the process's memory, at most `limit` bytes.
std::shared_ptr<FrameCache> makeMemoryFrameCache(std::uint64_t limit);

/// In files of `folder`, which is made if need be, at most `limit` bytes of them, of which other processes'
/// entries are part. 1 GiB of the disk is left free. Entries that have not been used for a day give way.
/// Processes may share the folder and be killed at any moment. Throws Error(File) when the folder cannot be
/// used.
std::shared_ptr<FrameCache> openDiskFrameCache(const std::filesystem::path& folder, std::uint64_t limit);

}  // namespace c3d::video
