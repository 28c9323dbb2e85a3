#pragma once

#include <cstdint>

#include "core/model/architecture.h"

namespace c3d {

/// Bytes of activations at the peak of a forward and backward pass in float32, for one clip: the largest sum,
/// over all moments of the pass, of what autograd keeps for gradients that are still to come and of the
/// gradients that are being made. What it keeps, in the implementation of `C3D`, on the CPU and on CUDA:
///
/// - the network's input;
/// - of a convolution its ReLU's output, but nothing where a pool follows (reluAndPool); with batch norm,
///   also the convolution's output, which on the CPU its gradient is written over
///   (normalizeAndRelu). On CUDA, batch norm makes a gradient of that size beside it;
/// - of a pool its output and the place of each maximum, a byte;
/// - of a linear layer its ReLU's output; with dropout, also the mask and the product.
std::int64_t activationBytes(const Architecture& architecture, const ArchitectureSummary& summary);

}  // namespace c3d
