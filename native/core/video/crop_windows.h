#pragma once

#include <vector>

#include "core/video/clip.h"
#include "core/video/clip_sampler.h"
#include "core/video/random_stream.h"

namespace c3d::video {

struct CropWindow {
  Window window;
  bool flip = false;
};

/// The windows that `options.crop` takes of a clip whose resized frames are of size `frame`. `layout` fits
/// the frame.
std::vector<CropWindow> cropWindows(const FrameFormat& frame, const ClipLayout& layout,
                                    const SamplingOptions& options, RandomStream& random);

}  // namespace c3d::video
