#include "ffmpeg/video_source.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "ffmpeg/av_error.h"
#include "ffmpeg/frame_facts.h"
#include "ffmpeg/orientation.h"

namespace c3d::ffmpeg {
namespace {

constexpr std::int64_t kNoKeyFrame = -1;
/// So few frames are not worth the checks that leaving some out costs; nor is, without timestamps, the place
/// of a packet's frame known better.
constexpr std::int64_t kFewFrames = 5;

}  // namespace

VideoSource::VideoSource(std::filesystem::path file, video::FrameIndex index,
                         const video::FrameFormat& format)
    : file_(std::move(file)),
      index_(std::move(index)),
      frameBytes_(format.bytes()),
      converter_(format, file_),
      isTimed_(!index_.timestamps.empty()),
      seekable_(!index_.digests.empty()) {}

void VideoSource::read(std::span<const std::int64_t> places, std::span<std::uint8_t> out,
                       const Cancellation& cancellation) {
  try {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::span<std::uint8_t> target = out.subspan(i * frameBytes_, frameBytes_);
      if (i > 0 && places[i] == places[i - 1]) {
        std::copy_n(target.data() - frameBytes_, frameBytes_, target.data());
      } else {
        const AVFrame& frame = frameAt(places[i], cancellation);
        converter_.convert(frame, orientationOf(decoder_->stream(), frame), target);
      }
    }
  } catch (...) {
    close();  // where the decoder stands is no longer known
    throw;
  }
}

/// The frame at `place`, which lives until the next call.
const AVFrame& VideoSource::frameAt(std::int64_t place, const Cancellation& cancellation) {
  if (place < 0 || place >= index_.frameCount) {
    throw Error(ErrorCode::InvalidArgument, "There is no frame " + std::to_string(place) + " in \"" +
                                                file_.string() + "\", which has " +
                                                std::to_string(index_.frameCount) + ".");
  }
  if (const AVFrame* frame = tryFrameAt(place, cancellation)) return *frame;
  if (unproven_) {
    // A seek or a quick opening led astray. Decoding from the start of the file, opened as for its index,
    // cannot.
    seekable_ = false;
    close();
    if (const AVFrame* frame = tryFrameAt(place, cancellation)) return *frame;
  }
  unreadable(file_, "frame " + std::to_string(place) + " of " + std::to_string(index_.frameCount) +
                        " does not decode; has the file changed since its frames were counted?");
}

/// Nothing when the file ends before `place`, or when a short cut led astray.
const AVFrame* VideoSource::tryFrameAt(std::int64_t place, const Cancellation& cancellation) {
  if (!approach(place, cancellation)) return nullptr;
  leaveOutBefore(place);
  while (next_ <= place) {
    if (!advance(place, cancellation)) return nullptr;
  }
  if (next_ != place + 1) return nullptr;
  // Decoders mend silent damage with what older frames left behind, so that even the right frame may look
  // different.
  if (unproven_ && digestOf(*frame_) != index_.digests[std::size_t(place)]) return nullptr;
  return frame_;
}

/// Brings the decoder to where decoding on leads to `place` soonest. False when a seek led astray.
bool VideoSource::approach(std::int64_t place, const Cancellation& cancellation) {
  const std::int64_t key = seekable_ ? keyFrameBefore(place) : kNoKeyFrame;
  const std::int64_t earliest = frame_ != nullptr ? next_ - 1 : next_;
  if (decoder_ && place >= earliest && key <= next_) return true;
  if (!decoder_ || key == kNoKeyFrame) {
    open(cancellation);
    if (!isTimed_ && !decoder_->timeOf(0)) seekable_ = false;
    if (key <= 0 || !seekable_) return true;
  }
  return isTimed_ ? seek(key, place, cancellation) : seekByPixels(key, place, cancellation);
}

/// Seeks for the key frame at place `key` and reads it. Whether it is that one or an earlier one, its
/// timestamp tells. Frames without the key flag that come before it are the leading ones of an open GOP; they
/// show pictures that cannot be decoded from here.
bool VideoSource::seek(std::int64_t key, std::int64_t place, const Cancellation& cancellation) {
  unproven_ = true;
  isLost_ = false;
  frame_ = nullptr;
  if (!decoder_->seek(index_.timestamps[std::size_t(key)], cancellation)) return false;
  const AVFrame* frame = nullptr;
  do {
    frame = decoder_->next(cancellation);
    if (frame == nullptr || timestampOf(*frame) > index_.timestamps[std::size_t(place)]) return false;
  } while (!isKeyFrame(*frame));
  const std::optional<std::int64_t> landed = placeOf(timestampOf(*frame));
  if (!landed) return false;
  frame_ = frame;
  next_ = *landed + 1;
  return true;
}

