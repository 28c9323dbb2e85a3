#pragma once

#include <cstdint>

#include "core/model/c3d.h"

namespace c3d {

enum class Initializer {
  /// The released solver's (c3d_train_ucf101/conv3d_ucf101_train.prototxt): convolutions N(0, 0.01), hidden
  /// linear
  /// layers N(0, 0.005), classifier N(0, 0.01); biases 1, but 0 for the first convolution and the classifier.
  Caffe,
  /// PyTorch's defaults: weights and biases uniform in +-1 / sqrt(fan in).
  PyTorch,
  /// He et al. (ICCV 2015): weights N(0, sqrt(1 / (fan in * m))), where m is the mean square of an input
  /// whose ReLU
  /// had inputs N(0, 1): 1/2 as in He et al., and more behind max pooling, which without this makes
  /// activations grow
  /// from pool to pool. The classifier N(0, 0.01), biases 0.
  Kaiming,
  /// Leaves everything as it is: all values are about to be loaded.
  None
};

/// Sets every parameter from a generator of its own; the same seed gives the same values. Batch norm starts
/// as the identity.
void initialize(C3D& model, Initializer initializer, std::uint64_t seed);

}  // namespace c3d
