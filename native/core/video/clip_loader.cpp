#include "core/video/clip_loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "core/video/clip_reader.h"

namespace c3d::video {
namespace {

void requireThat(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::InvalidArgument, message);
}

void check(const VideoSet& videos, const std::vector<ClipSpec>& clips, const ClipLayout& layout,
           const ClipLoaderOptions& options) {
  requireThat(options.batchSize >= 1, "A batch needs at least 1 clip.");
  requireThat(options.threads >= 1, "A clip loader needs at least 1 thread.");
  requireThat(layout.frames >= 1 && layout.width >= 1 && layout.height >= 1,
              "A clip needs at least 1 frame of at least 1x1 pixels.");
  for (const ClipSpec& clip : clips) {
    requireThat(clip.video >= 0 && std::size_t(clip.video) < videos.videos().size(),
                "A clip names video " + std::to_string(clip.video) + " of a set of " +
                    std::to_string(videos.videos().size()) + ".");
    const IndexedVideo& video = videos.videos()[std::size_t(clip.video)];
    requireThat(clip.start >= 0 && clip.start < video.index.frameCount && clip.stride >= 1,
                "A clip starts at frame " + std::to_string(clip.start) + " of \"" + video.path.string() +
                    "\", which has " + std::to_string(video.index.frameCount) + ".");
    requireThat(clip.cropX >= 0 && clip.cropX <= layout.frame.width - layout.width && clip.cropY >= 0 &&
                    clip.cropY <= layout.frame.height - layout.height,
                "A clip's window lies outside of the frame.");
  }
}

/// A batch that is being filled, or is full and waits for the reader.
struct PendingBatch {
  ClipBatch batch;
  std::size_t clipsLeft = 0;   // not yet decoded
  std::size_t failedClip = 0;  // the earliest that failed, a place in the list of all clips
  std::exception_ptr failure;  // its error
};

/// Clips that one thread decodes in a row: places first .. end-1 in the list, all of one batch and one video.
struct Task {
  PendingBatch* target =
      nullptr;  // stays where it is until the task is done: the reader takes full batches only
  std::size_t batchStart = 0;
  std::size_t first = 0;
  std::size_t end = 0;
};

}  // namespace

struct ClipLoader::State {
  State(std::shared_ptr<const VideoSet> videoSet, std::vector<ClipSpec> clipList,
        const ClipLayout& clipLayout, const ClipLoaderOptions& loaderOptions)
      : videos(std::move(videoSet)),
        clips(std::move(clipList)),
        layout(clipLayout),
        options(loaderOptions),
        prefetch(std::max<std::size_t>(loaderOptions.prefetch, 1)),
        longestTask((loaderOptions.batchSize + std::size_t(loaderOptions.threads) - 1) /
                    std::size_t(loaderOptions.threads)) {}

  ~State() {
    cancel();
    workers.clear();  // joins, while everything that they use still exists
  }

  void start() {
    for (int i = 0; i < options.threads; ++i) workers.emplace_back([this] { work(); });
  }

  void cancel() {
    {
      // Under the lock, or a thread between its check and its wait would sleep through the notice.
      const std::lock_guard lock(mutex);
      cancellation.request();
    }
    roomChanged.notify_all();
    batchReady.notify_all();
  }

  std::optional<ClipBatch> next() {
    std::unique_lock lock(mutex);
    batchReady.wait(lock,
                    [this] { return failure || cancellation.requested() || ended() || frontIsComplete(); });
    if (failure) std::rethrow_exception(failure);
    cancellation.throwIfRequested();
    if (ended()) return std::nullopt;
    PendingBatch done = std::move(pending.front());
    pending.pop_front();
    lock.unlock();
    if (done.failure) {
      // The clips behind a failed one would be decoded for nothing.
      stop(done.failure);
      std::rethrow_exception(done.failure);
    }
    roomChanged.notify_all();
    return std::move(done.batch);
  }

 private:
  bool ended() const { return nextClip == clips.size() && pending.empty(); }
  bool frontIsComplete() const { return !pending.empty() && pending.front().clipsLeft == 0; }

  /// Ends the loader for good; `next` throws `reason` from now on.
  void stop(const std::exception_ptr& reason) {
    {
      const std::lock_guard lock(mutex);
      if (!failure) failure = reason;
    }
    cancel();
  }

