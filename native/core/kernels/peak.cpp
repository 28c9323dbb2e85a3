#include "core/kernels/peak.h"

#include <algorithm>
#include <cstdint>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"
#include "core/runtime/stopwatch.h"

#ifdef C3D_X86
#include <immintrin.h>
#endif

namespace c3d {

#ifdef C3D_X86
namespace {

constexpr int kRounds = 80;  // so many that one of them is not disturbed
constexpr std::int64_t kIterations = 2'000'000;
/// Independent chains: more than an instruction's latency times the instructions a cycle.
constexpr std::int64_t kChains = 10;

// The compiler must neither merge the iterations nor drop them: each result is told to be used.
#define C3D_TEN_TIMES(step) step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9)
#define C3D_USE(i) asm volatile("" : "+x"(sum##i));

C3D_AVX2 void multiplyAdd256() {
  const __m256 a = _mm256_set1_ps(0.5F);
#define C3D_START(i) __m256 sum##i = _mm256_set1_ps(i);
  C3D_TEN_TIMES(C3D_START)
#undef C3D_START
  for (std::int64_t k = 0; k < kIterations; ++k) {
#define C3D_STEP(i) sum##i = _mm256_fmadd_ps(sum##i, a, a);
    C3D_TEN_TIMES(C3D_STEP)
#undef C3D_STEP
    C3D_TEN_TIMES(C3D_USE)
  }
}

#undef C3D_USE
#define C3D_USE(i) asm volatile("" : "+v"(sum##i));

__attribute__((target("avx512f"))) void multiplyAdd512() {
  const __m512 a = _mm512_set1_ps(0.5F);
#define C3D_START(i) __m512 sum##i = _mm512_set1_ps(i);
  C3D_TEN_TIMES(C3D_START)
  for (std::int64_t k = 0; k < kIterations; ++k) {
#define C3D_STEP(i) sum##i = _mm512_fmadd_ps(sum##i, a, a);
    C3D_TEN_TIMES(C3D_STEP)
#undef C3D_STEP
    C3D_TEN_TIMES(C3D_USE)
  }
}

__attribute__((target("avx512f,avx512bf16"))) void dotProducts512() {
  const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f003f00));  // pairs of 0.5
  C3D_TEN_TIMES(C3D_START)
#undef C3D_START
  for (std::int64_t k = 0; k < kIterations; ++k) {
#define C3D_STEP(i) sum##i = _mm512_dpbf16_ps(sum##i, a, a);
    C3D_TEN_TIMES(C3D_STEP)
#undef C3D_STEP
    C3D_TEN_TIMES(C3D_USE)
  }
}

#undef C3D_USE
#undef C3D_TEN_TIMES

double best(void (*loop)(), std::int64_t operationsAnInstruction) {
  const auto threads = computingThreads();
  double most = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Stopwatch watch;
    parallelFor(threads, [&](std::int64_t) { loop(); });
    const auto operations = static_cast<double>(threads * kIterations * kChains * operationsAnInstruction);
    most = std::max(most, operations / watch.seconds());
  }
  return most;
}

}  // namespace

double measurePeak(PeakType type) {
  if (type == PeakType::BFloat16)
    return hasAvx512() && __builtin_cpu_supports("avx512bf16") ? best(dotProducts512, 64) : 0;
  if (hasAvx512()) return best(multiplyAdd512, 32);
  return hasAvx2() ? best(multiplyAdd256, 16) : 0;
}

#else

double measurePeak(PeakType) {
  return 0;
}

#endif

}  // namespace c3d
