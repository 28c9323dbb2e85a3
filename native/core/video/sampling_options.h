#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace c3d::video {

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

}  // namespace c3d::video
