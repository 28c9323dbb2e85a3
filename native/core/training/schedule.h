#pragma once

#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

namespace c3d {

// All of these give a factor of the learning rate at x, the time since the start of training, which lasts X
// and warms up for W. All times are in the schedule's unit, and p = (x - W) / (X - W) is the part done behind
// the warm-up.

struct ConstantSchedule {};

/// gamma ^ floor(x / every). Caffe's "step"; section 3.1 of the paper divides by 10 every 4 epochs.
struct StepSchedule {
  double every = 1;
  double gamma = 0.1;
};

/// gamma ^ (number of `at` that are <= x). Caffe's "multistep".
struct MultiStepSchedule {
  std::vector<double> at;
  double gamma = 0.1;
};

/// minimum + (1 - minimum) * (1 + cos(pi p)) / 2. Loshchilov and Hutter, ICLR 2017, without restarts.
struct CosineSchedule {
  double minimum = 0;
};

/// minimum + (1 - minimum) * (1 - p) ^ power. Caffe's "poly", where there is neither minimum nor warm-up.
struct PolynomialSchedule {
  double power = 1;
  double minimum = 0;
};

/// Multiplied by gamma, down to `minimum`, whenever the validation loss has not been lower than
/// (1 - threshold) times the best in more than `patience` evaluations running, like torch's
/// ReduceLROnPlateau.
struct PlateauSchedule {
  double gamma = 0.1;
  std::int64_t patience = 0;
  double threshold = 0;
  double minimum = 0;
};

enum class ScheduleUnit { Epochs, Iterations };

struct Schedule {
  std::variant<ConstantSchedule, StepSchedule, MultiStepSchedule, CosineSchedule, PolynomialSchedule,
               PlateauSchedule>
      kind;
  ScheduleUnit unit = ScheduleUnit::Epochs;
  /// Until here the factor is also multiplied by (x + one step) / warmup.
  double warmup = 0;
};

/// What the learning rate is multiplied by in the step that begins `epoch` epochs (with a fraction) after the
/// start of a training of `epochs` epochs of `stepsPerEpoch` steps. A plateau's own factor is not in it.
double learningRateFactor(const Schedule& schedule, double epoch, double epochs, double stepsPerEpoch);

/// What a plateau remembers: all that a checkpoint has to hold.
struct PlateauState {
  double factor = 1;
  double best = std::numeric_limits<double>::infinity();  // validation loss
  std::int64_t bad = 0;                                   // evaluations running that were no better
};

/// Takes the loss of one more validation. Without effect on schedules of other kinds.
void observeValidation(const Schedule& schedule, double loss, PlateauState& state);

}  // namespace c3d
