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

inline void store(float& to, float value) {
  to = value;
}
/// Rounded to the nearest, of two equally near ones to the even.
inline void store(BFloat16& to, float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const auto rounded = (word + 0x7FFF + (word >> 16 & 1)) >> 16;
  const auto upper = value == value ? rounded : word >> 16 | 0x40;  // NaN stays what it is
  to.bits = static_cast<std::uint16_t>(upper);
}

}  // namespace c3d
