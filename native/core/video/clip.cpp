#include "core/video/clip.h"

#include <algorithm>
#include <cmath>

#include "core/video/clip_places.h"

namespace c3d::video {

FrameFormat ClipLayout::frameOf(int videoWidth, int videoHeight) const {
  if (resize.shortSide == 0) return {resize.width, resize.height, order};
  const double factor = double(resize.shortSide) / std::min(videoWidth, videoHeight);
  const auto scaled = [&](int length) {
    return std::max(resize.shortSide, int(std::lround(length * factor)));
  };
  return {scaled(videoWidth), scaled(videoHeight), order};
}

std::int64_t ClipSpec::place(int i) const {
  const std::int64_t offset = placeInClip(i, step);
  const std::int64_t length = end - start;
  return start + (loop ? offset % length : std::min(offset, length - 1));
}

}  // namespace c3d::video
