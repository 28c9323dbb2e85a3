#include "core/model/pooled.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace c3d {

at::Tensor emptyActivations(const at::Tensor& x, const std::array<std::int64_t, 3>& places) {
  return at::empty({x.size(0), x.size(1), places[0], places[1], places[2]}, x.options(),
                   at::MemoryFormat::ChannelsLast3d);
}

Pooled emptyPooled(const PoolSize& size, const at::Tensor& x, bool keepWinners) {
  Pooled pooled{emptyActivations(x, size.output), {}};
  if (keepWinners) pooled.winners = at::empty_like(pooled.output, at::kByte);
  return pooled;
}

}  // namespace c3d
