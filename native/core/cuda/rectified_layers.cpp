#include "core/cuda/rectified_layers.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/cuda/activation_source.h"
#include "core/cuda/program.h"

namespace c3d::cuda {
namespace {

constexpr int kThreads = 256;                  // of a block
constexpr std::int64_t kSumThreads = 1 << 17;  // fill any GPU, and leave little to add up
constexpr std::int64_t kMostBlocksY = 65535;
constexpr std::int64_t kMostBlocksX = 1 << 20;
constexpr std::int64_t kVectorBytes = 16;  // the widest load

struct Places {
  int frames, height, width;
};

Places placesOf(const std::array<std::int64_t, 3>& sizes) {
  return {static_cast<int>(sizes[0]), static_cast<int>(sizes[1]), static_cast<int>(sizes[2])};
}

int lanesOf(const at::Tensor& x) {
  const auto lanes = kVectorBytes / static_cast<std::int64_t>(x.element_size());
  return x.size(1) % lanes == 0 ? static_cast<int>(lanes) : 1;
}

std::vector<std::string> macrosOf(const at::Tensor& x) {
  const auto type = x.scalar_type();
  const auto* name = type == at::kFloat ? "FLOAT32" : type == at::kBFloat16 ? "BFLOAT16" : "FLOAT16";
  return {name, "LANES=" + std::to_string(lanesOf(x))};
}

std::vector<std::string> macrosOf(const at::Tensor& x, const PoolSize& size) {
  auto macros = macrosOf(x);
  const char* names[] = {"KT=", "KH=", "KW="};
  for (std::size_t i = 0; i < 3; ++i) macros.push_back(names[i] + std::to_string(size.kernel[i]));
  return macros;
}

std::int64_t blocksFor(std::int64_t threads) {
  return std::clamp<std::int64_t>((threads + kThreads - 1) / kThreads, 1, kMostBlocksX);
}

/// The places of an activation, in slices that a thread each adds up.
struct Slices {
  std::int64_t places;
  int channelVectors, count;

  explicit Slices(const at::Tensor& x)
      : places(x.numel() / x.size(1)),
        channelVectors(static_cast<int>(x.size(1) / lanesOf(x))),
        count(static_cast<int>(std::clamp<std::int64_t>(kSumThreads / channelVectors, 1, places))) {}

  at::Tensor emptySums(const at::Tensor& x) const {
    return at::empty({count, x.size(1)}, x.options().dtype(at::kFloat));
  }
  std::int64_t blocks() const { return blocksFor(std::int64_t{count} * channelVectors); }
};

}  // namespace

bool canRectify(const at::Tensor& x) {
  const auto type = x.scalar_type();
  return x.is_cuda() && (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) && x.numel() > 0 &&
         canCompile();
}

at::Tensor rectify(const at::Tensor& x, const at::Tensor& bias) {
  const c10::DeviceGuard device(x.device());
  auto output = at::empty_like(x);
  const void* input = x.const_data_ptr();
  const auto* biases = bias.const_data_ptr<float>();
  void* result = output.mutable_data_ptr();
  const auto lanes = lanesOf(x);
  auto vectors = x.numel() / lanes;
  auto channelVectors = static_cast<int>(x.size(1) / lanes);
  launch(kernel(kActivationSource, macrosOf(x), "rectify"), blocksFor(vectors), 1, kThreads,
         {&input, &biases, &result, &vectors, &channelVectors});
  return output;
}

RectifyGradients rectifyGradients(const at::Tensor& gradient, const at::Tensor& output) {
  const c10::DeviceGuard device(gradient.device());
  Slices slices(gradient);
  auto inputGradient = at::empty_like(gradient);
  auto sums = slices.emptySums(gradient);
  const void* from = gradient.const_data_ptr();
  const void* outputs = output.const_data_ptr();
  void* to = inputGradient.mutable_data_ptr();
  auto* partial = sums.mutable_data_ptr<float>();
  launch(kernel(kActivationSource, macrosOf(gradient), "rectifyGradient"), slices.blocks(), 1, kThreads,
         {&from, &outputs, &to, &partial, &slices.places, &slices.channelVectors, &slices.count});
  return {inputGradient, sums.sum(0)};
}

Pooled rectifyAndPool(const PoolSize& size, const at::Tensor& x, const at::Tensor& bias, bool keepWinners) {
  const c10::DeviceGuard device(x.device());
  auto pooled = emptyPooled(size, x, keepWinners);
  const void* input = x.const_data_ptr();
  const float* biases = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  void* output = pooled.output.mutable_data_ptr();
  void* winners = keepWinners ? pooled.winners.mutable_data_ptr() : nullptr;
  auto clips = static_cast<int>(size.clips);
  auto channelVectors = static_cast<int>(size.channels / lanesOf(x));
  auto in = placesOf(size.input), out = placesOf(size.output), padding = placesOf(size.padding);
  const auto vectors = pooled.output.numel() / size.clips / lanesOf(x);
  launch(kernel(kActivationSource, macrosOf(x, size), "rectifyAndPool"), blocksFor(vectors),
         std::min(size.clips, kMostBlocksY), kThreads,
         {&input, &biases, &output, &winners, &clips, &channelVectors, &in, &out, &padding});
  return pooled;
}

RectifyGradients rectifyAndPoolGradients(const PoolSize& size, const at::Tensor& gradient,
                                         const at::Tensor& winners, bool biasToo) {
  const c10::DeviceGuard device(gradient.device());
  RectifyGradients gradients{emptyActivations(gradient, size.input), {}};
  const auto macros = macrosOf(gradient, size);
  const void* from = gradient.const_data_ptr();
  const void* places = winners.const_data_ptr();
  void* to = gradients.input.mutable_data_ptr();
  auto clips = static_cast<int>(size.clips);
  auto channelVectors = static_cast<int>(size.channels / lanesOf(gradient));
  auto in = placesOf(size.input), out = placesOf(size.output), padding = placesOf(size.padding);
  const auto vectors = gradients.input.numel() / size.clips / lanesOf(gradient);
  launch(kernel(kActivationSource, macros, "poolGradient"), blocksFor(vectors),
         std::min(size.clips, kMostBlocksY), kThreads,
         {&from, &places, &to, &clips, &channelVectors, &in, &out, &padding});
  if (!biasToo) return gradients;
  Slices slices(gradient);
  auto sums = slices.emptySums(gradient);
  auto* partial = sums.mutable_data_ptr<float>();
  launch(kernel(kActivationSource, macros, "sumWinners"), slices.blocks(), 1, kThreads,
         {&from, &places, &partial, &slices.places, &slices.channelVectors, &slices.count});
  gradients.bias = sums.sum(0);
  return gradients;
}

}  // namespace c3d::cuda
