#include "core/model/activations.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

namespace c3d {
namespace {

constexpr std::int64_t kFloat = 4;
constexpr std::int64_t kPlace = 8;  // of a maximum

std::int64_t bytesOf(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), kFloat, std::multiplies<>());
}

/// Follows the memory through a pass, layer by layer and back.
class Pass {
 public:
  void keep(std::int64_t bytes) {
    kept_ += bytes;
    peak_ = std::max(peak_, kept_);
  }
  /// Makes a gradient out of another; both are there meanwhile. Then what was kept for it goes.
  void goBack(std::int64_t from, std::int64_t to, std::int64_t freed) {
    peak_ = std::max(peak_, kept_ + from + to);
    kept_ -= freed;
  }
  std::int64_t peak() const { return peak_; }

 private:
  std::int64_t kept_ = 0;
  std::int64_t peak_ = 0;
};

struct Sizes {
  std::int64_t input, output;
};

void goForward(Pass& pass, const ConvLayer& layer, Sizes sizes) {
  pass.keep(layer.batchNorm ? 2 * sizes.output : sizes.output);
}

void goForward(Pass& pass, const PoolLayer&, Sizes sizes) {
  pass.keep(sizes.output + sizes.output / kFloat * kPlace);
}

void goForward(Pass& pass, const LinearLayer& layer, Sizes sizes) {
  pass.keep(layer.dropout > 0 ? 3 * sizes.output : sizes.output);
}

void goBack(Pass& pass, const ConvLayer& layer, Sizes sizes) {
  pass.goBack(sizes.output, sizes.output, sizes.output);  // ReLU
  if (layer.batchNorm) pass.goBack(sizes.output, sizes.output, sizes.output);
  pass.goBack(sizes.output, sizes.input, 0);
}

void goBack(Pass& pass, const PoolLayer&, Sizes sizes) {
  // Its output was kept for the layer behind it, whose gradients are made.
  pass.keep(-sizes.output);
  pass.goBack(sizes.output, sizes.input, sizes.output / kFloat * kPlace);
}

void goBack(Pass& pass, const LinearLayer& layer, Sizes sizes) {
  if (layer.dropout > 0) pass.goBack(sizes.output, sizes.output, 2 * sizes.output);
  pass.goBack(sizes.output, sizes.output, sizes.output);  // ReLU
  pass.goBack(sizes.output, sizes.input, 0);
}

}  // namespace

std::int64_t activationBytes(const Architecture& architecture, const ArchitectureSummary& summary) {
  const auto& layers = architecture.layers;
  const auto sizesOf = [&](std::size_t i) {
    return Sizes{bytesOf(summary.layers[i].input), bytesOf(summary.layers[i].output)};
  };
  Pass pass;
  pass.keep(sizesOf(0).input);
  for (std::size_t i = 0; i < layers.size(); ++i)
    std::visit([&](const auto& layer) { goForward(pass, layer, sizesOf(i)); }, layers[i]);
  for (auto i = layers.size(); i-- > 0;) {
    auto sizes = sizesOf(i);
    if (i == 0) sizes.input = 0;  // nobody asks for the gradient of the clip
    std::visit([&](const auto& layer) { goBack(pass, layer, sizes); }, layers[i]);
  }
  return pass.peak();
}

}  // namespace c3d
