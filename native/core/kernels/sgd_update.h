#pragma once

#include <cstdint>
#include <vector>

namespace c3d {

/// One step of Sgd for parameters that are updated alike; see training/sgd.h for the formulas.
struct SgdRule {
  bool caffe;  // the learning rate inside the momentum buffer
  bool nesterov;
  float rate;
  float decay;
  float momentum;  // 0: there are no velocities
};

/// Memory of a parameter, all in the same order of elements.
struct SgdValues {
  float* parameter;
  const float* gradient;
  float* velocity;  // null without momentum
  std::int64_t count;
};

/// Reads and writes each value once.
void updateBySgd(const SgdRule& rule, const std::vector<SgdValues>& parameters);

}  // namespace c3d
