#include "core/video/clip_reader.h"

#include <algorithm>
#include <utility>

namespace c3d::video {
namespace {

constexpr std::size_t kChannels = 3;

void copyMirrored(const std::uint8_t* row, std::size_t pixels, std::uint8_t* out) {
  const std::uint8_t* pixel = row + pixels * kChannels;
  for (std::size_t x = 0; x < pixels; ++x) {
    pixel -= kChannels;
    out[0] = pixel[0];
    out[1] = pixel[1];
    out[2] = pixel[2];
    out += kChannels;
  }
}

}  // namespace

ClipReader::ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout)
    : videos_(std::move(videos)),
      layout_(layout),
      places_(std::size_t(layout.frames)),
      frames_(std::size_t(layout.frames) * layout.frame.height * layout.frame.width * kChannels) {}

void ClipReader::read(const ClipSpec& clip, std::span<std::uint8_t> out, const Cancellation& cancellation) {
  choosePlaces(clip);
  source(clip.video).read(places_, frames_, cancellation);
  cut(clip, out);
}

FrameSource& ClipReader::source(std::int32_t video) {
  if (source_ == nullptr || openVideo_ != video) {
    source_.reset();  // before the next is opened: one thread holds one file
    const IndexedVideo& indexed = videos_->videos()[std::size_t(video)];
    source_ = videos_->media().open(indexed.path, indexed.index, layout_.frame);
    openVideo_ = video;
  }
  return *source_;
}

void ClipReader::choosePlaces(const ClipSpec& clip) {
  const std::int64_t last = videos_->videos()[std::size_t(clip.video)].index.frameCount - 1;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i] = std::min(clip.start + std::int64_t(i) * clip.stride, last);
  }
}

void ClipReader::cut(const ClipSpec& clip, std::span<std::uint8_t> out) const {
  const std::size_t sourceRow = std::size_t(layout_.frame.width) * kChannels;
  const std::size_t rowPixels = std::size_t(layout_.width);
  const std::size_t outRow = rowPixels * kChannels;
  std::uint8_t* target = out.data();
  for (int frame = 0; frame < layout_.frames; ++frame) {
    const std::size_t firstRow = std::size_t(frame) * layout_.frame.height + clip.cropY;
    const std::uint8_t* row = frames_.data() + firstRow * sourceRow + std::size_t(clip.cropX) * kChannels;
    for (int y = 0; y < layout_.height; ++y) {
      if (clip.flip) {
        copyMirrored(row, rowPixels, target);
      } else {
        std::copy_n(row, outRow, target);
      }
      row += sourceRow;
      target += outRow;
    }
  }
}

}  // namespace c3d::video
