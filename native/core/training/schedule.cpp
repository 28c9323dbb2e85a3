#include "core/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace c3d {
namespace {

double factor(const ConstantSchedule&, double, double, double) {
  return 1;
}

double factor(const StepSchedule& schedule, double epoch, double, double) {
  return std::pow(schedule.gamma, std::floor(epoch / schedule.every));
}

double factor(const CosineSchedule& schedule, double epoch, double epochs, double stepsPerEpoch) {
  if (epoch < schedule.warmup) return std::min(1.0, (epoch + 1 / stepsPerEpoch) / schedule.warmup);
  const auto span = epochs - schedule.warmup;
  const auto progress = span > 0 ? std::clamp((epoch - schedule.warmup) / span, 0.0, 1.0) : 1;
  return schedule.minimum + (1 - schedule.minimum) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

}  // namespace

double learningRateFactor(const Schedule& schedule, double epoch, double epochs, double stepsPerEpoch) {
  return std::visit([&](const auto& kind) { return factor(kind, epoch, epochs, stepsPerEpoch); }, schedule);
}

}  // namespace c3d
