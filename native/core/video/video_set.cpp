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
  Indexing(const MediaLibrary& media, const std::optional<std::filesystem::path>& cacheFolder,
           std::vector<IndexedVideo>& videos, const Cancellation& cancellation,
           const VideoSet::Progress& progress)
      : media_(media),
        cacheFolder_(cacheFolder),
        videos_(videos),
        cancellation_(cancellation),
        progress_(progress) {}

  void run(int threads) {
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
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
      video.index = findOrMakeIndex(video.path);
    } catch (const Error& error) {
      if (!concernsOneFile(error.code())) throw;
      video.problem = error.what();
    }
  }

  FrameIndex findOrMakeIndex(const std::filesystem::path& path) {
    // A folder is not decoded to count its frames: there is nothing to save.
    const std::optional<FileVersion> version = isFolder(path) ? std::nullopt : versionOf(path);
    if (!version) return media_.index(path, cancellation_);
    const IndexCache* cache = indexCacheFor(path);
    if (cache != nullptr) {
      if (std::optional<FrameIndex> known = cache->find(path, *version)) return std::move(*known);
    }
    FrameIndex index = media_.index(path, cancellation_);
    index.version = *version;
    if (cache != nullptr) cache->keep(path, index);
    return index;
  }

  /// Made when the first file of a kind comes: only video files need the plug-in.
  const IndexCache* indexCacheFor(const std::filesystem::path& path) {
    if (!cacheFolder_) return nullptr;
    const std::lock_guard lock(mutex_);
    const bool isPacked = isPackedVideo(path);
    std::optional<IndexCache>& cache = isPacked ? packedCache_ : cache_;
    if (!cache) cache.emplace(*cacheFolder_, isPacked ? "packed" : media_.videos().description());
    return &*cache;
  }

  void report(const IndexedVideo& video) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (progress_) progress_(done_, video);
  }

  const MediaLibrary& media_;
  const std::optional<std::filesystem::path>& cacheFolder_;
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
  for (const std::filesystem::path& path : paths) videos.push_back({path, {}, {}});
  const int useful = int(std::min<std::size_t>(std::size_t(options.threads), videos.size()));
  Indexing(*media, options.cache, videos, cancellation, progress).run(useful);
  return std::shared_ptr<const VideoSet>(new VideoSet(std::move(media), std::move(videos)));
}

}  // namespace c3d::video
