#include "core/cuda/sgd.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>

#include "core/cuda/program.h"
#include "core/cuda/sgd_source.h"

namespace c3d::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

}  // namespace

void updateBySgd(const c10::Device& device, const SgdRule& rule, const std::vector<SgdValues>& parameters) {
  const c10::DeviceGuard guard(device);
  const auto update = kernel(kSgdSource, {}, "sgdUpdate");
  const bool caffe = rule.caffe && rule.momentum != 0;
  float in = caffe ? rule.rate : 1, out = caffe ? 1 : rule.rate;
  float decay = rule.decay, momentum = rule.momentum;
  int nesterov = rule.nesterov ? 1 : 0;
  for (auto values : parameters)
    launch(update, std::clamp<std::int64_t>((values.count + kThreads - 1) / kThreads, 1, kMostBlocks), 1,
           kThreads,
           {&values.parameter, &values.gradient, &values.velocity, &values.count, &in, &out, &decay,
            &momentum, &nesterov});
}

}  // namespace c3d::cuda
