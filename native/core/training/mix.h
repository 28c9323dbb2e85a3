#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace c3d {

/// Mixing the clips of a step with each other. Alphas are the parameters of Beta(alpha, alpha); 0: off.
struct MixConfig {
  double mixup = 0;              // Zhang et al., ICLR 2018
  double cutmix = 0;             // Yun et al., ICCV 2019
  double probability = 1;        // of mixing a step's clips at all
  double switchProbability = 0;  // of CutMix where both are on
};

/// A part of a clip's picture, the same in all of its frames.
struct CutBox {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// How the clips of one step are mixed: clip i with clip partners[i].
struct Mix {
  double share = 1;           // of a clip itself; 1 - share of its partner
  at::Tensor partners;        // int64 [n], a permutation, on the CPU
  std::optional<CutBox> box;  // that comes from the partner; none: all pixels are weighted means

  /// Float inputs [m, 3, T, H, W] mixed with those of their partners; changes neither.
  at::Tensor apply(const at::Tensor& input, const at::Tensor& partnerInput) const;
};

/// The mix of a step's clips, a pure function of (config, seed, step, clips, size): none where the draw says
/// so. As in both papers' code one share is drawn for all clips, and the box, whose area is 1 - share of the
/// picture, has a centre drawn uniformly and ends at the picture's edges; the share follows its true area.
///
/// @param step updates before this one
/// @param width, height of the network's input
std::optional<Mix> drawMix(const MixConfig& config, std::uint64_t seed, std::uint64_t step,
                           std::int64_t clips, std::int64_t width, std::int64_t height);

}  // namespace c3d
