#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/video/clip.h"
#include "core/video/frame_cache.h"
#include "core/video/video_set.h"

namespace c3d::video {

struct ClipLoaderOptions {
  std::size_t batchSize = 1;
  int threads = 1;              // decoding threads of this loader
  std::size_t prefetch = 2;     // batches that are decoded together; as many more may wait for the reader
  bool skipUnreadable = false;  // clips that cannot be read are left out and told; else `next` throws
  std::shared_ptr<FrameCache> cache;  // may be null
};

/// Reads a list of clips in order, in batches, decoding ahead on its own threads. Clips of one video within
/// `prefetch` batches cost one opening. `next` may be called by one thread at a time. The last batch may be
/// smaller. The destructor stops and joins the threads.
class ClipLoader {
 public:
  ClipLoader(std::shared_ptr<const VideoSet> videos, std::vector<ClipSpec> clips, ClipLayout layout,
             ClipLoaderOptions options);
  ~ClipLoader();
  ClipLoader(const ClipLoader&) = delete;
  ClipLoader& operator=(const ClipLoader&) = delete;

  /// The next batch, waiting for it if need be; nothing at the end. Without its unreadable clips it may be
  /// empty. Rethrows what a decoding thread met, and throws Error(Aborted) soon after `cancel` is called from
  /// any thread.
  std::optional<ClipBatch> next();
  /// Takes the memory of a batch back for a later one: asking the system for it anew costs page faults.
  void recycle(ClipBatch&& batch);
  void cancel();

 private:
  struct State;  // shared with the threads
  std::unique_ptr<State> state_;
};

}  // namespace c3d::video
