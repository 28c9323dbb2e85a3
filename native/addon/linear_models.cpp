#include "addon/linear_models.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <string>
#include <vector>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/properties.h"
#include "core/linear/linear_svm.h"
#include "core/linear/pca.h"

namespace c3d::addon {
namespace {

/// Chosen rows of a matrix in JavaScript's memory, which the task's holder keeps.
class Rows {
 public:
  explicit Rows(const Napi::Object& object) : dimensions_(integer(object, "dimensions")) {
    auto features = typedArray<Napi::Float32Array>(object.Get("features"), napi_float32_array, "features");
    const auto length = static_cast<std::int64_t>(features.ElementLength());
    if (dimensions_ < 1 || length % dimensions_ != 0)
      throw Error(ErrorCode::InvalidArgument, "Expected rows of " + std::to_string(dimensions_) +
                                                  " values, got " + std::to_string(length) + " in all.");
    data_ = features.Data();
    count_ = length / dimensions_;
    const auto chosen = typedArray<Napi::Int32Array>(object.Get("rows"), napi_int32_array, "rows");
    chosen_ = at::empty({static_cast<std::int64_t>(chosen.ElementLength())}, at::kLong);
    auto* places = chosen_.mutable_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < chosen.ElementLength(); ++i) {
      if (chosen[i] < 0 || chosen[i] >= count_)
        throw Error(ErrorCode::InvalidArgument,
                    "There is no row " + std::to_string(chosen[i]) + " of " + std::to_string(count_) + ".");
      places[i] = chosen[i];
    }
  }

  /// float64 [rows, dimensions]; on the task's thread, since it may be large.
  at::Tensor values() const {
    return at::from_blob(data_, {count_, dimensions_}, at::kFloat).index_select(0, chosen_).to(at::kDouble);
  }

 private:
  std::int64_t dimensions_;
  float* data_ = nullptr;
  std::int64_t count_ = 0;
  at::Tensor chosen_;
};

at::Tensor copyOf(const Napi::Value& value, const char* what, std::int64_t columns) {
  const auto values = typedArray<Napi::Float64Array>(value, napi_float64_array, what);
  const auto length = static_cast<std::int64_t>(values.ElementLength());
  if (columns < 1 || length % columns != 0)
    throw Error(ErrorCode::InvalidArgument, std::string("Expected ") + what + " in rows of " +
                                                std::to_string(columns) + " values, got " +
                                                std::to_string(length) + " in all.");
  auto tensor = at::empty({length / columns, columns}, at::kDouble);
  std::memcpy(tensor.mutable_data_ptr(), values.Data(), tensor.nbytes());
  return tensor;
}

at::Tensor copyOfLabels(const Napi::Value& value) {
  const auto labels = typedArray<Napi::Int32Array>(value, napi_int32_array, "labels");
  auto tensor = at::empty({static_cast<std::int64_t>(labels.ElementLength())}, at::kLong);
  for (std::size_t i = 0; i < labels.ElementLength(); ++i)
    tensor.mutable_data_ptr<std::int64_t>()[i] = labels[i];
  return tensor;
}

SvmOptions toSvmOptions(const Napi::Object& object) {
  SvmOptions options;
  const auto costs = array(object, "costs");
  for (std::uint32_t i = 0; i < costs.Length(); ++i)
    options.costs.push_back(costs.Get(i).As<Napi::Number>().DoubleValue());
  options.bias = number(object, "bias");
  options.tolerance = number(object, "tolerance");
  options.mostIterations = integer(object, "maxIterations");
  return options;
}

Napi::Float64Array toFloat64Array(Napi::Env env, const at::Tensor& tensor) {
  const auto values = tensor.to(at::kDouble).contiguous();
  auto array = Napi::Float64Array::New(env, static_cast<std::size_t>(values.numel()));
  std::memcpy(array.Data(), values.const_data_ptr(), values.nbytes());
  return array;
}

Napi::Object toJs(Napi::Env env, const FittedSvm& svm) {
  auto object = Napi::Object::New(env);
  object.Set("weights", toFloat64Array(env, svm.weights));
  object.Set("objectives", toFloat64Array(env, svm.objectives));
  object.Set("gradientNorms", toFloat64Array(env, svm.gradientNorms));
  object.Set("iterations", static_cast<double>(svm.iterations));
  return object;
}

Napi::Object toJs(Napi::Env env, const PrincipalComponents& components) {
  auto object = Napi::Object::New(env);
  object.Set("mean", toFloat64Array(env, components.mean));
  object.Set("components", toFloat64Array(env, components.components));
  object.Set("variances", toFloat64Array(env, components.variances));
  object.Set("totalVariance", components.totalVariance);
  return object;
}

}  // namespace

Napi::Value fitSvm(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto matrix = info[0].As<Napi::Object>();
    return startComputing(env, holderOf(matrix),
                          [rows = Rows(matrix), labels = copyOfLabels(info[1]),
                           classes = integer(info[2].As<Napi::Object>(), "classes"),
                           options = toSvmOptions(info[2].As<Napi::Object>())](Task& task) -> ToJs {
                            const auto fitted =
                                fitLinearSvm(rows.values(), labels, classes, options, task.cancellation());
                            return [fitted](Napi::Env e) {
                              auto list = Napi::Array::New(e, fitted.size());
                              for (std::size_t i = 0; i < fitted.size(); ++i)
                                list.Set(static_cast<std::uint32_t>(i), toJs(e, fitted[i]));
                              return list;
                            };
                          });
  });
}

Napi::Value svmDecisions(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto matrix = info[0].As<Napi::Object>();
    const auto machines = info[1].As<Napi::Object>();
    return startComputing(
        env, holderOf(matrix),
        [rows = Rows(matrix),
         weights = copyOf(machines.Get("weights"), "weights", integer(matrix, "dimensions") + 1),
         bias = number(machines, "bias")](Task&) -> ToJs {
          const auto values = decisionValues(rows.values(), weights, bias);
          return [values](Napi::Env e) { return toFloat64Array(e, values); };
        });
  });
}

Napi::Value fitPca(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto matrix = info[0].As<Napi::Object>();
    return startComputing(
        env, holderOf(matrix),
        [rows = Rows(matrix), count = info[1].As<Napi::Number>().Int64Value()](Task&) -> ToJs {
          const auto components = principalComponents(rows.values(), count);
          return [components](Napi::Env e) { return toJs(e, components); };
        });
  });
}

Napi::Value projectPca(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto matrix = info[0].As<Napi::Object>();
    const auto pca = info[1].As<Napi::Object>();
    const auto dimensions = integer(matrix, "dimensions");
    return startComputing(
        env, holderOf(matrix),
        [rows = Rows(matrix), mean = copyOf(pca.Get("mean"), "mean", dimensions),
         components = copyOf(pca.Get("components"), "components", dimensions)](Task&) -> ToJs {
          const auto places = project(rows.values(), mean, components);
          return [places](Napi::Env e) { return toFloat32Array(e, places); };
        });
  });
}

}  // namespace c3d::addon
