#pragma once

#include <cstdint>
#include <vector>

#include "core/video/clip.h"
#include "core/video/video_set.h"

namespace c3d::video {

struct LabelledVideo {
  std::int32_t video = 0;  // place in the VideoSet
  std::int64_t label = 0;
};

enum class SamplingMode {
  NonOverlapping,  // every clip of every video, one after the other (paper, section 3)
  Random,          // `clipsPerVideo` clips of every video, starts drawn uniformly
  Uniform          // `clipsPerVideo` clips of every video, evenly spread from the first to the last possible
                   // start; fewer where a video has fewer different ones
};

struct SamplingOptions {
  SamplingMode mode = SamplingMode::NonOverlapping;
  std::int64_t clipsPerVideo = 1;   // NonOverlapping ignores it
  std::int64_t temporalStride = 1;  // frames from one to the next
  bool randomCrop = false;          // else the centre: floor((resized - cropped) / 2)
  double flipProbability = 0;       // of mirroring a whole clip
  bool shuffle = false;
};

/// The clips of one epoch, video by video unless shuffled. Every random choice is drawn from a generator
/// seeded by (seed, epoch, place in `items`, clip), so that it does not depend on threads or on the order of
/// work.
///
/// A clip spans (frames - 1) * temporalStride + 1 frames of its video; non-overlapping ones start every
/// frames * temporalStride. A video shorter than a clip gives one clip at 0, whatever the mode; the remainder
/// behind the last whole clip of a longer video is left out. Uniform with one clip a video takes the middle
/// one. Throws Error(InvalidArgument) for options that make no sense and for an item whose video cannot be
/// read.
std::vector<ClipSpec> sampleClips(const VideoSet& videos, const std::vector<LabelledVideo>& items,
                                  const ClipLayout& layout, const SamplingOptions& options,
                                  std::uint64_t seed, std::uint64_t epoch);

}  // namespace c3d::video
