#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/runtime/cancellation.h"
#include "core/video/kept_frames.h"
#include "core/video/media_library.h"

namespace c3d::video {

struct IndexedVideo {
  std::filesystem::path path;
  FrameIndex index;
  std::string problem;                     // why it cannot be read; empty when it can
  std::shared_ptr<const KeptFrames> kept;  // null where nothing was kept
};

/// Whether an error is about one file only, so that the others can go on.
bool concernsOneFile(ErrorCode code);

struct IndexingOptions {
  int threads = 1;
  /// Folder where indices are kept and looked for; nothing: every file is decoded.
  std::optional<std::filesystem::path> cache;
  /// What is kept in memory of the frames of every video file that is decoded.
  std::optional<Keeping> keeping;
  /// Gets the frames of every video file that is decoded, instead; with one thread only.
  FrameSink* sink = nullptr;
};

/// Videos whose frames have been counted. Immutable once made, so that loaders on any thread may share it.
class VideoSet {
 public:
  /// Called on a worker thread, one call at a time: how many are done, and the latest.
  using Progress = std::function<void(std::size_t done, const IndexedVideo& latest)>;

  /// Indexes all `paths`; the result keeps their order. A file that cannot be read gets
  /// a `problem` and does not fail the others. Throws Error(Aborted) and Error(FfmpegMissing).
  static std::shared_ptr<const VideoSet> index(std::shared_ptr<const MediaLibrary> media,
                                               const std::vector<std::filesystem::path>& paths,
                                               const IndexingOptions& options,
                                               const Cancellation& cancellation, const Progress& progress);

  const std::vector<IndexedVideo>& videos() const { return videos_; }
  const MediaLibrary& media() const { return *media_; }

 private:
  VideoSet(std::shared_ptr<const MediaLibrary> media, std::vector<IndexedVideo> videos)
      : media_(std::move(media)), videos_(std::move(videos)) {}

  std::shared_ptr<const MediaLibrary> media_;
  std::vector<IndexedVideo> videos_;
};

}  // namespace c3d::video
