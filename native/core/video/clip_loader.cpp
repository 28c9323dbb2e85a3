#include "core/video/clip_loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "core/video/clip_reader.h"

namespace c3d::video {
namespace {

void requireThat(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::InvalidArgument, message);
}

void checkClip(const VideoSet& videos, const ClipSpec& clip, const ClipLayout& layout) {
  requireThat(clip.video >= 0 && std::size_t(clip.video) < videos.videos().size(),
              "A clip names video " + std::to_string(clip.video) + " of a set of " +
                  std::to_string(videos.videos().size()) + ".");
  const IndexedVideo& video = videos.videos()[std::size_t(clip.video)];
  requireThat(clip.start >= 0 && clip.start < clip.end && clip.end <= video.index.frameCount && clip.step > 0,
              "A clip shows frames " + std::to_string(clip.start) + " to " + std::to_string(clip.end) +
                  " of \"" + video.path.string() + "\", which has " + std::to_string(video.index.frameCount) +
                  ".");
  const FrameFormat frame = layout.frameOf(video.index.width, video.index.height);
  const Window& window = clip.window;
  requireThat(window.width >= 1 && window.height >= 1 && window.x >= 0 && window.y >= 0 &&
                  window.x <= frame.width - window.width && window.y <= frame.height - window.height,
              "A clip's window lies outside of the frame.");
}

void check(const VideoSet& videos, const std::vector<ClipSpec>& clips, const ClipLayout& layout,
           const ClipLoaderOptions& options) {
  requireThat(options.batchSize >= 1, "A batch needs at least 1 clip.");
  requireThat(options.threads >= 1, "A clip loader needs at least 1 thread.");
  requireThat(layout.frames >= 1 && layout.width >= 1 && layout.height >= 1,
              "A clip needs at least 1 frame of at least 1x1 pixels.");
  for (const ClipSpec& clip : clips) checkClip(videos, clip, layout);
}

/// A batch that is being filled, or is full and waits for the reader.
struct PendingBatch {
  ClipBatch batch;
  std::size_t clipsLeft = 0;                  // not yet decoded
  std::map<std::size_t, std::string> failed;  // places within the batch, and why
  std::exception_ptr failure;                 // of the first one
};

/// Clips of one video that one thread decodes in a row: places in the list of all clips, by start.
using Task = std::vector<std::size_t>;

/// Takes the failed clips out of a batch.
ClipBatch withoutFailed(PendingBatch&& pending, std::size_t clipBytes) {
  ClipBatch batch = std::move(pending.batch);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < batch.clips.size(); ++i) {
    const auto failed = pending.failed.find(i);
    if (failed != pending.failed.end()) {
      batch.unreadable.push_back({batch.clips[i], failed->second});
      continue;
    }
    if (kept != i) {
      batch.clips[kept] = batch.clips[i];
      const auto from = batch.pixels.begin() + std::ptrdiff_t(i * clipBytes);
      std::copy_n(from, clipBytes, batch.pixels.begin() + std::ptrdiff_t(kept * clipBytes));
    }
    ++kept;
  }
  batch.clips.resize(kept);
  batch.pixels.resize(kept * clipBytes);
  return batch;
}

}  // namespace

struct ClipLoader::State {
  State(std::shared_ptr<const VideoSet> videoSet, std::vector<ClipSpec> clipList,
        const ClipLayout& clipLayout, const ClipLoaderOptions& loaderOptions)
      : videos(std::move(videoSet)),
        clips(std::move(clipList)),
        layout(clipLayout),
        options(loaderOptions),
        groupClips(loaderOptions.batchSize * std::max<std::size_t>(loaderOptions.prefetch, 1)),
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

