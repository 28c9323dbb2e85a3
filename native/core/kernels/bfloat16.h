#pragma once

#include <bit>
#include <cstdint>

namespace c3d {

/// A number as it is stored in 16 bits: the upper half of a float. Kernels compute in float32 with it.
struct BFloat16 {
  std::uint16_t bits;
};

inline float toFloat(float value) {
  return value;
}
inline float toFloat(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

}  // namespace c3d
