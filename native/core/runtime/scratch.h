#pragma once

#include <cstdint>
#include <memory>

namespace c3d {

/// Room for numbers that are needed for a moment, from LibTorch's allocator (runtime/cpu_memory), so that it
/// is counted, in huge pages and at hand again the next time. Not initialized. For the kernels, which see no
/// LibTorch.
class Scratch {
 public:
  /// Throws where there is no memory, as for a tensor.
  explicit Scratch(std::int64_t floats);

  float* data() const { return data_; }

 private:
  std::shared_ptr<void> memory_;
  float* data_;
};

}  // namespace c3d
