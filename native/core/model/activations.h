#pragma once

#include <cstdint>

#include "core/model/architecture.h"

namespace c3d {

/// Whether the ReLU and the pool behind a convolution are computed in one pass: reluAndPool.
enum class Pooling { Fused, Separate };

/// Bytes of activations at the peak of a forward and backward pass in float32, for one clip: the largest sum,
/// over all moments of the pass, of what autograd keeps for gradients that are still to come and of the
/// gradients that are being made. What it keeps, in the implementation of `C3D`:
///
/// - the network's input;
/// - of a convolution its ReLU's output, which shares its memory with what the ReLU was computed from, but
///   nothing where a fused pool follows; with batch norm, also the convolution's output;
/// - of a pool its output and the place of each maximum: an int64, fused a byte;
/// - of a linear layer its ReLU's output; with dropout, also the mask and the product.
std::int64_t activationBytes(const Architecture& architecture, const ArchitectureSummary& summary,
                             Pooling pooling);

}  // namespace c3d
