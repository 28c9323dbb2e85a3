#pragma once

#include "core/runtime/cancellation.h"
#include "core/runtime/fair_semaphore.h"

namespace c10 {
struct Device;
}

namespace c3d {

/// The right to compute on one model for a while (a step, a batch): nobody else uses the model, and of the
/// machine's cores as many are taken as this thread's operators use (useComputeThreads). Together the turns
/// of a process take no more cores than there are, so that no matter how many trainings and predictions are
/// under way, their threads do not fight for cores. Turns are given in the order in which they were asked
/// for; how many threads a computation has never depends on what else goes on, and so neither do its numbers.
///
/// On other devices than the CPU it is the model's alone.
class ComputeTurn {
 public:
  /// Waits for both. Throws Error(Aborted) when cancelled before.
  ComputeTurn(FairMutex& model, const c10::Device& device, const Cancellation& cancellation);
  ~ComputeTurn();
  ComputeTurn(const ComputeTurn&) = delete;
  ComputeTurn& operator=(const ComputeTurn&) = delete;

 private:
  FairMutex& model_;
  int cores_ = 0;
};

}  // namespace c3d
