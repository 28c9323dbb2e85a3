#pragma once

namespace c3d {

/// What the processor's vector units can do at most.
enum class PeakType {
  Float32,  // fused multiply-adds, AVX-512 or AVX2
  BFloat16  // dot products of pairs, AVX-512 BF16
};

/// Floating-point operations a second of all computing threads together, measured by a loop of that
/// instruction on registers, the best of many rounds; about a third of a second. 0 where the processor
/// lacks it.
double measurePeak(PeakType type);

}  // namespace c3d
