#include "core/video/clip_stream.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/video/clip_cutter.h"
#include "core/video/clip_places.h"
#include "core/video/clip_sampler.h"

namespace c3d::video {
namespace {

/// The latest frames of a video, as far as clips still show them.
class RecentFrames {
 public:
  void begin(const FrameFormat& format) { bytes_ = format.bytes(); }

  void add(std::int64_t place, const FrameSink::Write& write) {
    std::vector<std::uint8_t> pixels;
    if (!spare_.empty()) {
      pixels = std::move(spare_.back());
      spare_.pop_back();
    }
    pixels.resize(bytes_);
    write(pixels);
    frames_.push_back({place, std::move(pixels)});
  }

  void dropBefore(std::int64_t place) {
    for (; !frames_.empty() && frames_.front().place < place; frames_.pop_front())
      spare_.push_back(std::move(frames_.front().pixels));
  }

  /// Of a frame that was added and not dropped.
  const std::uint8_t* find(std::int64_t place) const {
    const auto found =
        std::lower_bound(frames_.begin(), frames_.end(), place,
                         [](const Frame& frame, std::int64_t wanted) { return frame.place < wanted; });
    return found->pixels.data();
  }

 private:
  struct Frame {
    std::int64_t place = 0;
    std::vector<std::uint8_t> pixels;
  };

  std::size_t bytes_ = 0;
  std::deque<Frame> frames_;  // by place
  std::vector<std::vector<std::uint8_t>> spare_;
};

}  // namespace

/// The counting thread fills batches, which the reader takes.
class ClipStream::State final : public FrameSink {
 public:
  State(std::shared_ptr<const MediaLibrary> media, std::filesystem::path file, const ClipLayout& layout,
        const SamplingOptions& sampling, const ClipLoaderOptions& options)
      : media_(std::move(media)), layout_(layout), sampling_(sampling), options_(options) {
    video_.path = std::move(file);
    counting_ = std::jthread([this] { count(); });
  }

  ~State() override {
    cancel();
    counting_ = {};  // joins, while everything that it uses still exists
  }

  void cancel() {
    {
      // Under the lock, or a thread between its check and its wait would sleep through the notice.
      const std::lock_guard lock(mutex_);
      cancellation_.request();
      if (rest_) rest_->cancel();
    }
    changed_.notify_all();
  }

