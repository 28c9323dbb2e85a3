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

/// What a layer is computed together with.
struct Neighbours {
  bool pool;       // of a convolution: the one behind it
  bool batchNorm;  // of a pool: that of the convolution in front of it
};

/// Follows the memory through a pass, layer by layer and back.
class Pass {
 public:
  void forward(const ConvLayer& layer, Sizes sizes, Neighbours with) {
    keep(sizes.output);
    if (!with.pool && layer.batchNorm) keep(sizes.output);
    if (with.pool && !layer.batchNorm) passing_ = sizes.output;
  }

  void forward(const PoolLayer&, Sizes sizes, Neighbours) {
    keep(sizes.output + sizes.outputElements());  // a byte for each place
    keep(-std::exchange(passing_, 0));
  }

  void forward(const LinearLayer& layer, Sizes sizes, Neighbours) {
    keep(layer.dropout > 0 ? 3 * sizes.output : sizes.output);
  }

  void backward(const ConvLayer& layer, Sizes sizes, Neighbours with) {
    if (!with.pool && !layer.batchNorm)
      makeGradient(sizes.output, sizes.output, sizes.output);  // of the ReLU
    if (!with.pool && layer.batchNorm) {
      keep(-sizes.output);  // was kept for the layer behind it, whose gradients are made
      makeGradient(sizes.output, 0, 0);
    }
    if (layer.batchNorm) keep(-sizes.output);  // is the gradient now
    makeGradient(sizes.output, sizes.input, 0);
  }

  void backward(const PoolLayer&, Sizes sizes, Neighbours with) {
    // Its output was kept for the layer behind it, whose gradients are made.
    keep(-sizes.output);
    makeGradient(sizes.output, with.batchNorm ? 0 : sizes.input, sizes.outputElements());
  }

  void backward(const LinearLayer& layer, Sizes sizes, Neighbours) {
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
  const auto neighboursOf = [&](std::size_t i) {
    const auto* before = i > 0 ? std::get_if<ConvLayer>(&layers[i - 1]) : nullptr;
    return Neighbours{i + 1 < layers.size() && std::holds_alternative<PoolLayer>(layers[i + 1]),
                      before != nullptr && before->batchNorm};
  };
  Pass pass;
  pass.keep(sizesOf(0).input);
  for (std::size_t i = 0; i < layers.size(); ++i)
    std::visit([&](const auto& layer) { pass.forward(layer, sizesOf(i), neighboursOf(i)); }, layers[i]);
  for (auto i = layers.size(); i-- > 0;) {
    auto sizes = sizesOf(i);
    if (i == 0) sizes.input = 0;  // nobody asks for the gradient of the clip
    std::visit([&](const auto& layer) { pass.backward(layer, sizes, neighboursOf(i)); }, layers[i]);
  }
  return pass.peak();
}

}  // namespace c3d
