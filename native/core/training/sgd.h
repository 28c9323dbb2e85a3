#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/model/c3d.h"
#include "core/training/training_config.h"

namespace c3d {

/// Stochastic gradient descent with momentum m, weight decay d and learning rate r. With g' = g + d w:
///
///     PyTorch (torch.optim.SGD):           v = m v + g'      w -= r v     Nesterov: w -= r (g' + m v)
///     Caffe (src/caffe/solver.cpp):        v = m v + r g'    w -= v       Nesterov: w -= r g' + m v
///
/// The two agree while the rate is constant. When it falls, Caffe's buffer still holds steps of the old rate.
/// Rate and decay are multiplied by the factors that OptimizerConfig has for a layer and for a kind of
/// parameter. Updates are made in place; the only memory is v, as large as the parameters.
class Sgd {
 public:
  /// A layer of rate 0 is frozen: none of its parameters is kept here.
  Sgd(const NamedTensors& parameters, const OptimizerConfig& config);

  void zeroGradients();
  /// Of the trained parameters, which have none from then on.
  NamedTensors takeGradients();
  /// Updates the parameters from their gradients, which are scaled down first where their common norm is
  /// above the largest allowed, as by torch.nn.utils.clip_grad_norm_.
  void step(double learningRate);

  /// What is trained, in the order of the network.
  const NamedTensors& trained() const { return trained_; }
  /// What is not.
  const NamedTensors& frozen() const { return frozen_; }

  /// v of every trained parameter, by the parameter's key, in the order of the network. The tensors are the
  /// optimizer's own. Empty before the first step, and without momentum.
  NamedTensors state() const;
  /// Takes the values of what `state` gave. Throws Error(InvalidArgument) unless keys and shapes are those of
  /// the trained parameters, or there is nothing.
  void loadState(const NamedTensors& state);

 private:
  /// Parameters that are updated alike, so that each operation is one call for all of them.
  struct Group {
    double rate;   // factor of the learning rate
    double decay;  // weight decay
    std::vector<at::Tensor> parameters;
    std::vector<std::string> keys;
    std::vector<at::Tensor> velocities;  // empty: none yet
  };

  Group& groupOf(double rate, double decay);
  void limitGradients();
  void update(Group& group, double learningRate);
  void updateInOnePass(Group& group, double learningRate);

  OptimizerConfig config_;
  std::vector<Group> groups_;
  NamedTensors trained_;
  NamedTensors frozen_;
};

/// Computes no gradient for some parameters while it lives; batch norm among them keeps its statistics.
class FrozenParameters {
 public:
  explicit FrozenParameters(const NamedTensors& parameters);
  ~FrozenParameters();
  FrozenParameters(const FrozenParameters&) = delete;
  FrozenParameters& operator=(const FrozenParameters&) = delete;

 private:
  const NamedTensors& parameters_;
};

}  // namespace c3d
