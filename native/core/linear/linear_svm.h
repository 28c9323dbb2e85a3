#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/runtime/cancellation.h"

namespace c3d {

/// How a linear support vector machine is fitted.
struct SvmOptions {
  std::vector<double> costs;  // the C of each machine; ascending ones are found faster
  double bias = 0;            // the constant feature behind the others; 0: none
  double tolerance = 0;       // a machine is done when its objective is at most this part above the least
  std::int64_t mostIterations = 0;  // of Newton's method
};

/// The machines of one C, one a class.
struct FittedSvm {
  at::Tensor weights;        // float64 [classes, features + 1]; the last column is the constant feature's
  at::Tensor objectives;     // float64 [classes]
  at::Tensor gradientNorms;  // float64 [classes], of the objective at `weights`
  std::int64_t iterations = 0;
};

/// One machine against the rest for each class c, where y = 1 for rows of the class and -1 for others: the w
/// with the least
///
///   w.w / 2 + C sum over the rows x of max(0, 1 - y w.x)^2
///
/// L2-regularised L2-loss support vector classification, primal, as liblinear's solver 2 (Fan et al., JMLR
/// 2008), its `-B bias` as well. The objective is strongly convex, so there is one such w. Newton's method
/// with conjugate gradients (Keerthi and DeCoste, JMLR 2005) and an Armijo line search, in double precision,
/// all classes side by side. A machine is done when g.g / 2 <= tolerance * objective at its gradient g, which
/// bounds how far the objective is above the least, since its curvature is 1 or more in every direction.
///
/// features: float64 [n, d]; labels: int64 [n], 0 <= label < classes. Throws Error(InvalidArgument) where
/// these do not fit or are not finite, Error(Aborted), and Error(Internal) where `mostIterations` are not
/// enough.
std::vector<FittedSvm> fitLinearSvm(const at::Tensor& features, const at::Tensor& labels,
                                    std::int64_t classes, const SvmOptions& options,
                                    const Cancellation& cancellation);

/// w.x of every row and class: float64 [n, classes]. features: float64 [n, d], weights as fitted.
at::Tensor decisionValues(const at::Tensor& features, const at::Tensor& weights, double bias);

}  // namespace c3d
