#include "core/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace c3d {
namespace {

/// In the schedule's unit.
struct Time {
  double now;
  double part;  // of what is behind the warm-up, 0 to 1
};

double between(double minimum, double factor) {
  return minimum + (1 - minimum) * factor;
}

double factor(const ConstantSchedule&, const Time&) {
  return 1;
}

double factor(const StepSchedule& schedule, const Time& time) {
  return std::pow(schedule.gamma, std::floor(time.now / schedule.every));
}

double factor(const MultiStepSchedule& schedule, const Time& time) {
  const auto passed = std::ranges::count_if(schedule.at, [&](double at) { return at <= time.now; });
  return std::pow(schedule.gamma, static_cast<double>(passed));
}

double factor(const CosineSchedule& schedule, const Time& time) {
  return between(schedule.minimum, (1 + std::cos(std::numbers::pi * time.part)) / 2);
}

double factor(const PolynomialSchedule& schedule, const Time& time) {
  return between(schedule.minimum, std::pow(1 - time.part, schedule.power));
}

double factor(const PlateauSchedule&, const Time&) {
  return 1;
}

}  // namespace

double learningRateFactor(const Schedule& schedule, double epoch, double epochs, double stepsPerEpoch) {
  const bool iterations = schedule.unit == ScheduleUnit::Iterations;
  const auto now = iterations ? std::round(epoch * stepsPerEpoch) : epoch;
  const auto end = iterations ? epochs * stepsPerEpoch : epochs;
  const auto step = iterations ? 1 : 1 / stepsPerEpoch;
  const auto span = end - schedule.warmup;
  const Time time{now, span > 0 ? std::clamp((now - schedule.warmup) / span, 0.0, 1.0) : 1};
  const auto warmth = now < schedule.warmup ? std::min(1.0, (now + step) / schedule.warmup) : 1;
  return warmth * std::visit([&](const auto& kind) { return factor(kind, time); }, schedule.kind);
}

void observeValidation(const Schedule& schedule, double loss, PlateauState& state) {
  const auto* plateau = std::get_if<PlateauSchedule>(&schedule.kind);
  if (!plateau) return;
  if (loss < state.best * (1 - plateau->threshold)) {
    state.best = loss;
    state.bad = 0;
    return;
  }
  if (++state.bad <= plateau->patience) return;
  state.factor = std::max(state.factor * plateau->gamma, plateau->minimum);
  state.bad = 0;
}

}  // namespace c3d
