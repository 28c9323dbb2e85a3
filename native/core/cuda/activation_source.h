#pragma once

#include "core/cuda/program.h"

namespace c3d::cuda {

/// The device code of rectified_layers.h. Macros: FLOAT32, BFLOAT16 or FLOAT16, the values' type; LANES,
/// the channels that a thread works on, of a place (they are read at once, so the number of channels is a
/// multiple of it); for the pools KT, KH and KW, the size of a window.
///
/// Activations lie in memory as [clips, frames, height, width, channels]; a vector is LANES channels of a
/// place. Sums are partial ones, a row [channels] for each slice of the places: what adds them up in a fixed
/// order makes them the same in every run.
inline constexpr Source kActivationSource{"activations.cu", R"cuda(
#if defined(FLOAT32)
typedef float Value;
__device__ float toFloat(Value v) { return v; }
__device__ Value toValue(float v) { return v; }
#elif defined(BFLOAT16)
typedef unsigned short Value;
__device__ float toFloat(Value v) { return __uint_as_float((unsigned)v << 16); }
__device__ Value toValue(float v) {
  if (v != v) return 0x7fc0;
  const unsigned bits = __float_as_uint(v);
  return (Value)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);  // to nearest, ties to even
}
#elif defined(FLOAT16)
typedef unsigned short Value;
__device__ float toFloat(Value v) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(v));
  return wide;
}
__device__ Value toValue(float v) {
  Value narrow;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(narrow) : "f"(v));
  return narrow;
}
#endif

typedef long long Index;

struct alignas(sizeof(Value) * LANES) Vector { Value lanes[LANES]; };
struct alignas(LANES) Winners { unsigned char lanes[LANES]; };

