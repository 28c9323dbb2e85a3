#include "core/training/mix.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/video/random_stream.h"

namespace c3d {
namespace {

using video::RandomStream;

/// First key of the random streams, other than those of the clip sampler.
constexpr std::uint64_t kMix = 100;

/// Above 0, so that it has a logarithm.
double positiveFraction(RandomStream& random) {
  return 1 - random.between(0, 1);
}

/// Box and Muller.
double normal(RandomStream& random) {
  const auto radius = std::sqrt(-2 * std::log(positiveFraction(random)));
  return radius * std::cos(2 * std::numbers::pi * random.between(0, 1));
}

/// The logarithm of a number of Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma
/// variables", 2000. A logarithm, since for small shapes the number itself is often too small for a double.
double logGamma(double shape, RandomStream& random) {
  if (shape < 1) {
    const auto boost = std::log(positiveFraction(random)) / shape;
    return logGamma(shape + 1, random) + boost;
  }
  const auto d = shape - 1.0 / 3;
  const auto c = 1 / std::sqrt(9 * d);
  for (;;) {
    const auto x = normal(random);
    const auto root = 1 + c * x;
    if (root <= 0) continue;
    const auto v = root * root * root;
    if (std::log(positiveFraction(random)) < x * x / 2 + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

/// Beta(alpha, alpha), as a / (a + b) of two gammas.
double symmetricBeta(double alpha, RandomStream& random) {
  const auto a = logGamma(alpha, random);
  const auto b = logGamma(alpha, random);
  return 1 / (1 + std::exp(b - a));
}

at::Tensor permutation(std::int64_t count, RandomStream& random) {
  auto places = at::empty({count}, at::kLong);
  auto* values = places.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) values[i] = i;
  for (auto left = count; left > 1; --left)
    std::swap(values[left - 1], values[random.below(static_cast<std::uint64_t>(left))]);
  return places;
}

CutBox drawBox(double share, std::int64_t width, std::int64_t height, RandomStream& random) {
  const auto ratio = std::sqrt(1 - share);
  const auto side = [&](std::int64_t whole) {
    const auto half = static_cast<std::int64_t>(static_cast<double>(whole) * ratio) / 2;
    const auto centre = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(whole)));
    const auto first = std::max<std::int64_t>(centre - half, 0);
    return std::pair{first, std::min(centre + half, whole) - first};
  };
  const auto [x, boxWidth] = side(width);
  const auto [y, boxHeight] = side(height);
  return {x, y, boxWidth, boxHeight};
}

}  // namespace

std::optional<Mix> drawMix(const MixConfig& config, std::uint64_t seed, std::uint64_t step,
                           std::int64_t clips, std::int64_t width, std::int64_t height) {
  if (config.mixup == 0 && config.cutmix == 0) return std::nullopt;
  RandomStream random{kMix, seed, step};
  if (!random.chance(config.probability)) return std::nullopt;
  const auto bothAreOn = config.mixup > 0 && config.cutmix > 0;
  const auto cuts = bothAreOn ? random.chance(config.switchProbability) : config.cutmix > 0;
  Mix mix;
  mix.share = symmetricBeta(cuts ? config.cutmix : config.mixup, random);
  mix.partners = permutation(clips, random);
  if (!cuts) return mix;
  mix.box = drawBox(mix.share, width, height, random);
  mix.share = 1 - static_cast<double>(mix.box->width * mix.box->height) / static_cast<double>(width * height);
  return mix;
}

at::Tensor Mix::apply(const at::Tensor& input, const at::Tensor& partnerInput) const {
  if (!box) return input.mul(share).add_(partnerInput, 1 - share);
  const auto cut = [this](const at::Tensor& whole) {
    return whole.narrow(3, box->y, box->height).narrow(4, box->x, box->width);
  };
  auto pasted = input.clone();
  cut(pasted).copy_(cut(partnerInput));
  return pasted;
}

}  // namespace c3d
