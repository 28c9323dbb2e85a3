// A vector of the instruction set that the source which includes this is compiled for: C3D_LANES floats,
// which may be stored as bfloat16.

namespace c3d::winograd::C3D_ISA {

constexpr std::int64_t kLanes = C3D_LANES;

using Vector = float __attribute__((vector_size(C3D_LANES * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(C3D_LANES * sizeof(float)), aligned(alignof(float)), may_alias));
using Words = std::uint32_t __attribute__((vector_size(C3D_LANES * sizeof(std::uint32_t))));
using Halves = std::uint16_t __attribute__((vector_size(C3D_LANES * sizeof(std::uint16_t))));
using UnalignedHalves = std::uint16_t
    __attribute__((vector_size(C3D_LANES * sizeof(std::uint16_t)), aligned(alignof(BFloat16)), may_alias));

[[gnu::always_inline]] inline Vector load(const float* from) {
  return *reinterpret_cast<const UnalignedVector*>(from);
}

[[gnu::always_inline]] inline void store(float* to, const Vector& vector) {
  *reinterpret_cast<UnalignedVector*>(to) = vector;
}

[[gnu::always_inline]] inline Vector load(const BFloat16* from) {
  const Words words = __builtin_convertvector(*reinterpret_cast<const UnalignedHalves*>(from), Words);
  return reinterpret_cast<Vector>(words << 16);
}

/// Rounded to the nearest, of two equally near ones to the even.
[[gnu::always_inline]] inline void store(BFloat16* to, const Vector& vector) {
  const auto words = reinterpret_cast<Words>(vector);
  const Words rounded = (words + 0x7FFF + (words >> 16 & 1)) >> 16;
  const Words upper = vector == vector ? rounded : words >> 16 | 0x40;  // NaN stays what it is
  *reinterpret_cast<UnalignedHalves*>(to) = __builtin_convertvector(upper, Halves);
}

}  // namespace c3d::winograd::C3D_ISA
