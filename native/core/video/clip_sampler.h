#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/video/clip.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// A video with its class, or a part of one.
struct LabelledVideo {
  std::int32_t video = 0;  // place in the VideoSet
  std::int64_t label = 0;
  std::int64_t start = 0;  // first frame
  std::int64_t end = 0;    // the frame behind the last one; 0: the video's end
};

enum class SamplingMode {
  NonOverlapping,  // every clip of every video, one after the other (paper, section 3)
  Dense,           // a clip every `clipStride` frames
  Random,          // `clipsPerVideo` clips of every video, starts drawn uniformly
  Uniform          // `clipsPerVideo` clips of every video, evenly spread from the first to the last possible
                   // start; fewer where a video has fewer different ones
};

/// What becomes of a video that is shorter than a clip.
enum class ShortVideos {
  RepeatLast,  // its last frame fills the clip up
  Loop,        // it begins again
  Skip,        // it gives no clip
  Error        // Error(InvalidArgument)
};

enum class CropMode {
  Center,
  Random,      // one window a clip, anywhere
  MultiScale,  // its sides drawn from `cropScales` of the frame's shorter side, at most one step apart
               // (Wang et al., Temporal Segment Networks, ECCV 2016, section 3.2)
  Three,       // three windows a clip: both ends and the middle of the longer side
  Ten          // ten windows a clip: the corners and the centre, each mirrored too
};

/// The largest changes drawn; 0 is none. Factors are uniform in [max(0, 1 - x), 1 + x], hue in [-x, x].
struct ColourJitter {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;
};

struct SamplingOptions {
  SamplingMode mode = SamplingMode::NonOverlapping;
  std::int64_t clipsPerVideo = 1;   // Random and Uniform
  std::int64_t clipStride = 1;      // Dense; frames of the video
  std::int64_t temporalStride = 1;  // frames from one to the next
  double framesPerSecond = 0;  // > 0: frames are taken as from a video of this rate, where the own is known
  ShortVideos shortVideos = ShortVideos::RepeatLast;
  CropMode crop = CropMode::Center;
  std::vector<double> cropScales;  // MultiScale
  double smallestScale = 1;        // Center and Random: the frame is enlarged by a factor drawn from
  double largestScale = 1;         // smallestScale .. largestScale
  double flipProbability = 0;      // of mirroring a whole clip
  ColourJitter colour;
  bool balanceClasses = false;  // every class as often; the epoch keeps its number of videos
  bool shuffle = false;
  std::size_t shuffleBlock = 0;  // with shuffle, > 0: clips of a video stay within about so many clips of
                                 // each other, so that a loader opens a video once for them; 0: anywhere
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

}  // namespace c3d::video
