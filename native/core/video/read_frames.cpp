#include "core/video/read_frames.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace c3d::video {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::InvalidArgument, reason);
}

const IndexedVideo& readableVideo(const VideoSet& videos, std::int64_t video) {
  if (video < 0 || video >= std::int64_t(videos.videos().size())) {
    refuse("There is no video " + std::to_string(video) + " in a set of " +
           std::to_string(videos.videos().size()) + ".");
  }
  const IndexedVideo& indexed = videos.videos()[std::size_t(video)];
  if (!indexed.problem.empty()) throw Error(ErrorCode::VideoUnreadable, indexed.problem);
  return indexed;
}

/// Before anything is decoded.
void requirePlaces(const IndexedVideo& video, std::span<const std::int64_t> places) {
  for (const std::int64_t place : places) {
    if (place >= 0 && place < video.index.frameCount) continue;
    refuse("There is no frame " + std::to_string(place) + " in \"" + video.path.string() + "\", which has " +
           std::to_string(video.index.frameCount) + " (0 to " + std::to_string(video.index.frameCount - 1) +
           ").");
  }
}

/// Positions in `places`, by rising place.
std::vector<std::size_t> readingOrder(std::span<const std::int64_t> places) {
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [places](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  return order;
}

}  // namespace

void readFrames(const VideoSet& videos, std::int64_t video, std::span<const std::int64_t> places,
                const FrameFormat& format, std::span<std::uint8_t> out, const Cancellation& cancellation) {
  const IndexedVideo& indexed = readableVideo(videos, video);
  requirePlaces(indexed, places);
  const std::size_t frameBytes = format.bytes();
  if (out.size() != places.size() * frameBytes) {
    refuse(std::to_string(places.size()) + " frames need " + std::to_string(places.size() * frameBytes) +
           " bytes, not " + std::to_string(out.size()) + ".");
  }
  const std::unique_ptr<FrameSource> source = videos.media().open(indexed.path, indexed.index, format);
  const auto frame = [&](std::size_t position) { return out.subspan(position * frameBytes, frameBytes); };
  const std::vector<std::size_t> order = readingOrder(places);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t position = order[i];
    if (i > 0 && places[position] == places[order[i - 1]]) {
      std::ranges::copy(frame(order[i - 1]), frame(position).begin());
    } else {
      source->read(places.subspan(position, 1), frame(position), cancellation);
    }
  }
}

}  // namespace c3d::video
