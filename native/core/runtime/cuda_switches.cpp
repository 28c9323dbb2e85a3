#include "core/runtime/cuda_switches.h"

#include <ATen/Context.h>

#include <mutex>

namespace c3d {
namespace {

std::mutex mutex;
CudaSwitches current;  // those that have been set

std::optional<bool> firstOf(const std::optional<bool>& first, const std::optional<bool>& second) {
  return first.has_value() ? first : second;
}

CudaSwitches firstOf(const CudaSwitches& first, const CudaSwitches& second) {
  return {firstOf(first.tf32, second.tf32), firstOf(first.deterministic, second.deterministic),
          firstOf(first.cudnnBenchmark, second.cudnnBenchmark)};
}

void tellLibTorch(const CudaSwitches& switches) {
  auto& context = at::globalContext();
  if (switches.tf32) {
    context.setAllowTF32CuDNN(*switches.tf32);
    context.setAllowTF32CuBLAS(*switches.tf32);
  }
  const bool deterministic = switches.deterministic.value_or(false);
  context.setDeterministicCuDNN(deterministic);
  context.setBenchmarkCuDNN(switches.cudnnBenchmark.value_or(false) && !deterministic);
}

}  // namespace

void setCudaSwitches(const CudaSwitches& chosen) {
  const std::scoped_lock lock(mutex);
  current = firstOf(chosen, current);
  tellLibTorch(current);
}

void setDefaultCudaSwitches(const CudaSwitches& defaults) {
  const std::scoped_lock lock(mutex);
  current = firstOf(current, defaults);
  tellLibTorch(current);
}

}  // namespace c3d
