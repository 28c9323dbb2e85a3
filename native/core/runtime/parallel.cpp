#include "core/runtime/parallel.h"

// Its templates share out the work only where they are compiled with OpenMP; without it they run serially.
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

namespace c3d {

void parallelFor(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
  std::atomic<std::int64_t> next = 0;
  at::parallel_for(0, std::min(tasks, computingThreads()), /*grain_size=*/1,
                   [&](std::int64_t first, std::int64_t last) {
                     for (auto thread = first; thread < last; ++thread)
                       for (auto i = next++; i < tasks; i = next++) task(i);
                   });
}

std::int64_t computingThreads() {
  return at::get_num_threads();
}

}  // namespace c3d
