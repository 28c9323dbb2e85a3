#include "core/video/crop_windows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace c3d::video {
namespace {

Window centred(const FrameFormat& frame, int width, int height) {
  return {(frame.width - width) / 2, (frame.height - height) / 2, width, height};
}

Window anywhere(const FrameFormat& frame, int width, int height, RandomStream& random) {
  const auto offset = [&](int slack) { return int(random.below(std::uint64_t(slack) + 1)); };
  const int x = offset(frame.width - width);
  const int y = offset(frame.height - height);
  return {x, y, width, height};
}

/// The layout's size in a frame enlarged by a drawn factor, which is a smaller window of the frame as it is.
Window scaled(const FrameFormat& frame, const ClipLayout& layout, const SamplingOptions& options,
              RandomStream& random) {
  double factor = options.smallestScale;
  if (options.largestScale > options.smallestScale)
    factor = random.between(options.smallestScale, options.largestScale);
  const auto side = [&](int length, int limit) {
    return std::clamp(int(std::lround(length / factor)), 1, limit);
  };
  return {0, 0, side(layout.width, frame.width), side(layout.height, frame.height)};
}

Window multiScale(const FrameFormat& frame, const SamplingOptions& options, RandomStream& random) {
  const int scales = int(options.cropScales.size());
  const int across = int(random.below(std::uint64_t(scales)));
  // One of the neighbours, so that the picture is not stretched much.
  const int lowest = std::max(across - 1, 0);
  const int highest = std::min(across + 1, scales - 1);
  const int down = lowest + int(random.below(std::uint64_t(highest - lowest) + 1));
  const int shorter = std::min(frame.width, frame.height);
  const auto side = [&](int i) {
    return std::max(int(std::lround(shorter * options.cropScales[std::size_t(i)])), 1);
  };
  return anywhere(frame, side(across), side(down), random);
}

std::vector<CropWindow> three(const FrameFormat& frame, const ClipLayout& layout) {
  const Window middle = centred(frame, layout.width, layout.height);
  Window first = middle;
  Window last = middle;
  if (frame.width - layout.width >= frame.height - layout.height) {
    first.x = 0;
    last.x = frame.width - layout.width;
  } else {
    first.y = 0;
    last.y = frame.height - layout.height;
  }
  return {{first, false}, {middle, false}, {last, false}};
}

std::vector<CropWindow> ten(const FrameFormat& frame, const ClipLayout& layout) {
  const int right = frame.width - layout.width;
  const int bottom = frame.height - layout.height;
  std::vector<CropWindow> windows;
  for (const bool flip : {false, true}) {
    for (const int y : {0, bottom})
      for (const int x : {0, right}) windows.push_back({{x, y, layout.width, layout.height}, flip});
    windows.push_back({centred(frame, layout.width, layout.height), flip});
  }
  return windows;
}

}  // namespace

std::vector<CropWindow> cropWindows(const FrameFormat& frame, const ClipLayout& layout,
                                    const SamplingOptions& options, RandomStream& random) {
  switch (options.crop) {
    case CropMode::Center: {
      const Window size = scaled(frame, layout, options, random);
      return {{centred(frame, size.width, size.height), false}};
    }
    case CropMode::Random: {
      const Window size = scaled(frame, layout, options, random);
      return {{anywhere(frame, size.width, size.height, random), false}};
    }
    case CropMode::MultiScale:
      return {{multiScale(frame, options, random), false}};
    case CropMode::Three:
      return three(frame, layout);
    case CropMode::Ten:
      break;
  }
  return ten(frame, layout);
}

}  // namespace c3d::video
