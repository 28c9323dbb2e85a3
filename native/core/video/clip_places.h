#pragma once

#include <cstdint>
#include <vector>

#include "core/video/frame_source.h"
#include "core/video/sampling_options.h"

namespace c3d::video {

/// Where the clips of a video lie, in frames.

/// From one frame of a clip to the next: the temporal stride times the ratio of the frame rates.
double frameStep(const FrameIndex& index, const SamplingOptions& options);

/// From a clip's first frame to its frame `i`.
std::int64_t placeInClip(int i, double step);

/// Frames from the first to the last one of a clip, both included.
std::int64_t clipSpan(int frames, double step);

/// From one clip's start to the next one's, NonOverlapping or Dense.
std::int64_t clipAdvance(int frames, double step, const SamplingOptions& options);

/// Longer tables of frames are not made, whatever a header or a setting promises.
inline constexpr std::int64_t kLongestTable = 10'000'000;

/// Which frames are shown where clips start every `stride` frames: of each `stride` frames, whether a clip
/// shows the first, the second, … Empty where that would be too long.
std::vector<bool> shownFrames(std::int64_t stride, int frames, double step);

/// Start of one of `count` clips that are spread evenly over the starts 0 to `lastStart`.
std::int64_t evenStart(std::int64_t clip, std::int64_t count, std::int64_t lastStart);

}  // namespace c3d::video
