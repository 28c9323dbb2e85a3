// A vector of the instruction set that the source which includes this is compiled for: C3D_LANES floats.

namespace c3d::winograd::C3D_ISA {

constexpr std::int64_t kLanes = C3D_LANES;

using Vector = float __attribute__((vector_size(C3D_LANES * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(C3D_LANES * sizeof(float)), aligned(alignof(float)), may_alias));

[[gnu::always_inline]] inline Vector load(const float* from) {
  return *reinterpret_cast<const UnalignedVector*>(from);
}

[[gnu::always_inline]] inline void store(float* to, const Vector& vector) {
  *reinterpret_cast<UnalignedVector*>(to) = vector;
}

}  // namespace c3d::winograd::C3D_ISA
