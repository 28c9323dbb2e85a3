#pragma once

#include <cstdint>
#include <vector>

#include "core/video/clip.h"
#include "core/video/sampling_options.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// A video with its class, or a part of one.
struct LabelledVideo {
  std::int32_t video = 0;  // place in the VideoSet
  std::int64_t label = 0;
  std::int64_t start = 0;  // first frame
  std::int64_t end = 0;    // the frame behind the last one; 0: the video's end
};

/// The clips of one epoch, video by video unless shuffled. Every random choice is drawn from a generator
/// seeded by (seed, epoch, place in `items`, clip), so that it does not depend on threads or on the order of
/// work.
///
/// A clip spans (frames - 1) * step + 1 frames of its video, where step is the temporal stride times the
/// ratio of the frame rates; non-overlapping ones start every frames * step. The remainder behind the last
/// whole clip is left out. Uniform with one clip a video takes the middle one. Throws Error(InvalidArgument)
/// for options that make no sense, for an item whose video cannot be read or that lies outside of its video,
/// and for a short one where it is an error.
std::vector<ClipSpec> sampleClips(const VideoSet& videos, const std::vector<LabelledVideo>& items,
                                  const ClipLayout& layout, const SamplingOptions& options,
                                  std::uint64_t seed, std::uint64_t epoch);

/// One clip of a whole video, each window of it, NonOverlapping or Dense: the `number`th, from 0. As
/// sampleClips gives it (item 0, seed 0, epoch 0) where the video is long enough for it, but for `end`:
/// nothing is asked of the video's frame count, so that clips can be read before it is known.
std::vector<ClipSpec> sampleClip(const IndexedVideo& video, const ClipLayout& layout,
                                 const SamplingOptions& options, std::int64_t number);

}  // namespace c3d::video
