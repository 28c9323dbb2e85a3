#pragma once

#include <cstdint>
#include <variant>

namespace c3d {

struct ConstantSchedule {};

/// Multiplied by `gamma` every `every` epochs (paper, section 3.1: divided by 10 every 4 epochs).
struct StepSchedule {
  double every = 1;  // epochs
  double gamma = 0.1;
};

/// Rises linearly for `warmup` epochs, then falls along half a cosine to `minimum` times the learning rate.
struct CosineSchedule {
  double warmup = 0;   // epochs
  double minimum = 0;  // part of the learning rate
};

using Schedule = std::variant<ConstantSchedule, StepSchedule, CosineSchedule>;

/// What the learning rate is multiplied by in the step that begins `epoch` epochs (with a fraction) after the
/// start of a training of `epochs` epochs of `stepsPerEpoch` steps.
double learningRateFactor(const Schedule& schedule, double epoch, double epochs, double stepsPerEpoch);

}  // namespace c3d
