#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/video/clip.h"
#include "core/video/clip_loader.h"
#include "core/video/media_library.h"
#include "core/video/sampling_options.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// Reads the clips of one whole video, NonOverlapping or Dense, in order and in batches, while its frames are
/// being counted: the first batch comes as soon as its frames are decoded, each frame is decoded once, and a
/// video of any length takes the memory of a few batches. What is not decoded to count it, and videos shorter
/// than a clip, are read after counting.
class ClipStream {
 public:
  /// Of `options`, `cache` must be null and clips that cannot be read are fatal.
  ClipStream(std::shared_ptr<const MediaLibrary> media, std::filesystem::path file, const ClipLayout& layout,
             const SamplingOptions& sampling, const ClipLoaderOptions& options);
  /// Stops and joins.
  ~ClipStream();
  ClipStream(const ClipStream&) = delete;
  ClipStream& operator=(const ClipStream&) = delete;

  /// As those of ClipLoader. Throws Error(VideoUnreadable) for a video that cannot be read, too.
  std::optional<ClipBatch> next();
  void recycle(ClipBatch&& batch);
  void cancel();

  /// Clips in all: until the frames are counted, as many as the file's header promises.
  std::size_t total() const;
  /// Of the video, from the first batch on; 0 when unknown.
  double framesPerSecond() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace c3d::video
