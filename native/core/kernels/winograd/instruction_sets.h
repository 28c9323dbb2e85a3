#pragma once

#include <type_traits>

#include "core/kernels/bfloat16.h"
#include "core/kernels/convolution_size.h"

namespace c3d::winograd {

/// What winograd.h declares for activations that are stored as floats or as BFloat16.
template <typename Stored>
struct StoredCode {
  void (*convolution)(const ConvolutionSize& size, const Stored* input, const float* weightPoints,
                      const float* bias, Stored* output);
  void (*inputGradient)(const ConvolutionSize& size, const Stored* outputGradient, const float* weights,
                        Stored* inputGradient);
  void (*weightGradient)(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                         float* weights);
};

/// The code of code.h, compiled for one instruction set.
struct Code {
  bool (*fits)(const ConvolutionSize& size);
  std::int64_t (*weightPoints)(const ConvolutionSize& size);
  void (*transformWeights)(const ConvolutionSize& size, const float* weights, float* points);
  StoredCode<float> forFloats;
  StoredCode<BFloat16> forBFloat16;

  template <typename Stored>
  const StoredCode<Stored>& forStored() const {
    if constexpr (std::is_same_v<Stored, float>)
      return forFloats;
    else
      return forBFloat16;
  }
};

namespace avx2 {
extern const Code kCode;
}
namespace avx512 {
extern const Code kCode;
}

}  // namespace c3d::winograd
