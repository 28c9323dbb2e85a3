#include "core/linear/linear_svm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <string>
#include <tuple>

#include "core/runtime/error.h"

namespace c3d {
namespace {

constexpr double kSufficientDecrease = 1e-4;  // Armijo's, as in liblinear
constexpr double kForcing = 0.1;              // conjugate gradients end at this part of the gradient
constexpr int kMostCgIterations = 250;
constexpr int kMostHalvings = 60;
constexpr double kRounding = 1e-15;  // by which part of itself a computed objective may be wrong

/// Of the columns: [k].
at::Tensor columnDot(const at::Tensor& a, const at::Tensor& b) {
  return a.mul(b).sum(0);
}

at::Tensor withBias(const at::Tensor& features, double bias) {
  return at::cat({features, at::full({features.size(0), 1}, bias, features.options())}, 1);
}

/// The objectives of all classes for one C. Columns are classes; weights are [d, classes].
class Problem {
 public:
  Problem(at::Tensor rows, at::Tensor targets, double cost)
      : rows_(std::move(rows)), targets_(std::move(targets)), cost_(cost) {}

  at::Tensor scores(const at::Tensor& weights) const { return at::matmul(rows_, weights); }

  /// max(0, 1 - y w.x) [n, classes]
  at::Tensor violations(const at::Tensor& scores) const { return (1 - targets_.mul(scores)).clamp_min_(0); }

  at::Tensor objectives(const at::Tensor& weights, const at::Tensor& violations) const {
    return columnDot(weights, weights).div_(2).add_(columnDot(violations, violations), cost_);
  }

  at::Tensor gradients(const at::Tensor& weights, const at::Tensor& violations) const {
    return weights - at::matmul(rows_.t(), targets_.mul(violations)).mul_(2 * cost_);
  }

  /// The (generalised) second derivative times `directions`; `active` is 1 where a row counts, 0 elsewhere.
  at::Tensor curvature(const at::Tensor& directions, const at::Tensor& active) const {
    return directions + at::matmul(rows_.t(), scores(directions).mul_(active)).mul_(2 * cost_);
  }

