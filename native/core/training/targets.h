#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/evaluation/scorer.h"
#include "core/training/loss.h"
#include "core/video/clip.h"

namespace c3d {

/// What the network should say about these clips of `data`, on the CPU: their class numbers, int64 [n], for
/// cross-entropy; 1 for each of their classes and 0 for all others, float32 [n, classes], for binary
/// cross-entropy.
at::Tensor targetsOf(LossType loss, const std::vector<video::ClipSpec>& clips, const ClipData& data,
                     std::int64_t classes);

/// How many clips are answered rightly: by their likeliest class, or, where they have any number of classes,
/// each by the part of the classes for which p > 0.5 says whether it is one of them (1 - Hamming loss).
double countRight(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace c3d
