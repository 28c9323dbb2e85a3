#include "core/model/batch_statistics.h"

#include <ATen/ops/empty.h>

#include <cmath>

#include "core/kernels/channel_moments.h"
#include "core/model/architecture.h"
#include "core/model/stored_values.h"

namespace c3d {
namespace {

double inverseDeviation(double variance) {
  return 1 / std::sqrt(variance + kBatchNormEpsilon);
}

at::Tensor emptyStatistics(std::int64_t channels) {
  return at::empty({2, channels}, at::kDouble);
}

void takeInto(float& running, double value) {
  running = static_cast<float>(kBatchNormMomentum * value +
                               (1 - kBatchNormMomentum) * static_cast<double>(running));
}

}  // namespace

at::Tensor batchStatistics(const at::Tensor& x, const BatchNormTensors& norm) {
  const auto channels = x.size(1);
  const auto values = x.numel() / channels;
  const auto moments =
      forStored(x, [&]<typename Stored>() { return channelMoments(valuesOf<Stored>(x), values, channels); });
  auto statistics = emptyStatistics(channels);
  auto* mean = statistics.mutable_data_ptr<double>();
  auto* inverse = mean + channels;
  const auto* bias = norm.convolutionBias.const_data_ptr<float>();
  auto* runningMean = norm.runningMean.mutable_data_ptr<float>();
  auto* runningVariance = norm.runningVariance.mutable_data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto squares = moments.squares[static_cast<std::size_t>(c)];
    mean[c] = moments.mean[static_cast<std::size_t>(c)];
    inverse[c] = inverseDeviation(squares / static_cast<double>(values));
    takeInto(runningMean[c], mean[c] + static_cast<double>(bias[c]));
    takeInto(runningVariance[c], squares / static_cast<double>(values - 1));
  }
  return statistics;
}

at::Tensor runningStatistics(const BatchNormTensors& norm) {
  const auto channels = norm.weight.size(0);
  auto statistics = emptyStatistics(channels);
  auto* mean = statistics.mutable_data_ptr<double>();
  auto* inverse = mean + channels;
  const auto* bias = norm.convolutionBias.const_data_ptr<float>();
  const auto* runningMean = norm.runningMean.const_data_ptr<float>();
  const auto* runningVariance = norm.runningVariance.const_data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<double>(runningMean[c]) - static_cast<double>(bias[c]);
    inverse[c] = inverseDeviation(static_cast<double>(runningVariance[c]));
  }
  return statistics;
}

ChannelNormalization normalizationOf(const at::Tensor& statistics, const at::Tensor& weight,
                                     const at::Tensor& bias) {
  const auto channels = weight.size(0);
  const auto* mean = statistics.const_data_ptr<double>();
  const auto* inverse = mean + channels;
  const auto* weights = weight.const_data_ptr<float>();
  const auto* biases = bias.const_data_ptr<float>();
  ChannelNormalization normalization;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto rounded = static_cast<float>(mean[c]);
    const auto scale = static_cast<double>(weights[c]) * inverse[c];
    // What rounding takes off the mean is in the shift.
    const auto shift = static_cast<double>(biases[c]) + (static_cast<double>(rounded) - mean[c]) * scale;
    normalization.mean.push_back(rounded);
    normalization.scale.push_back(static_cast<float>(scale));
    normalization.shift.push_back(static_cast<float>(shift));
  }
  return normalization;
}

BatchNormGradients gradientsOf(const NormalizationSums& sums, const at::Tensor& statistics,
                               const at::Tensor& weight, std::int64_t values) {
  const auto channels = weight.size(0);
  const auto* mean = statistics.const_data_ptr<double>();
  const auto* inverse = mean + channels;
  const auto* weights = weight.const_data_ptr<float>();
  BatchNormGradients gradients{{},
                               at::empty({channels}, weight.options()),
                               at::empty({channels}, weight.options()),
                               at::empty({channels}, weight.options())};
  auto* ofConvolutionBias = gradients.convolutionBias.mutable_data_ptr<float>();
  auto* ofWeight = gradients.weight.mutable_data_ptr<float>();
  auto* ofBias = gradients.bias.mutable_data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto rounding = static_cast<double>(static_cast<float>(mean[c])) - mean[c];
    const auto sum = sums.gradients[static_cast<std::size_t>(c)];
    const auto product = sums.products[static_cast<std::size_t>(c)] + rounding * sum;
    const auto scale = static_cast<double>(weights[c]) * inverse[c];
    // Through the batch's statistics.
    const auto share = values > 0 ? -scale / static_cast<double>(values) : 0;
    const auto tilt = share * inverse[c] * inverse[c] * product;
    gradients.input.tilt.push_back(static_cast<float>(tilt));
    gradients.input.offset.push_back(static_cast<float>(share * sum + tilt * rounding));
    // The batch's mean takes a bias off again.
    ofConvolutionBias[c] = values > 0 ? 0 : static_cast<float>(scale * sum);
    ofWeight[c] = static_cast<float>(inverse[c] * product);
    ofBias[c] = static_cast<float>(sum);
  }
  return gradients;
}

}  // namespace c3d
