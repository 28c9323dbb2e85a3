// Winograd's convolutions against plain sums in float64, by themselves: without LibTorch and on one thread,
// so that they compile in a moment, under sanitizers. The code for vectors of 16 floats is compiled for AVX2
// here, which makes two instructions of each, so that it is tried on processors without AVX-512. Prints a
// line of JSON for each check.

#include "core/kernels/winograd/avx2.cpp"

#undef C3D_ISA
#undef C3D_LANES
#undef C3D_VECTORS
#define C3D_ISA wide
#define C3D_LANES 16
#define C3D_VECTORS 24
C3D_BEGIN_TARGET("avx2,fma")
#include "core/kernels/winograd/code.h"
C3D_END_TARGET

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

namespace c3d {

void parallelFor(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
  for (std::int64_t i = 0; i < tasks; ++i) task(i);
}

std::int64_t computingThreads() {
  return 3;
}

Scratch::Scratch(std::int64_t floats) {
  // What is read before it is written shows as NaN.
  const auto room = std::make_shared<std::vector<float>>(static_cast<std::size_t>(floats),
                                                         std::numeric_limits<float>::quiet_NaN());
  data_ = room->data();
  memory_ = room;
}

namespace {

template <typename Stored>
using Values = std::vector<Stored>;

Values<double> zeros(std::int64_t count) {
  return Values<double>(static_cast<std::size_t>(count));
}

void put(float value, float& stored) {
  stored = value;
}
void put(float value, BFloat16& stored) {
  stored.bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}

template <typename Stored>
Values<Stored> draw(std::int64_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Values<Stored> values(static_cast<std::size_t>(count));
  for (auto& value : values) put(normal(random), value);
  return values;
}

template <typename Stored>
Values<double> widened(const Values<Stored>& values) {
  Values<double> wide;
  for (const auto value : values) wide.push_back(static_cast<double>(toFloat(value)));
  return wide;
}

/// Calls visit(output position, tap, input position) for all that a convolution multiplies.
template <typename Visit>
void forTaps(const ConvolutionSize& size, const Visit& visit) {
  const auto [kT, kH, kW] = size.kernel;
  for (std::int64_t n = 0; n < size.clips; ++n)
    for (std::int64_t t = 0; t < size.frames; ++t)
      for (std::int64_t h = 0; h < size.height; ++h)
        for (std::int64_t w = 0; w < size.width; ++w)
          for (std::int64_t tap = 0; tap < size.taps(); ++tap) {
            const auto inT = t + tap / (kH * kW) - kT / 2;
            const auto inH = h + tap / kW % kH - kH / 2;
            const auto inW = w + tap % kW - kW / 2;
            if (inT < 0 || inT >= size.frames || inH < 0 || inH >= size.height || inW < 0 ||
                inW >= size.width)
              continue;
            visit(((n * size.frames + t) * size.height + h) * size.width + w, tap,
                  ((n * size.frames + inT) * size.height + inH) * size.width + inW);
          }
}

struct Results {
  Values<double> output, inputGradient, weightGradient;
};

/// Input, output's gradient, weights and bias.
struct Operands {
  Values<double> input, gradient, weights, bias;
};

Results plainSums(const ConvolutionSize& size, const Operands& operands) {
  const auto in = size.inChannels;
  const auto out = size.outChannels;
  const auto& [input, gradient, weights, bias] = operands;
  Results results{zeros(std::ssize(gradient)), zeros(std::ssize(input)), zeros(std::ssize(weights))};
  for (std::size_t i = 0; i < results.output.size(); ++i) results.output[i] = bias[i % bias.size()];
  forTaps(size, [&](std::int64_t to, std::int64_t tap, std::int64_t from) {
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t i = 0; i < in; ++i) {
        const auto at = static_cast<std::size_t>((o * size.taps() + tap) * in + i);
        const auto x = static_cast<std::size_t>(from * in + i);
        const auto y = static_cast<std::size_t>(to * out + o);
        results.output[y] += weights[at] * input[x];
        results.inputGradient[x] += weights[at] * gradient[y];
        results.weightGradient[at] += input[x] * gradient[y];
      }
  });
  return results;
}

/// The norm of the difference as a part of the norm of what is expected.
template <typename Stored>
double relativeError(const Values<Stored>& actual, const Values<double>& expected) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(toFloat(actual[i])) - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

template <typename Stored>
class Check {
 public:
  Check(const winograd::Code& code, const ConvolutionSize& size)
      : code_(code),
        size_(size),
        positions_(size.clips * size.frames * size.height * size.width),
        input_(draw<Stored>(positions_ * size.inChannels, random_)),
        gradient_(draw<Stored>(positions_ * size.outChannels, random_)),
        weights_(draw<float>(size.outChannels * size.taps() * size.inChannels, random_)),
        bias_(draw<float>(size.outChannels, random_)) {}

