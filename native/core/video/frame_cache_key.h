#pragma once

#include <optional>

#include "core/video/frame_cache.h"
#include "core/video/frame_source.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// The key of a video's frames at one size. By contents: a file that moves keeps its entry, one that changes
/// gets a new one. Nothing for a frame folder that cannot be looked at.
std::optional<FrameCacheKey> frameCacheKeyOf(const IndexedVideo& video, const FrameFormat& format);

}  // namespace c3d::video