 private:
  at::Tensor rows_, targets_;
  double cost_;
};

/// Directions of Newton's method: conjugate gradients on every column at once, each until its residual is
/// small.
at::Tensor newtonDirections(const Problem& problem, const at::Tensor& gradients, const at::Tensor& active,
                            const at::Tensor& unfinished, const Cancellation& cancellation) {
  auto directions = at::zeros_like(gradients);
  auto residuals = -gradients;
  auto search = residuals.clone();
  auto squares = columnDot(residuals, residuals);
  const auto enough = squares * (kForcing * kForcing);
  for (int i = 0; i < kMostCgIterations; ++i) {
    cancellation.throwIfRequested();
    const auto going = squares.gt(enough).logical_and_(unfinished);
    if (!going.any().item<bool>()) break;
    const auto curved = problem.curvature(search, active);
    const auto zero = at::zeros_like(squares);
    const auto step = at::where(going, squares / columnDot(search, curved), zero);
    directions.add_(search * step);
    residuals.sub_(curved * step);
    const auto next = columnDot(residuals, residuals);
    search = residuals + search * at::where(going, next / squares, zero);
    squares = at::where(going, next, squares);
  }
  return directions;
}

/// Steps along `directions` that lower each objective enough: 1, or halves of it.
at::Tensor stepLengths(const Problem& problem, const at::Tensor& weights, const at::Tensor& scores,
                       const at::Tensor& directions, const at::Tensor& objectives, const at::Tensor& slopes) {
  const auto scoreSteps = problem.scores(directions);
  auto steps = at::ones(objectives.sizes(), objectives.options());
  for (int i = 0; i < kMostHalvings; ++i) {
    const auto tried =
        problem.objectives(weights + directions * steps, problem.violations(scores + scoreSteps * steps));
    const auto failed = tried.gt(objectives * (1 + kRounding) + steps * slopes * kSufficientDecrease);
    if (!failed.any().item<bool>()) return steps;
    steps = at::where(failed, steps / 2, steps);
  }
  return steps;  // next to none: what double precision can tell is reached
}

/// Its `weights` are [d, classes].
FittedSvm fit(const Problem& problem, at::Tensor weights, const SvmOptions& options,
              const Cancellation& cancellation) {
  for (std::int64_t iteration = 0; iteration <= options.mostIterations; ++iteration) {
    cancellation.throwIfRequested();
    const auto scores = problem.scores(weights);
    const auto violations = problem.violations(scores);
    const auto objectives = problem.objectives(weights, violations);
    const auto gradients = problem.gradients(weights, violations);
    const auto squares = columnDot(gradients, gradients);
    const auto unfinished = squares.div(2).gt(objectives * options.tolerance);
    if (!unfinished.any().item<bool>()) return {weights, objectives, squares.sqrt(), iteration};
    const auto active = violations.gt(0).to(at::kDouble);
    const auto directions = newtonDirections(problem, gradients, active, unfinished, cancellation);
    const auto steps =
        stepLengths(problem, weights, scores, directions, objectives, columnDot(gradients, directions));
    weights = weights + directions * steps;
  }
  throw Error(ErrorCode::Internal,
              "The support vector machine was not fitted to the asked tolerance within " +
                  std::to_string(options.mostIterations) +
                  " iterations. Allow more, or a larger tolerance; very large costs and features make it "
                  "slow.");
}

void requireUsable(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes) {
  if (features.dim() != 2 || features.size(0) == 0 || labels.size(0) != features.size(0))
    throw Error(ErrorCode::InvalidArgument,
                "Expected features [rows, values] and a label for each row, got " +
                    std::to_string(features.size(0)) + " rows and " + std::to_string(labels.size(0)) +
                    " labels.");
  if (labels.min().item<std::int64_t>() < 0 || labels.max().item<std::int64_t>() >= classes)
    throw Error(ErrorCode::InvalidArgument,
                "Expected labels of 0 to " + std::to_string(classes - 1) + " for every row.");
  if (!features.isfinite().all().item<bool>())
    throw Error(ErrorCode::InvalidArgument, "Expected finite features, but some are NaN or infinite.");
}

}  // namespace

std::vector<FittedSvm> fitLinearSvm(const at::Tensor& features, const at::Tensor& labels,
                                    std::int64_t classes, const SvmOptions& options,
                                    const Cancellation& cancellation) {
  const at::NoGradGuard noGrad;
  requireUsable(features, labels, classes);
  auto rows = withBias(features, options.bias);
  // The best weights are sums of rows. Where there are fewer rows than values, they are looked for among
  // these, in an orthonormal basis: lengths and products stay, and there are fewer dimensions.
  at::Tensor basis;
  if (rows.size(0) < rows.size(1)) {
    basis = std::get<0>(at::linalg_qr(rows.t()));
    rows = at::matmul(rows, basis);
  }
  const auto targets =
      at::full({rows.size(0), classes}, -1.0, rows.options()).scatter_(1, labels.unsqueeze(1), 1.0);
  auto weights = at::zeros({rows.size(1), classes}, rows.options());
  std::vector<FittedSvm> fitted;
  for (const auto cost : options.costs) {
    auto machines = fit(Problem(rows, targets, cost), weights, options, cancellation);
    weights = machines.weights;
    machines.weights = (basis.defined() ? at::matmul(basis, weights) : weights).t().contiguous();
    fitted.push_back(std::move(machines));
  }
  return fitted;
}

at::Tensor decisionValues(const at::Tensor& features, const at::Tensor& weights, double bias) {
  const at::NoGradGuard noGrad;
  return at::matmul(withBias(features, bias), weights.t());
}

}  // namespace c3d
