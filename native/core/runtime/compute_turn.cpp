#include "core/runtime/compute_turn.h"

#include <ATen/Parallel.h>
#include <c10/core/Device.h>

#include <algorithm>

#include "core/runtime/device.h"

namespace c3d {
namespace {

/// Of the whole process, as the cores are: workers share them.
FairSemaphore& cores() {
  static FairSemaphore all(availableCores());
  return all;
}

}  // namespace

// The model comes first: who waits for it holds no cores.
ComputeTurn::ComputeTurn(FairMutex& model, const c10::Device& device, const Cancellation& cancellation)
    : model_(model) {
  model_.lock(cancellation.token());
  if (!device.is_cpu()) return;
  const auto wanted = std::min(at::get_num_threads(), cores().units());
  try {
    cores().acquire(wanted, cancellation.token());
  } catch (...) {
    model_.unlock();
    throw;
  }
  cores_ = wanted;
}

ComputeTurn::~ComputeTurn() {
  if (cores_ > 0) cores().release(cores_);
  model_.unlock();
}

}  // namespace c3d