  std::optional<ClipBatch> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [this] { return failure_ || cancellation_.requested() || !ready_.empty() || counted_; });
    if (failure_) std::rethrow_exception(failure_);
    cancellation_.throwIfRequested();
    if (ready_.empty()) {
      lock.unlock();
      return nextOfRest();
    }
    ClipBatch batch = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return batch;
  }

  void recycle(ClipBatch&& batch) {
    const std::lock_guard lock(mutex_);
    if (rest_)
      rest_->recycle(std::move(batch));
    else
      spare_.push_back(std::move(batch.pixels));
  }

  std::size_t total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }

  double framesPerSecond() const {
    const std::lock_guard lock(mutex_);
    return video_.index.framesPerSecond;
  }

  // What the counting thread calls:

  FrameFormat begin(const FrameIndex& expected) override {
    const double step = frameStep(expected, sampling_);
    span_ = clipSpan(layout_.frames, step);
    advance_ = clipAdvance(layout_.frames, step, sampling_);
    shown_ = shownFrames(advance_, layout_.frames, step);
    frame_ = layout_.frameOf(expected.width, expected.height);
    frames_.begin(frame_);
    const std::lock_guard lock(mutex_);
    video_.index = expected;
    const std::size_t promised =
        std::size_t(std::max<std::int64_t>(expected.frameCount - span_, 0)) / std::size_t(advance_);
    total_ = (promised + 1) * sampleClip(video_, layout_, sampling_, 0).size();
    return frame_;
  }

  void take(std::int64_t place, const Write& write) override {
    const std::int64_t start = nextClip_ * advance_;
    if (place < start) return;  // between two clips
    if (shown_.empty() || shown_[std::size_t(place % advance_)]) frames_.add(place, write);
    if (place < start + span_ - 1) return;
    for (const ClipSpec& clip : sampleClip(video_, layout_, sampling_, nextClip_)) fill(clip);
    frames_.dropBefore(++nextClip_ * advance_);
  }

 private:
  void count() noexcept {
    try {
      IndexingOptions indexing;
      indexing.sink = this;
      const auto videos = VideoSet::index(media_, {video_.path}, indexing, cancellation_, {});
      const IndexedVideo& counted = videos->videos().front();
      if (!counted.problem.empty()) throw Error(ErrorCode::VideoUnreadable, counted.problem);
      finish(videos);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
    changed_.notify_all();
  }

  void fill(const ClipSpec& clip) {
    if (filling_.pixels.empty()) filling_.pixels = roomForBatch();
    const std::span<std::uint8_t> room =
        std::span(filling_.pixels).subspan(filling_.clips.size() * layout_.bytes(), layout_.bytes());
    cutClip(clip, layout_, frame_, [this](std::int64_t place) { return frames_.find(place); }, room);
    filling_.clips.push_back(clip);
    ++filled_;
    if (filling_.clips.size() == options_.batchSize) handOver();
  }

  std::vector<std::uint8_t> roomForBatch() {
    std::vector<std::uint8_t> room;
    {
      const std::lock_guard lock(mutex_);
      if (!spare_.empty()) {
        room = std::move(spare_.back());
        spare_.pop_back();
      }
    }
    room.resize(options_.batchSize * layout_.bytes());
    return room;
  }

  /// Waits while the reader is too far behind.
  void handOver() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] {
        return cancellation_.requested() || ready_.size() < std::max<std::size_t>(options_.prefetch, 1);
      });
      cancellation_.throwIfRequested();
      filling_.pixels.resize(filling_.clips.size() * layout_.bytes());
      ready_.push_back(std::exchange(filling_, {}));
    }
    changed_.notify_all();
  }

  /// Hands over the last batch; what could not be read on the way is left to a loader.
  void finish(const std::shared_ptr<const VideoSet>& videos) {
    const std::vector<ClipSpec> clips = sampleClips(*videos, {LabelledVideo{0, -1, 0, 0}}, layout_, sampling_,
                                                    /*seed=*/0, /*epoch=*/0);
    if (clips.empty()) throw Error(ErrorCode::EmptyDataset, "There is no clip to score.");
    if (!filling_.clips.empty()) handOver();
    const std::lock_guard lock(mutex_);
    video_.index = videos->videos().front().index;
    total_ = clips.size();
    const auto unread = clips.begin() + std::ptrdiff_t(std::min(filled_, clips.size()));
    if (unread != clips.end())
      rest_.emplace(videos, std::vector<ClipSpec>(unread, clips.end()), layout_, options_);
    if (cancellation_.requested() && rest_) rest_->cancel();
    counted_ = true;
  }

  std::optional<ClipBatch> nextOfRest() { return rest_ ? rest_->next() : std::nullopt; }

  const std::shared_ptr<const MediaLibrary> media_;
  const ClipLayout layout_;
  const SamplingOptions sampling_;
  const ClipLoaderOptions options_;
  Cancellation cancellation_;

  // Of the counting thread:
  std::int64_t span_ = 0;     // frames from the first to the last of a clip
  std::int64_t advance_ = 1;  // frames from one clip's start to the next one's
  std::vector<bool> shown_;   // of each `advance_` frames
  FrameFormat frame_;
  RecentFrames frames_;
  std::int64_t nextClip_ = 0;
  ClipBatch filling_;
  std::size_t filled_ = 0;  // clips

  mutable std::mutex mutex_;  // guards what follows; of `video_`, what others than the counting thread read
  std::condition_variable changed_;
  IndexedVideo video_;
  std::size_t total_ = 0;
  std::deque<ClipBatch> ready_;
  std::vector<std::vector<std::uint8_t>> spare_;  // memory of batches that the reader is done with
  std::optional<ClipLoader> rest_;                // made before `counted_`
  bool counted_ = false;
  std::exception_ptr failure_;

  std::jthread counting_;  // last: it uses all of the above
};

ClipStream::ClipStream(std::shared_ptr<const MediaLibrary> media, std::filesystem::path file,
                       const ClipLayout& layout, const SamplingOptions& sampling,
                       const ClipLoaderOptions& options)
    : state_(std::make_unique<State>(std::move(media), std::move(file), layout, sampling, options)) {}

ClipStream::~ClipStream() = default;

std::optional<ClipBatch> ClipStream::next() {
  return state_->next();
}

void ClipStream::recycle(ClipBatch&& batch) {
  state_->recycle(std::move(batch));
}

void ClipStream::cancel() {
  state_->cancel();
}

std::size_t ClipStream::total() const {
  return state_->total();
}

double ClipStream::framesPerSecond() const {
  return state_->framesPerSecond();
}

}  // namespace c3d::video
