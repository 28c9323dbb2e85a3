#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/model/architecture.h"
#include "core/model/precision.h"
#include "core/model/prepared_weights.h"
#include "core/model/preprocessing.h"
#include "core/runtime/cancellation.h"
#include "core/runtime/fair_semaphore.h"

namespace c3d {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// How one forward pass is made.
struct ForwardOptions {
  bool training = false;                       // dropout on, batch norm by the batch's own statistics
  at::Generator dropoutGenerator;              // needed in training when a layer drops out
  const Cancellation* cancellation = nullptr;  // looked at between layers, forward and backward
  MixedPrecision precision;
  std::string until;  // the layer whose output is wanted, later ones are not computed; empty: the classifier
};

/// The network of Tran et al. (ICCV 2015, sections 3.1 to 3.3), or any other stack of the same layers.
///
/// State-dict keys are the layers' names: conv1a.weight [out, in, T, H, W], conv1a.bias, ..., fc8.weight
/// [classes, in]; batch norm adds conv1a_bn.weight, .bias, .running_mean and .running_var;
/// a mean cube adds mean_cube. Convolution
/// weights lie in memory as channels_last_3d, which is what oneDNN and cuDNN are fastest with.
///
/// Passes do not change the module but for gradients and running statistics, and keep no mode: one module
/// serves training and prediction in turn. Callers on several threads take a ComputeTurn of
/// `mutex` around a pass or an update.
class C3D {
 public:
  /// Allocates; the values are set by `initialize` or by loading. Throws Error(Architecture).
  C3D(Architecture architecture, std::int64_t classes, Preprocessing preprocessing, at::Device device);

  /// uint8 [N, T, H, W, 3] on any device -> float32 [N, 3, T, H, W], channels_last_3d, on the model's device.
  /// `places`: of the N clips; looked at only where a mean cube is taken off.
  at::Tensor preprocess(const at::Tensor& pixels, std::span<const CropPlace> places) const;

  /// float32 [N, 3, T, H, W] -> float32: logits [N, classes], or what the layer `options.until` gives: a
  /// convolution [N, C, T, H, W] and a linear layer [N, units] after ReLU, a pool [N, C, T, H, W]. Throws
  /// Error(InvalidArgument) on another shape or an unknown layer and Error(Aborted) when cancelled.
  at::Tensor forward(const at::Tensor& input, const ForwardOptions& options) const;

  /// Parameters and running statistics by key, in the order of the layers.
  const NamedTensors& stateDict() const { return stateDict_; }
  /// What is trained: the entries of the state dict that need gradients.
  NamedTensors parameters() const;

  const Architecture& architecture() const { return architecture_; }
  const ArchitectureSummary& summary() const { return summary_; }
  std::int64_t classes() const { return classes_; }
  const at::Device& device() const { return device_; }
  /// Of the state dict; what passes keep beside it (PreparedWeights) comes and goes with them.
  std::int64_t bytes() const;
  FairMutex& mutex() const { return mutex_; }

 private:
  struct Weights {
    at::Tensor weight, bias;
    mutable PreparedWeights prepared;  // whoever computes has the mutex
  };
  struct BatchNorm {
    at::Tensor weight, bias, runningMean, runningVariance;
  };
  struct Conv {
    ConvLayer layer;
    Weights weights;
    BatchNorm norm;
  };
  struct Pool {
    PoolLayer layer;
    std::vector<std::int64_t> output;  // of a clip, [C, T, H, W]
  };
  struct Linear {
    LinearLayer layer;
    Weights weights;
  };
  using Stage = std::variant<Conv, Pool, Linear>;

  Weights addWeights(const std::string& layer, const std::vector<std::int64_t>& shape);
  BatchNorm addBatchNorm(const std::string& layer, std::int64_t channels);
  at::Tensor addParameter(const std::string& key, at::Tensor values);
  at::Tensor addBuffer(const std::string& key, at::Tensor values);
  static at::Tensor linear(const at::Tensor& x, const Weights& weights, at::ScalarType type);
  /// A convolution with its ReLU, and with the pool behind it unless that is null.
  static at::Tensor apply(const Conv& stage, const Pool* pool, const at::Tensor& x,
                          const ForwardOptions& options);
  /// The same of one with batch norm, where canNormalizeAndRectify.
  static at::Tensor applyNormalized(const Conv& stage, const Pool* pool, const at::Tensor& x,
                                    const ForwardOptions& options);
  static at::Tensor normalize(const BatchNorm& norm, const at::Tensor& x, const ForwardOptions& options);
  static bool usesBatchStatistics(const BatchNorm& norm, const ForwardOptions& options);
  static at::Tensor apply(const Pool& stage, const at::Tensor& x, const ForwardOptions& options);
  static at::Tensor apply(const Linear& stage, const at::Tensor& x, const ForwardOptions& options);
  void requireInputShape(const at::Tensor& input) const;
  /// How many stages are computed up to the layer of this name.
  std::size_t stagesUntil(const std::string& layer) const;

  Architecture architecture_;
  ArchitectureSummary summary_;
  std::int64_t classes_;
  at::Device device_;
  Preprocessing preprocessing_;
  std::vector<Stage> stages_;
  Weights classifier_;
  NamedTensors stateDict_;
  mutable FairMutex mutex_;
};

}  // namespace c3d