__device__ Index threadOfGrid() { return (Index)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ Index threadsOfGrid() { return (Index)gridDim.x * blockDim.x; }

// NaN passes, as in LibTorch.
__device__ float rectified(float v) { return v <= 0 ? 0 : v; }

extern "C" __global__ void rectify(const Vector* input, const float* bias, Vector* output, Index vectors,
                                   int channelVectors) {
  for (Index i = threadOfGrid(); i < vectors; i += threadsOfGrid()) {
    const int channel = (int)(i % channelVectors) * LANES;
    Vector v = input[i];
#pragma unroll
    for (int l = 0; l < LANES; ++l) v.lanes[l] = toValue(rectified(toFloat(v.lanes[l]) + bias[channel + l]));
    output[i] = v;
  }
}

// A thread has one vector of channels and each of its slice's places: it adds up valueOf(i) of the vectors i
// there.
template <typename ValueOf>
__device__ void sumSlice(float* sums, Index places, int channelVectors, int slices, ValueOf valueOf) {
  const Index thread = threadOfGrid();
  const Index threads = (Index)slices * channelVectors;
  if (thread >= threads) return;
  float sum[LANES] = {};
  for (Index i = thread; i < places * channelVectors; i += threads) {
    const Vector v = valueOf(i);
#pragma unroll
    for (int l = 0; l < LANES; ++l) sum[l] += toFloat(v.lanes[l]);
  }
#pragma unroll
  for (int l = 0; l < LANES; ++l) sums[thread * LANES + l] = sum[l];
}

extern "C" __global__ void rectifyGradient(const Vector* gradient, const Vector* output, Vector* inputGradient,
                                           float* sums, Index places, int channelVectors, int slices) {
  sumSlice(sums, places, channelVectors, slices, [=](Index i) {
    Vector g = gradient[i];
    const Vector y = output[i];
#pragma unroll
    for (int l = 0; l < LANES; ++l)
      if (toFloat(y.lanes[l]) <= 0) g.lanes[l] = toValue(0);
    inputGradient[i] = g;
    return g;
  });
}

#if defined(KT)

const unsigned char kNoElement = 255;

// Large windows, of hundreds of elements, would take the compiler half a minute.
#if KT * KH * KW <= 64
#define UNROLL_WINDOW _Pragma("unroll")
#else
#define UNROLL_WINDOW _Pragma("unroll 1")
#endif

struct Places { int frames, height, width; };

// A place of a clip and a vector of its channels, of a number that counts both.
struct At {
  int t, h, w, vector;
  __device__ At(int number, const Places& places, int channelVectors) {
    vector = number % channelVectors;
    number /= channelVectors;
    w = number % places.width;
    number /= places.width;
    h = number % places.height;
    t = number / places.height;
  }
};

// The bias is added to the maximum: it is the same for all of a window. `winners` may be null.
extern "C" __global__ void rectifyAndPool(const Vector* input, const float* bias, Vector* output,
                                          Winners* winners, int clips, int channelVectors, Places in, Places out,
                                          Places padding) {
  const int inVectors = in.frames * in.height * in.width * channelVectors;
  const int outVectors = out.frames * out.height * out.width * channelVectors;
  for (int clip = blockIdx.y; clip < clips; clip += gridDim.y)
    for (Index i = threadOfGrid(); i < outVectors; i += threadsOfGrid()) {
      const At at((int)i, out, channelVectors);
      const Vector* image = input + (Index)clip * inVectors;
      float best[LANES];
      Winners winner;
#pragma unroll
      for (int l = 0; l < LANES; ++l) {
        best[l] = -__int_as_float(0x7f800000);
        winner.lanes[l] = kNoElement;
      }
      UNROLL_WINDOW
      for (int kt = 0; kt < KT; ++kt)
        UNROLL_WINDOW
        for (int kh = 0; kh < KH; ++kh)
          UNROLL_WINDOW
          for (int kw = 0; kw < KW; ++kw) {
            const int t = at.t * KT - padding.frames + kt;
            const int h = at.h * KH - padding.height + kh;
            const int w = at.w * KW - padding.width + kw;
            if (t < 0 || h < 0 || w < 0 || t >= in.frames || h >= in.height || w >= in.width) continue;
            const Vector v = image[((t * in.height + h) * in.width + w) * channelVectors + at.vector];
#pragma unroll
            for (int l = 0; l < LANES; ++l) {
              const float value = toFloat(v.lanes[l]);
              if (value > best[l] || value != value) {
                best[l] = value;
                winner.lanes[l] = (unsigned char)((kt * KH + kh) * KW + kw);
              }
            }
          }
      Vector y;
#pragma unroll
      for (int l = 0; l < LANES; ++l) {
        const float value = bias ? best[l] + bias[at.vector * LANES + l] : best[l];
        y.lanes[l] = toValue(rectified(value));
        if (value <= 0) winner.lanes[l] = kNoElement;
      }
      output[(Index)clip * outVectors + i] = y;
      if (winners) winners[(Index)clip * outVectors + i] = winner;
    }
}

// Each thread writes elements of the input's gradient: so those that no window has are zeros as well.
extern "C" __global__ void poolGradient(const Vector* gradient, const Winners* winners, Vector* inputGradient,
                                        int clips, int channelVectors, Places in, Places out, Places padding) {
  const int inVectors = in.frames * in.height * in.width * channelVectors;
  const int outVectors = out.frames * out.height * out.width * channelVectors;
  for (int clip = blockIdx.y; clip < clips; clip += gridDim.y)
    for (Index i = threadOfGrid(); i < inVectors; i += threadsOfGrid()) {
      const At at((int)i, in, channelVectors);
      const int t = at.t + padding.frames, h = at.h + padding.height, w = at.w + padding.width;
      const int ot = t / KT, oh = h / KH, ow = w / KW;
      Vector g = {};
      if (ot < out.frames && oh < out.height && ow < out.width) {
        const int place = (ot * out.height + oh) * out.width + ow;
        const Index o = (Index)clip * outVectors + place * channelVectors + at.vector;
        const int element = ((t % KT) * KH + h % KH) * KW + w % KW;
        const Winners winner = winners[o];
        g = gradient[o];
#pragma unroll
        for (int l = 0; l < LANES; ++l)
          if (winner.lanes[l] != element) g.lanes[l] = toValue(0);
      }
      inputGradient[(Index)clip * inVectors + i] = g;
    }
}

// Of the bias: what passes the ReLU and the pool, without a look at the larger gradient of the input.
extern "C" __global__ void sumWinners(const Vector* gradient, const Winners* winners, float* sums, Index places,
                                      int channelVectors, int slices) {
  sumSlice(sums, places, channelVectors, slices, [=](Index i) {
    Vector g = gradient[i];
    const Winners winner = winners[i];
#pragma unroll
    for (int l = 0; l < LANES; ++l)
      if (winner.lanes[l] == kNoElement) g.lanes[l] = toValue(0);
    return g;
  });
}

#endif
)cuda"};

}  // namespace c3d::cuda
