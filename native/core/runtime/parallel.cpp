#include "core/runtime/parallel.h"

// Its templates share out the work only where they are compiled with OpenMP; without it they run serially.
#include <ATen/Parallel.h>

namespace c3d {

void parallelFor(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
  at::parallel_for(0, tasks, /*grain_size=*/1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) task(i);
  });
}

std::int64_t computingThreads() {
  return at::get_num_threads();
}

}  // namespace c3d
