#include "core/model/activations.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

namespace c3d {
namespace {

constexpr std::int64_t kFloat = 4;

std::int64_t bytesOf(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), kFloat, std::multiplies<>());
}

struct Sizes {
  std::int64_t input, output;

  std::int64_t outputElements() const { return output / kFloat; }
};

/// Follows the memory through a pass, layer by layer and back.
class Pass {
 public:
  /// Whether a pool follows the convolution with which the ReLU is computed.
  void forward(const ConvLayer& layer, Sizes sizes, bool pooled) {
    if (layer.batchNorm) keep(sizes.output);
    keep(sizes.output);
    if (pooled) passing_ = sizes.output;
  }

  void forward(const PoolLayer&, Sizes sizes, bool) {
    keep(sizes.output + sizes.outputElements());  // a byte for each place
    keep(-std::exchange(passing_, 0));
  }

  void forward(const LinearLayer& layer, Sizes sizes, bool) {
    keep(layer.dropout > 0 ? 3 * sizes.output : sizes.output);
  }

  void backward(const ConvLayer& layer, Sizes sizes, bool pooled) {
    if (!pooled) makeGradient(sizes.output, sizes.output, sizes.output);  // of the ReLU
    // LibTorch's batch norm makes another tensor of that size on its way.
    if (layer.batchNorm) makeGradient(sizes.output, 2 * sizes.output, sizes.output);
    makeGradient(sizes.output, sizes.input, 0);
  }

  void backward(const PoolLayer&, Sizes sizes, bool) {
    // Its output was kept for the layer behind it, whose gradients are made.
    keep(-sizes.output);
    makeGradient(sizes.output, sizes.input, sizes.outputElements());
  }

  void backward(const LinearLayer& layer, Sizes sizes, bool) {
    if (layer.dropout > 0) makeGradient(sizes.output, sizes.output, 2 * sizes.output);
    makeGradient(sizes.output, sizes.output, sizes.output);  // of the ReLU
    makeGradient(sizes.output, sizes.input, 0);
  }

  void keep(std::int64_t bytes) {
    kept_ += bytes;
    peak_ = std::max(peak_, kept_);
  }

  std::int64_t peak() const { return peak_; }

 private:
  /// Out of another one; both are there meanwhile. Then what was kept for it goes.
  void makeGradient(std::int64_t from, std::int64_t to, std::int64_t freed) {
    peak_ = std::max(peak_, kept_ + from + to);
    kept_ -= freed;
  }

  std::int64_t kept_ = 0;
  std::int64_t peak_ = 0;
  std::int64_t passing_ = 0;  // a convolution's output that goes when the pool behind it is computed
};

}  // namespace

std::int64_t activationBytes(const Architecture& architecture, const ArchitectureSummary& summary) {
  const auto& layers = architecture.layers;
  const auto sizesOf = [&](std::size_t i) {
    return Sizes{bytesOf(summary.layers[i].input), bytesOf(summary.layers[i].output)};
  };
  const auto poolFollows = [&](std::size_t i) {
    return i + 1 < layers.size() && std::holds_alternative<PoolLayer>(layers[i + 1]);
  };
  Pass pass;
  pass.keep(sizesOf(0).input);
  for (std::size_t i = 0; i < layers.size(); ++i)
    std::visit([&](const auto& layer) { pass.forward(layer, sizesOf(i), poolFollows(i)); }, layers[i]);
  for (auto i = layers.size(); i-- > 0;) {
    auto sizes = sizesOf(i);
    if (i == 0) sizes.input = 0;  // nobody asks for the gradient of the clip
    std::visit([&](const auto& layer) { pass.backward(layer, sizes, poolFollows(i)); }, layers[i]);
  }
  return pass.peak();
}

}  // namespace c3d