  void recycle(ClipBatch&& batch) {
    const std::lock_guard lock(mutex);
    if (!batch.pixels.empty()) spare.push_back(std::move(batch.pixels));
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
    ++firstPending;
    lock.unlock();
    if (done.failure) {
      // The clips behind a failed one would be decoded for nothing.
      stop(done.failure);
      std::rethrow_exception(done.failure);
    }
    roomChanged.notify_all();
    if (done.failed.empty()) return std::move(done.batch);
    return withoutFailed(std::move(done), layout.bytes());
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
      ClipReader reader(videos, layout, options.cache);
      while (const std::optional<Task> task = takeTask()) run(*task, reader);
    } catch (...) {
      stop(std::current_exception());
    }
  }

  /// Waits for room and takes the next clips; nothing when there are no more or the loader stops.
  std::optional<Task> takeTask() {
    std::unique_lock lock(mutex);
    roomChanged.wait(lock, [this] {
      return cancellation.requested() || !tasks.empty() || nextClip == clips.size() || hasRoom();
    });
    if (cancellation.requested()) return std::nullopt;
    if (tasks.empty() && nextClip < clips.size()) planGroup();
    if (tasks.empty()) return std::nullopt;
    Task task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    roomChanged.notify_all();
    return task;
  }

  /// Whether the next group may begin: the reader takes batches of the one before it, at the most.
  bool hasRoom() const {
    const std::size_t waiting = nextClip - std::min(nextClip, firstPending * options.batchSize);
    return waiting <= groupClips;
  }

  /// Begins the batches of a group and makes its tasks: the clips of a video together, so that it is opened
  /// once; but not more than a thread's share of a batch, or the others would stand idle before a long video.
  void planGroup() {
    const std::size_t end = std::min(nextClip + groupClips, clips.size());
    std::map<std::int32_t, std::size_t> taskOfVideo;
    std::vector<Task> planned;
    for (std::size_t place = nextClip; place < end; ++place) {
      if (place % options.batchSize == 0) beginBatch(place);
      const auto [found, isNew] = taskOfVideo.try_emplace(clips[place].video, planned.size());
      if (isNew) planned.emplace_back();
      planned[found->second].push_back(place);
    }
    for (Task& task : planned) addInShares(std::move(task));
    nextClip = end;
  }

  void beginBatch(std::size_t place) {
    const std::size_t size = std::min(options.batchSize, clips.size() - place);
    PendingBatch& begun = pending.emplace_back();
    begun.clipsLeft = size;
    const auto first = clips.begin() + std::ptrdiff_t(place);
    begun.batch.clips.assign(first, first + std::ptrdiff_t(size));
  }

  void addInShares(Task task) {
    std::stable_sort(task.begin(), task.end(),
                     [this](std::size_t a, std::size_t b) { return clips[a].start < clips[b].start; });
    for (std::size_t first = 0; first < task.size(); first += longestTask) {
      const auto from = task.begin() + std::ptrdiff_t(first);
      tasks.emplace_back(from, from + std::ptrdiff_t(std::min(longestTask, task.size() - first)));
    }
  }

  void run(const Task& task, ClipReader& reader) {
    std::exception_ptr problem;
    try {
      std::vector<ClipTarget> targets;
      for (const std::size_t place : task) targets.push_back({&clips[place], pixelsOf(place)});
      reader.read(targets, cancellation);
    } catch (...) {
      problem = std::current_exception();
    }
    finish(task, problem);
  }

  /// Under the lock. The batch stays where it is until its last clip is finished.
  PendingBatch& batchOf(std::size_t place) { return pending[place / options.batchSize - firstPending]; }

  /// Of one clip. The memory comes with the first clip of the batch.
  std::span<std::uint8_t> pixelsOf(std::size_t place) {
    const std::lock_guard lock(mutex);
    ClipBatch& batch = batchOf(place).batch;
    if (batch.pixels.empty()) {
      if (!spare.empty()) {
        batch.pixels = std::move(spare.back());
        spare.pop_back();
      }
      batch.pixels.resize(batch.clips.size() * layout.bytes());
    }
    return std::span(batch.pixels).subspan(place % options.batchSize * layout.bytes(), layout.bytes());
  }

  void finish(const Task& task, const std::exception_ptr& problem) {
    bool isComplete = false;
    {
      const std::lock_guard lock(mutex);
      for (const std::size_t place : task) {
        PendingBatch& target = batchOf(place);
        if (problem) noteFailure(target, place % options.batchSize, problem);
        if (--target.clipsLeft == 0) isComplete = true;
      }
    }
    if (isComplete) batchReady.notify_all();
  }

  void noteFailure(PendingBatch& target, std::size_t place, const std::exception_ptr& problem) const {
    try {
      std::rethrow_exception(problem);
    } catch (const Error& error) {
      const bool isFirst = target.failed.empty() || place < target.failed.begin()->first;
      target.failed.emplace(place, error.what());
      if (options.skipUnreadable && concernsOneFile(error.code())) return;
      if (isFirst || !target.failure) target.failure = problem;
    } catch (...) {
      target.failure = problem;
    }
  }

  const std::shared_ptr<const VideoSet> videos;
  const std::vector<ClipSpec> clips;
  const ClipLayout layout;
  const ClipLoaderOptions options;
  const std::size_t groupClips;   // planned together
  const std::size_t longestTask;  // clips
  Cancellation cancellation;

  std::mutex mutex;  // guards what follows, but for the pixels of clips being decoded
  std::condition_variable roomChanged;
  std::condition_variable batchReady;
  std::size_t nextClip = 0;                      // the first that is not planned
  std::deque<Task> tasks;                        // planned and not taken
  std::size_t firstPending = 0;                  // number of the first batch in `pending`
  std::deque<PendingBatch> pending;              // in order, without gaps
  std::vector<std::vector<std::uint8_t>> spare;  // memory of batches that the reader is done with
  std::exception_ptr failure;                    // what `next` has thrown, and throws from then on

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

void ClipLoader::recycle(ClipBatch&& batch) {
  state_->recycle(std::move(batch));
}

void ClipLoader::cancel() {
  state_->cancel();
}

}  // namespace c3d::video
