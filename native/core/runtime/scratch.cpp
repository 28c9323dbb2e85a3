#include "core/runtime/scratch.h"

#include <c10/core/CPUAllocator.h>

namespace c3d {

Scratch::Scratch(std::int64_t floats) {
  const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
  auto memory = std::make_shared<c10::DataPtr>(c10::GetCPUAllocator()->allocate(bytes));
  data_ = static_cast<float*>(memory->get());
  memory_ = std::move(memory);
}

}  // namespace c3d
