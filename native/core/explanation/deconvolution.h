#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"

namespace c3d {

/// What a ReLU lets through on the way back to the pixels.
enum class BackwardRelu {
  Deconvolution,  // what is above 0 of the signal (Zeiler and Fergus)
  Guided          // of that, what the ReLU let through on the way there (Springenberg et al., ICLR 2015)
};

/// What in clips a filter answers to. On the CPU; N clips.
struct Deconvolution {
  at::Tensor activations;  // float32 [N], the largest one of the filter in each clip
  at::Tensor places;  // int64 [N, 3], its frame, row and column in the layer's output; 0 of linear layers
  at::Tensor projections;  // float32 [N, 3, T, H, W], that activation projected back to the network's input
};

/// Deconvolution of one filter (Zeiler and Fergus, ECCV 2014, section 2.1): of the layer's output all is set
/// to 0 but the filter's largest activation, which goes back through ReLUs, transposed filters and, by the
/// switches of the way there, the pools.
///
/// `pixels`: uint8 [N, T, H, W, 3]; `places` as C3D::preprocess takes them. `filter`: a channel of a
/// convolution or pool, or a unit of a linear layer. Computes on the calling thread, so on a CUDA device call
/// it by computeOn. Throws Error(InvalidArgument) for a layer or filter that there is not and Error(Aborted)
/// when cancelled.
Deconvolution deconvolve(const C3D& network, const at::Tensor& pixels, std::span<const CropPlace> places,
                         const std::string& layer, std::int64_t filter, BackwardRelu rule,
                         const Cancellation& cancellation);

}  // namespace c3d
