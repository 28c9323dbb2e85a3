#include "addon/trainer_handle.h"

#include <ATen/ops/cat.h>

#include <unordered_map>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/typed_tensors.h"

namespace c3d::addon {
namespace {

/// Batches of one step, on the caller's memory.
struct StepRequest {
  std::vector<at::Tensor> batches;
  std::vector<CropPlace> places;
  at::Tensor targets;
  std::optional<double> learningRate;
};

StepRequest toStepRequest(const Napi::Object& source, std::int64_t classes) {
  StepRequest request;
  const auto batches = array(source, "batches");
  for (std::uint32_t i = 0; i < batches.Length(); ++i) {
    const auto batch = batches.Get(i).As<Napi::Object>();
    request.batches.push_back(viewOf(batch.Get("data"), batch.Get("shape")));
  }
  const auto places = typedArray<Napi::Int32Array>(source.Get("places"), napi_int32_array, "places");
  for (std::size_t i = 0; i + 2 < places.ElementLength(); i += 3)
    request.places.push_back({places[i], places[i + 1], places[i + 2] != 0});
  request.targets = copyOfTargets(object(source, "answers"), classes);
  if (!isNull(source, "learningRate")) request.learningRate = number(source, "learningRate");
  return request;
}

NamedTensors tensorsOf(const StepwiseTrainer& trainer, const std::string& kind) {
  return kind == "gradients" ? trainer.gradients() : trainer.momentum();
}

struct Target {
  std::string name;
  at::Tensor memory;
};

}  // namespace

Napi::Function TrainerHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeTrainer",
      {InstanceMethod<&TrainerHandle::setPrecision>("setPrecision"),
       InstanceMethod<&TrainerHandle::step>("step"), InstanceMethod<&TrainerHandle::state>("state"),
       InstanceMethod<&TrainerHandle::observeValidation>("observeValidation"),
       InstanceMethod<&TrainerHandle::tensors>("tensors"),
       InstanceMethod<&TrainerHandle::readTensors>("readTensors"),
       InstanceMethod<&TrainerHandle::save>("save"), InstanceMethod<&TrainerHandle::restore>("restore"),
       InstanceMethod<&TrainerHandle::close>("close")});
}

TrainerHandle::TrainerHandle(const Napi::CallbackInfo& info)
    : Handle(info), bytes_(2 * native()->model->network.bytes()) {
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes_);
}

void TrainerHandle::Finalize(Napi::BasicEnv env) {
  if (isOpen()) Napi::MemoryManagement::AdjustExternalMemory(env, -bytes_);
}

void TrainerHandle::close(const Napi::CallbackInfo& info) {
  if (!isOpen()) return;
  release();
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -bytes_);
}

void TrainerHandle::setPrecision(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { native()->trainer.setPrecision(toMixedPrecision(info[0].As<Napi::Object>())); });
}

Napi::Value TrainerHandle::step(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto source = info[0].As<Napi::Object>();
    return startComputing(
        env, holderOf(source),
        [session = native(),
         request = toStepRequest(source, native()->model->network.classes())](Task& task) -> ToJs {
          const auto& [batches, places, targets, learningRate] = request;
          const auto clips = batches.size() == 1 ? batches.front() : at::cat(batches);
          const auto report =
              session->trainer.step({clips, places, targets}, learningRate, task.cancellation());
          return [report](Napi::Env e) {
            auto object = Napi::Object::New(e);
            object.Set("step", static_cast<double>(report.step));
            object.Set("loss", report.loss);
            object.Set("accuracy", report.accuracy);
            object.Set("learningRate", report.learningRate);
            object.Set("skipped", report.skipped);
            object.Set("lossScale", orNull(e, report.lossScale));
            return object;
          };
        });
  });
}

Napi::Value TrainerHandle::state(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto& trainer = native()->trainer;
    auto object = Napi::Object::New(env);
    object.Set("step", static_cast<double>(trainer.progress().steps));
    object.Set("learningRate", trainer.learningRate());
    return object;
  });
}

void TrainerHandle::observeValidation(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { native()->trainer.observeValidation(info[0].As<Napi::Number>().DoubleValue()); });
}

Napi::Value TrainerHandle::tensors(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    return toTensorInfos(env, tensorsOf(native()->trainer, info[0].As<Napi::String>().Utf8Value()));
  });
}

Napi::Value TrainerHandle::readTensors(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    std::vector<Target> targets;
    const auto list = info[1].As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const auto entry = list.Get(i).As<Napi::Object>();
      targets.push_back({text(entry, "name"), viewOf(entry.Get("data"), entry.Get("shape"))});
    }
    return startComputing(
        env, holderOf(list),
        [session = native(), kind = info[0].As<Napi::String>().Utf8Value(), targets](Task&) -> ToJs {
          const auto found = tensorsOf(session->trainer, kind);
          const std::unordered_map<std::string, at::Tensor> tensors(found.begin(), found.end());
          for (const auto& [name, memory] : targets) at::Tensor(memory).copy_(tensors.at(name));
          return nullptr;
        });
  });
}

Napi::Value TrainerHandle::save(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return startComputing(info.Env(), {},
                          [session = native(), file = info[0].As<Napi::String>().Utf8Value(),
                           header = info[1].As<Napi::String>().Utf8Value()](Task&) -> ToJs {
                            session->trainer.save(file, header);
                            return nullptr;
                          });
  });
}

Napi::Value TrainerHandle::restore(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return startComputing(
        info.Env(), {},
        [session = native(), point = ResumePoint{info[0].As<Napi::String>().Utf8Value(),
                                                 toLocations(info[1].As<Napi::Array>())}](Task&) -> ToJs {
          session->trainer.restore(point);
          return nullptr;
        });
  });
}

Napi::Value createTrainer(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    const auto session = std::make_shared<TrainerSession>(
        model, toTrainingConfig(object(request, "config"), model->layout), integer(request, "stepsPerEpoch"));
    return TrainerHandle::create(env, Environment::of(env).trainerClass, session);
  });
}

}  // namespace c3d::addon
