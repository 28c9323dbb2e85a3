#include "addon/convolution_checks.h"

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/properties.h"
#include "core/model/convolution_check.h"
#include "core/runtime/device.h"
#include "core/runtime/device_thread.h"

namespace c3d::addon {
namespace {

Napi::Array toJs(Napi::Env env, const std::vector<ConvolutionErrors>& results) {
  auto list = Napi::Array::New(env);
  for (const auto& errors : results) {
    auto entry = Napi::Object::New(env);
    entry.Set("output", errors.output);
    entry.Set("inputGradient", errors.inputGradient);
    entry.Set("weightGradient", errors.weightGradient);
    list.Set(list.Length(), entry);
  }
  return list;
}

}  // namespace

Napi::Value checkConvolutions(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto request = info[0].As<Napi::Object>();
    const auto device = resolveDevice(text(request, "device"));
    const auto precision = toPrecision(text(request, "precision"));
    const auto shapes = toConvolutionShapes(array(request, "convolutions"));
    return startComputing(env, {}, [device, precision, shapes](Task& task) -> ToJs {
      std::vector<ConvolutionErrors> results;
      for (const auto& shape : shapes) {
        task.cancellation().throwIfRequested();
        results.push_back(computeOn(device, [&] { return checkConvolution(shape, precision, device); }));
      }
      return [results](Napi::Env e) { return toJs(e, results); };
    });
  });
}

}  // namespace c3d::addon
