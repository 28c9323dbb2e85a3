#pragma once

#include <optional>

namespace c3d {

/// How CUDA devices compute, in the whole process.
struct CudaSwitches {
  /// Whether the factors of float32 products may be rounded to TF32's 10 bits.
  std::optional<bool> tf32;
  /// Whether cuDNN takes only algorithms that give the same bits in every run.
  std::optional<bool> deterministic;
  /// Whether cuDNN tries its algorithms at the first pass of each shape, of which a network has few: its
  /// guesses are poor for 3D convolutions. Off wherever `deterministic` is on, since what is fastest in one
  /// run may not be in the next.
  std::optional<bool> cudnnBenchmark;
};

/// Those that are left out stay as they are. What cuDNN has chosen for a shape already, it may keep.
void setCudaSwitches(const CudaSwitches& chosen);

/// The same, but only of those that nobody has set yet.
void setDefaultCudaSwitches(const CudaSwitches& defaults);

}  // namespace c3d
