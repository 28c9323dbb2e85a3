#include "core/model/precision.h"

#include "core/runtime/device.h"

namespace c3d {

bool computesInFloat32(const at::Device& device, at::ScalarType type) {
  return type == at::kFloat || (device.is_cpu() && type == at::kBFloat16 && !cpuHasBFloat16());
}

}  // namespace c3d