  void printErrors(int lanes, const char* stored) {
    const auto expected =
        plainSums(size_, {widened(input_), widened(gradient_), widened(weights_), widened(bias_)});
    const auto& kernels = code_.forStored<Stored>();
    Values<Stored> inputGradient(input_.size());
    kernels.inputGradient(size_, gradient_.data(), weights_.data(), inputGradient.data());
    Values<float> weightGradient(weights_.size());
    kernels.weightGradient(size_, input_.data(), gradient_.data(), weightGradient.data());
    const auto outputError = relativeError(compute(), expected.output);
    const auto [kT, kH, kW] = size_.kernel;
    std::printf(R"({"lanes":%d,"stored":"%s","shape":"%dx%d -> %d, %dx%dx%d, kernel %dx%dx%d",)", lanes,
                stored, static_cast<int>(size_.clips), static_cast<int>(size_.inChannels),
                static_cast<int>(size_.outChannels), static_cast<int>(size_.frames),
                static_cast<int>(size_.height), static_cast<int>(size_.width), static_cast<int>(kT),
                static_cast<int>(kH), static_cast<int>(kW));
    std::printf(R"("output":%g,"inputGradient":%g,"weightGradient":%g,"nanStays":%s})"
                "\n",
                outputError, relativeError(inputGradient, expected.inputGradient),
                relativeError(weightGradient, expected.weightGradient), nanStays() ? "true" : "false");
  }

 private:
  Values<Stored> compute() const {
    Values<float> points(static_cast<std::size_t>(code_.weightPoints(size_)));
    code_.transformWeights(size_, weights_.data(), points.data());
    Values<Stored> output(gradient_.size());
    code_.forStored<Stored>().convolution(size_, input_.data(), points.data(), bias_.data(), output.data());
    return output;
  }

  /// Whether an input that is no number, with any bits, shows in the output at its place.
  bool nanStays() {
    for (const std::uint32_t bits : {0x7FC00000U, 0x7FFF0000U, 0xFFFF0000U, 0x7F810000U}) {
      put(std::bit_cast<float>(bits), input_[0]);
      if (!std::isnan(toFloat(compute()[0]))) return false;
    }
    return true;
  }

  const winograd::Code& code_;
  const ConvolutionSize& size_;
  std::int64_t positions_;
  std::mt19937 random_{1};
  Values<Stored> input_, gradient_;
  Values<float> weights_, bias_;
};

}  // namespace
}  // namespace c3d

int main() {
  using namespace c3d;
  if (!hasAvx2()) return 0;
  // Edges of tiles and groups, more tiles than a block, several blocks' worth of channels, one position.
  const ConvolutionSize sizes[] = {
      {2, 64, 32, 3, 5, 4, {3, 3, 3}}, {3, 32, 96, 2, 7, 7, {3, 3, 3}},  {1, 32, 32, 1, 1, 1, {3, 3, 3}},
      {1, 96, 64, 4, 6, 9, {3, 3, 3}}, {1, 32, 32, 5, 21, 8, {3, 3, 3}}, {2, 32, 64, 3, 5, 7, {1, 3, 3}},
      {1, 64, 32, 4, 9, 8, {5, 3, 3}}, {2, 32, 32, 2, 7, 7, {7, 3, 3}},
  };
  for (const auto& size : sizes) {
    Check<float>(winograd::avx2::kCode, size).printErrors(8, "float");
    Check<BFloat16>(winograd::avx2::kCode, size).printErrors(8, "bfloat16");
    Check<float>(winograd::wide::kCode, size).printErrors(16, "float");
    Check<BFloat16>(winograd::wide::kCode, size).printErrors(16, "bfloat16");
  }
}