  void work() noexcept {
    try {
      std::optional<ClipReader> reader;
      while (const std::optional<Task> task = takeTask()) run(*task, reader);
    } catch (...) {
      stop(std::current_exception());
    }
  }

  /// Waits for room and takes the next clips; nothing when there are no more or the loader stops.
  std::optional<Task> takeTask() {
    std::unique_lock lock(mutex);
    roomChanged.wait(lock, [this] {
      return cancellation.requested() || nextClip == clips.size() || !atBatchStart() ||
             pending.size() < prefetch;
    });
    if (cancellation.requested() || nextClip == clips.size()) return std::nullopt;
    if (atBatchStart()) beginBatch();
    const std::size_t batchStart = nextClip - nextClip % options.batchSize;
    const std::size_t first = nextClip;
    nextClip = taskEnd(first, std::min(batchStart + options.batchSize, clips.size()));
    return Task{&pending.back(), batchStart, first, nextClip};
  }

  bool atBatchStart() const { return nextClip % options.batchSize == 0; }

  void beginBatch() {
    const std::size_t size = std::min(options.batchSize, clips.size() - nextClip);
    PendingBatch& begun = pending.emplace_back();
    begun.clipsLeft = size;
    begun.batch.clips.assign(clips.begin() + std::ptrdiff_t(nextClip),
                             clips.begin() + std::ptrdiff_t(nextClip + size));
  }

  /// Neighbouring clips of one video go to one thread, which has it open; but no thread takes more than its
  /// share of a batch, or the others would stand idle before a long video.
  std::size_t taskEnd(std::size_t first, std::size_t batchEnd) const {
    const std::size_t limit = std::min(batchEnd, first + longestTask);
    std::size_t end = first + 1;
    while (end < limit && clips[end].video == clips[first].video) ++end;
    return end;
  }

  void run(const Task& task, std::optional<ClipReader>& reader) {
    std::size_t place = task.first;
    std::exception_ptr problem;
    try {
      if (!reader) reader.emplace(videos, layout);
      const std::span<std::uint8_t> pixels = room(task);
      for (; place < task.end; ++place) {
        const std::size_t offset = (place - task.batchStart) * layout.bytes();
        reader->read(clips[place], pixels.subspan(offset, layout.bytes()), cancellation);
      }
    } catch (...) {
      problem = std::current_exception();
      reader.reset();
    }
    finish(task, place, problem);
  }

  std::span<std::uint8_t> room(const Task& task) {
    const std::lock_guard lock(mutex);
    std::vector<std::uint8_t>& pixels = task.target->batch.pixels;
    if (pixels.empty()) pixels.resize(task.target->batch.clips.size() * layout.bytes());
    return pixels;
  }

  void finish(const Task& task, std::size_t failedClip, const std::exception_ptr& problem) {
    {
      const std::lock_guard lock(mutex);
      PendingBatch& target = *task.target;
      if (problem && (!target.failure || failedClip < target.failedClip)) {
        target.failure = problem;
        target.failedClip = failedClip;
      }
      target.clipsLeft -= task.end - task.first;
    }
    batchReady.notify_all();
  }

  const std::shared_ptr<const VideoSet> videos;
  const std::vector<ClipSpec> clips;
  const ClipLayout layout;
  const ClipLoaderOptions options;
  const std::size_t prefetch;     // batches begun and not yet taken, at most
  const std::size_t longestTask;  // clips
  Cancellation cancellation;

  std::mutex mutex;  // guards what follows, but for the pixels of clips being decoded
  std::condition_variable roomChanged;
  std::condition_variable batchReady;
  std::size_t nextClip = 0;          // the first that no thread has taken
  std::deque<PendingBatch> pending;  // in order; all but the last have been taken completely
  std::exception_ptr failure;        // what `next` has thrown, and throws from then on

  std::vector<std::jthread> workers;  // last: they use all of the above
};

ClipLoader::ClipLoader(std::shared_ptr<const VideoSet> videos, std::vector<ClipSpec> clips, ClipLayout layout,
                       ClipLoaderOptions options) {
  check(*videos, clips, layout, options);
  state_ = std::make_unique<State>(std::move(videos), std::move(clips), layout, options);
  state_->start();
}

ClipLoader::~ClipLoader() = default;

std::optional<ClipBatch> ClipLoader::next() {
  return state_->next();
}

void ClipLoader::cancel() {
  state_->cancel();
}

}  // namespace c3d::video
