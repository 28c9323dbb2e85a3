#include "core/video/video_set.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "core/video/index_cache.h"
#include "core/video/packed_video.h"

namespace c3d::video {
namespace {

/// The threads that index the videos of a set, and what they share.
class Indexing {
 public:
  Indexing(const MediaLibrary& media, const IndexingOptions& options, std::vector<IndexedVideo>& videos,
           const Cancellation& cancellation, const VideoSet::Progress& progress)
      : media_(media), options_(options), videos_(videos), cancellation_(cancellation), progress_(progress) {}

  void run() {
    const int count = int(std::min<std::size_t>(std::size_t(options_.threads), videos_.size()));
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() noexcept {
    try {
      for (std::size_t i = next_++; i < videos_.size() && !failed_; i = next_++) {
        cancellation_.throwIfRequested();
        indexOne(videos_[i]);
        report(videos_[i]);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failed_ = true;
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void indexOne(IndexedVideo& video) {
    try {
      findOrMakeIndex(video);
    } catch (const Error& error) {
      if (!concernsOneFile(error.code())) throw;
      video.problem = error.what();
    }
  }

  void findOrMakeIndex(IndexedVideo& video) {
    // A folder is not decoded to count its frames: there is nothing to save.
    const std::optional<FileVersion> version = isFolder(video.path) ? std::nullopt : versionOf(video.path);
    if (!version) {
      makeIndex(video);
      return;
    }
    const IndexCache* cache = indexCacheFor(video.path);
    if (cache != nullptr) {
      if (std::optional<FrameIndex> known = cache->find(video.path, *version)) {
        video.index = std::move(*known);
        return;
      }
    }
    makeIndex(video);
    video.index.version = *version;
    if (cache != nullptr) cache->keep(video.path, video.index);
  }

  void makeIndex(IndexedVideo& video) {
    std::optional<FrameKeeper> keeper;
    if (options_.keeping) keeper.emplace(*options_.keeping);
    video.index = media_.index(video.path, keeper ? &*keeper : options_.sink, cancellation_);
    if (keeper) video.kept = keeper->finish();
  }

  /// Made when the first file of a kind comes: only video files need the plug-in.
  const IndexCache* indexCacheFor(const std::filesystem::path& path) {
    if (!options_.cache) return nullptr;
    const std::lock_guard lock(mutex_);
    const bool isPacked = isPackedVideo(path);
    std::optional<IndexCache>& cache = isPacked ? packedCache_ : cache_;
    if (!cache) cache.emplace(*options_.cache, isPacked ? "packed" : media_.videos().description());
    return &*cache;
  }

  void report(const IndexedVideo& video) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (progress_) progress_(done_, video);
  }

  const MediaLibrary& media_;
  const IndexingOptions& options_;
  std::vector<IndexedVideo>& videos_;  // each worker writes only to the ones it took
  const Cancellation& cancellation_;
  const VideoSet::Progress& progress_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // guards what follows
  std::optional<IndexCache> cache_;
  std::optional<IndexCache> packedCache_;
  std::size_t done_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

bool concernsOneFile(ErrorCode code) {
  return code == ErrorCode::FileNotFound || code == ErrorCode::File || code == ErrorCode::VideoUnreadable;
}

std::shared_ptr<const VideoSet> VideoSet::index(std::shared_ptr<const MediaLibrary> media,
                                                const std::vector<std::filesystem::path>& paths,
                                                const IndexingOptions& options,
                                                const Cancellation& cancellation, const Progress& progress) {
  if (options.threads < 1)
    throw Error(ErrorCode::InvalidArgument, "Indexing videos needs at least 1 thread.");
  std::vector<IndexedVideo> videos;
  videos.reserve(paths.size());
  for (const std::filesystem::path& path : paths) videos.push_back({path, {}, {}, nullptr});
  Indexing(*media, options, videos, cancellation, progress).run();
  return std::shared_ptr<const VideoSet>(new VideoSet(std::move(media), std::move(videos)));
}

}  // namespace c3d::video