/// The same for files without timestamps that tell. Where it landed, the pixels of the key frame tell; were
/// they those of another one too, those of the frame at `place` would show it.
bool VideoSource::seekByPixels(std::int64_t key, std::int64_t place, const Cancellation& cancellation) {
  unproven_ = true;
  isLost_ = false;
  frame_ = nullptr;
  if (!decoder_->seek(*decoder_->timeOf(key), cancellation)) return false;
  const AVFrame* frame = nullptr;
  do {
    frame = decoder_->next(cancellation);
    if (frame == nullptr) return false;
  } while (!isKeyFrame(*frame));
  const std::int64_t landed = keyFrameLike(digestOf(*frame), place);
  if (landed == kNoKeyFrame) return false;
  frame_ = frame;
  next_ = landed + 1;
  return true;
}

/// Spares the decoder frames on the way to `place` that nothing depends on.
void VideoSource::leaveOutBefore(std::int64_t place) {
  const std::int64_t between = place - next_ - kFewFrames;
  if (!seekable_ || between <= 0) return;
  unproven_ = true;
  if (isTimed_) {
    decoder_->wantFrom(index_.timestamps[std::size_t(place)]);
  } else {
    decoder_->leaveOut(between);
    isLost_ = true;
  }
}

/// Decodes one more frame on the way to `place`. False at the end, and where a short cut turns out to have
/// led astray.
bool VideoSource::advance(std::int64_t place, const Cancellation& cancellation) {
  frame_ = decoder_->next(cancellation);
  if (frame_ == nullptr) return false;
  const std::optional<std::int64_t> found = placeOfLatest(place);
  if (!found || *found < next_) return false;
  next_ = *found + 1;
  if (*found == place) isLost_ = false;
  return true;
}

/// Nothing when it is none of the frames from `next_` to `place`.
std::optional<std::int64_t> VideoSource::placeOfLatest(std::int64_t place) const {
  if (!unproven_) return next_;
  if (isTimed_) return placeOf(timestampOf(*frame_));
  if (!isLost_) return next_;
  const auto from = index_.digests.begin() + next_;
  const auto to = index_.digests.begin() + place + 1;
  const auto found = std::find(from, to, digestOf(*frame_));
  if (found == to) return std::nullopt;
  return found - index_.digests.begin();
}

void VideoSource::open(const Cancellation& cancellation) {
  close();
  const auto opening = seekable_ && isTimed_ ? VideoDecoder::Opening::Quick : VideoDecoder::Opening::Thorough;
  decoder_ = std::make_unique<VideoDecoder>(file_, opening, cancellation);
  unproven_ = decoder_->isQuick();
}

void VideoSource::close() {
  decoder_.reset();
  frame_ = nullptr;
  next_ = 0;
  unproven_ = false;
  isLost_ = false;
}

std::int64_t VideoSource::keyFrameBefore(std::int64_t place) const {
  const auto after = std::upper_bound(index_.keyFrames.begin(), index_.keyFrames.end(), place);
  return after == index_.keyFrames.begin() ? kNoKeyFrame : *std::prev(after);
}

/// The last key frame at or before `place` whose pixels have this digest.
std::int64_t VideoSource::keyFrameLike(std::uint64_t digest, std::int64_t place) const {
  auto key = std::upper_bound(index_.keyFrames.begin(), index_.keyFrames.end(), place);
  while (key != index_.keyFrames.begin()) {
    --key;
    if (index_.digests[std::size_t(*key)] == digest) return *key;
  }
  return kNoKeyFrame;
}

std::optional<std::int64_t> VideoSource::placeOf(std::int64_t timestamp) const {
  const auto& times = index_.timestamps;
  const auto found = std::lower_bound(times.begin(), times.end(), timestamp);
  if (found == times.end() || *found != timestamp) return std::nullopt;
  return found - times.begin();
}

}  // namespace c3d::ffmpeg
