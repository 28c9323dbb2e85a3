#pragma once

#include <memory>

#include "core/model/c3d.h"
#include "core/training/training_config.h"

namespace c3d {

/// LibTorch's SGD over a network's parameters.
class Sgd {
 public:
  Sgd(const NamedTensors& parameters, const OptimizerConfig& config);
  ~Sgd();
  Sgd(const Sgd&) = delete;
  Sgd& operator=(const Sgd&) = delete;

  void zeroGradients();
  /// Updates the parameters from their gradients.
  void step(double learningRate);

  /// The momentum buffers by parameter key, in the order of the parameters; empty before the first step and
  /// without momentum. They share their memory with the optimizer's.
  NamedTensors state() const;
  /// Goes on with copies of these buffers. Throws Error(Weights) where one is missing.
  void loadState(const NamedTensors& state);

 private:
  struct Implementation;  // LibTorch's optimizer headers are heavy
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace c3d
