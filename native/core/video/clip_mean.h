#pragma once

#include <cstdint>
#include <vector>

#include "core/video/clip.h"

namespace c3d::video {

/// The mean of clips, position by position.
class ClipMean {
 public:
  explicit ClipMean(const ClipLayout& layout);

  void add(const ClipBatch& batch);
  std::int64_t clips() const { return clips_; }
  /// Of every channel, in the layout's order. `add` came before with a clip.
  std::vector<double> channels() const;
  /// [3, frames, height, width]. `add` came before with a clip.
  std::vector<float> cube() const;

 private:
  std::vector<std::uint64_t> sums_;  // [frames, height, width, 3]
  std::int64_t clips_ = 0;
};

}  // namespace c3d::video
