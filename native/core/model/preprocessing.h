#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <span>

namespace c3d {

/// Pixels to network input: (value - mean) * scale.
struct Preprocessing {
  std::array<double, 3> mean{};  // 0 to 255, one a channel, in the order of the pixels
  double scale = 1;
  /// Used instead of `mean` where it is defined: float32 [3, frames, height, width] of whole resized frames,
  /// of which each clip is lowered by the part that it shows (C3D-v1.0's mean_file).
  at::Tensor meanCube;
};

/// Where a clip was cut from the resized frames.
struct CropPlace {
  int x = 0;
  int y = 0;
  bool flip = false;  // mirrored left to right after it was cut
};

/// uint8 [N, T, H, W, 3] on the device of the mean cube, if there is one -> float32 [N, 3, T, H, W],
/// channels_last_3d. `places` has one entry a clip, or is empty where there is no cube. Throws
/// Error(InvalidArgument) for clips that do not fit the cube.
at::Tensor toInput(const at::Tensor& pixels, const Preprocessing& preprocessing,
                   std::span<const CropPlace> places);

}  // namespace c3d
