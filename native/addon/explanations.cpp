#include "addon/explanations.h"

#include <utility>
#include <vector>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/model_handle.h"
#include "addon/typed_tensors.h"
#include "core/explanation/deconvolution.h"
#include "core/explanation/grad_cam.h"
#include "core/runtime/device_thread.h"

namespace c3d::addon {
namespace {

/// The clips that both requests have, on JavaScript's memory.
struct Clips {
  at::Tensor pixels;
  std::vector<CropPlace> places;
};

Clips toClips(const Napi::Object& request) {
  Clips clips{viewOf(request.Get("pixels"), request.Get("shape")), {}};
  const auto places = typedArray<Napi::Int32Array>(request.Get("places"), napi_int32_array, "places");
  for (std::size_t i = 0; i + 2 < places.ElementLength(); i += 3)
    clips.places.push_back({places[i], places[i + 1], places[i + 2] != 0});
  return clips;
}

Napi::Array toNumbers(Napi::Env env, const at::Tensor& integers) {
  const auto flat = integers.flatten().contiguous();
  const auto* values = flat.const_data_ptr<std::int64_t>();
  auto numbers = Napi::Array::New(env, static_cast<std::size_t>(flat.numel()));
  for (std::int64_t i = 0; i < flat.numel(); ++i)
    numbers.Set(static_cast<std::uint32_t>(i), static_cast<double>(values[i]));
  return numbers;
}

Napi::Object toJs(Napi::Env env, const GradCam& result) {
  auto object = Napi::Object::New(env);
  object.Set("logits", toFloat32Array(env, result.logits));
  object.Set("labels", toNumbers(env, result.labels));
  object.Set("maps", toFloat32Array(env, result.maps));
  object.Set("heat", toFloat32Array(env, result.heat));
  return object;
}

Napi::Object toJs(Napi::Env env, const Deconvolution& result) {
  auto object = Napi::Object::New(env);
  object.Set("activations", toFloat32Array(env, result.activations));
  object.Set("places", toNumbers(env, result.places));
  object.Set("projections", toFloat32Array(env, result.projections));
  return object;
}

}  // namespace

Napi::Value gradCam(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto request = info[1].As<Napi::Object>();
    return startComputing(
        env, holderOf(request),
        [model = ModelHandle::unwrap(info[0])->native(), clips = toClips(request),
         layer = text(request, "layer"), label = integer(request, "label")](Task& task) -> ToJs {
          const auto& network = model->network;
          const auto result = computeOn(network.device(), [&] {
            return c3d::gradCam(network, clips.pixels, clips.places, layer, label, task.cancellation());
          });
          return [result](Napi::Env e) { return toJs(e, result); };
        });
  });
}

Napi::Value deconvolve(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto request = info[1].As<Napi::Object>();
    const auto rule = text(request, "rule") == "guided" ? BackwardRelu::Guided : BackwardRelu::Deconvolution;
    return startComputing(
        env, holderOf(request),
        [model = ModelHandle::unwrap(info[0])->native(), clips = toClips(request),
         layer = text(request, "layer"), filter = integer(request, "filter"), rule](Task& task) -> ToJs {
          const auto& network = model->network;
          const auto result = computeOn(network.device(), [&] {
            return c3d::deconvolve(network, clips.pixels, clips.places, layer, filter, rule,
                                   task.cancellation());
          });
          return [result](Napi::Env e) { return toJs(e, result); };
        });
  });
}

}  // namespace c3d::addon
