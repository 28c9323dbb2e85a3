#include "core/video/video_set.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace c3d::video {
namespace {

/// Whether an error is about one file only, so that the others can go on.
bool concernsOneFile(const Error& error) {
  switch (error.code()) {
    case ErrorCode::FileNotFound:
    case ErrorCode::File:
    case ErrorCode::VideoUnreadable:
      return true;
    default:
      return false;
  }
}

/// The threads that index the videos of a set, and what they share.
class Indexing {
 public:
  Indexing(const MediaLibrary& media, std::vector<IndexedVideo>& videos, const Cancellation& cancellation,
           const VideoSet::Progress& progress)
      : media_(media), videos_(videos), cancellation_(cancellation), progress_(progress) {}

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

  void indexOne(IndexedVideo& video) const {
    try {
      video.index = media_.index(video.path, cancellation_);
    } catch (const Error& error) {
      if (!concernsOneFile(error)) throw;
      video.problem = error.what();
    }
  }

  void report(const IndexedVideo& video) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (progress_) progress_(done_, video);
  }

  const MediaLibrary& media_;
  std::vector<IndexedVideo>& videos_;  // each worker writes only to the ones it took
  const Cancellation& cancellation_;
  const VideoSet::Progress& progress_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // guards what follows
  std::size_t done_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

std::shared_ptr<const VideoSet> VideoSet::index(std::shared_ptr<const MediaLibrary> media,
                                                const std::vector<std::filesystem::path>& paths, int threads,
                                                const Cancellation& cancellation, const Progress& progress) {
  if (threads < 1) throw Error(ErrorCode::InvalidArgument, "Indexing videos needs at least 1 thread.");
  std::vector<IndexedVideo> videos;
  videos.reserve(paths.size());
  for (const std::filesystem::path& path : paths) videos.push_back({path, {}, {}});
  const int useful = int(std::min<std::size_t>(std::size_t(threads), videos.size()));
  Indexing(*media, videos, cancellation, progress).run(useful);
  return std::shared_ptr<const VideoSet>(new VideoSet(std::move(media), std::move(videos)));
}

}  // namespace c3d::video
