#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"

namespace c3d {

/// Where in clips a network looks for a class. On the CPU; N clips.
struct GradCam {
  at::Tensor logits;  // float32 [N, classes]
  at::Tensor labels;  // int64 [N], the class that was looked for
  at::Tensor maps;    // float32 [N, t, h, w], at the layer's own resolution; not negative
  at::Tensor heat;    // the same in the clips' resolution, [N, T, H, W], by trilinear interpolation
};

/// Gradient-weighted class activation maps (Selvaraju et al., ICCV 2017, equations 1 and 2) over time and
/// space: each channel of the layer's output counts as the mean of the logit's gradient over it, and the ReLU
/// of the weighted sum of the channels is the map.
///
/// `pixels`: uint8 [N, T, H, W, 3]; `places` as C3D::preprocess takes them. `layer`: a convolution or a pool.
/// `label`: a class number; negative: each clip's likeliest one. Computes on the calling thread, so on a CUDA
/// device call it by computeOn. Throws Error(InvalidArgument) for a layer or class that there is not and
/// Error(Aborted) when cancelled.
GradCam gradCam(const C3D& network, const at::Tensor& pixels, std::span<const CropPlace> places,
                const std::string& layer, std::int64_t label, const Cancellation& cancellation);

}  // namespace c3d
