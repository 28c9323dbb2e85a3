#include "addon/model_handle.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <mutex>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/typed_tensors.h"
#include "core/runtime/compute_turn.h"
#include "core/runtime/device.h"
#include "core/runtime/device_thread.h"
#include "core/training/checkpoint.h"
#include "core/training/loss.h"
#include "core/weights/tensor_file.h"

namespace c3d::addon {
namespace {

at::Tensor tensorNamed(const C3D& network, const std::string& name) {
  for (const auto& [key, tensor] : network.stateDict())
    if (key == name) return tensor;
  throw Error(ErrorCode::Weights, "The model has no tensor '" + name + "'.");
}

at::Tensor computeLogits(const C3D& network, const at::Tensor& input, const MixedPrecision& precision,
                         const Cancellation& cancellation) {
  return computeOn(network.device(), [&] {
    const c10::InferenceMode inference;
    const ComputeTurn turn(network.mutex(), network.device(), cancellation);
    ForwardOptions options;
    options.cancellation = &cancellation;
    options.precision = precision;
    return network.forward(input.to(network.device()), options).to(at::kCPU);
  });
}

struct Gradients {
  double loss = 0;
  NamedTensors tensors;
};

/// Leaves no gradients at the parameters whatever happens: the next backward pass would add to them.
class ParameterGradients {
 public:
  explicit ParameterGradients(const C3D& network) : parameters_(network.parameters()) {}
  ~ParameterGradients() {
    for (auto& [key, parameter] : parameters_) parameter.mutable_grad().reset();
  }
  ParameterGradients(const ParameterGradients&) = delete;
  ParameterGradients& operator=(const ParameterGradients&) = delete;

  NamedTensors values() const {
    NamedTensors gradients;
    for (const auto& [key, parameter] : parameters_)
      gradients.emplace_back(key, parameter.grad().to(at::kCPU));
    return gradients;
  }

 private:
  NamedTensors parameters_;
};

Gradients computeGradients(C3D& network, const at::Tensor& input, const at::Tensor& answers,
                           const MixedPrecision& precision, const Cancellation& cancellation) {
  return computeOn(network.device(), [&] {
    const ComputeTurn turn(network.mutex(), network.device(), cancellation);
    ForwardOptions options;
    options.cancellation = &cancellation;
    options.precision = precision;
    const ParameterGradients gradients(network);
    const auto logits = network.forward(input.to(network.device()), options);
    const auto targets = answers.to(network.device());
    LossConfig config;
    config.type = targets.dim() == 1 ? LossType::CrossEntropy : LossType::BinaryCrossEntropy;
    const auto loss = Loss(config, targets).part(logits, targets);
    loss.backward();
    return Gradients{loss.item<double>(), gradients.values()};
  });
}

}  // namespace

Napi::Function ModelHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeModel",
      {InstanceAccessor<&ModelHandle::device>("device"), InstanceMethod<&ModelHandle::forward>("forward"),
       InstanceMethod<&ModelHandle::gradients>("gradients"), InstanceMethod<&ModelHandle::tensors>("tensors"),
       InstanceMethod<&ModelHandle::trainingTensors>("trainingTensors"),
       InstanceMethod<&ModelHandle::readTensor>("readTensor"),
       InstanceMethod<&ModelHandle::writeTensor>("writeTensor"),
       InstanceMethod<&ModelHandle::loadTensors>("loadTensors"),
       InstanceMethod<&ModelHandle::saveTensors>("saveTensors"),
       InstanceMethod<&ModelHandle::close>("close")});
}

ModelHandle::ModelHandle(const Napi::CallbackInfo& info) : Handle(info), bytes_(native()->network.bytes()) {
  // V8 sees a small object; without this it would not collect models while there is memory for more objects.
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes_);
}

void ModelHandle::Finalize(Napi::BasicEnv env) {
  if (isOpen()) Napi::MemoryManagement::AdjustExternalMemory(env, -bytes_);
}

void ModelHandle::close(const Napi::CallbackInfo& info) {
  if (!isOpen()) return;
  release();
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -bytes_);
}

Napi::Value ModelHandle::device(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::String::New(info.Env(), native()->network.device().str()); });
}

Napi::Value ModelHandle::forward(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return startComputing(info.Env(), holderOf(info[0]),
                          [model = native(), input = viewOf(info[0], info[1]),
                           precision = toMixedPrecision(info[2].As<Napi::Object>())](Task& task) -> ToJs {
                            const auto logits =
                                computeLogits(model->network, input, precision, task.cancellation());
                            return [logits](Napi::Env env) { return toFloat32Array(env, logits); };
                          });
  });
}

Napi::Value ModelHandle::gradients(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    auto answers = copyOfTargets(info[2].As<Napi::Object>(), native()->network.classes());
    return startComputing(info.Env(), holderOf(info[0]),
                          [model = native(), input = viewOf(info[0], info[1]), answers,
                           precision = toMixedPrecision(info[3].As<Napi::Object>())](Task& task) -> ToJs {
                            const auto result = computeGradients(model->network, input, answers, precision,
                                                                 task.cancellation());
                            return [result](Napi::Env env) {
                              auto gradients = Napi::Object::New(env);
                              for (const auto& [name, tensor] : result.tensors)
                                gradients.Set(name, toFloat32Array(env, tensor));
                              auto object = Napi::Object::New(env);
                              object.Set("loss", result.loss);
                              object.Set("gradients", gradients);
                              return object;
                            };
                          });
  });
}

Napi::Value ModelHandle::tensors(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] { return toTensorInfos(env, native()->network.stateDict()); });
}

Napi::Value ModelHandle::trainingTensors(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto& network = native()->network;
    return toTensorInfos(env, stateTensors(network, {{}, makeGenerator(network.device(), 0), {}, {}}));
  });
}

Napi::Value ModelHandle::readTensor(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return toFloat32Array(info.Env(), tensorNamed(native()->network, info[0].As<Napi::String>()));
  });
}

void ModelHandle::writeTensor(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    auto tensor = tensorNamed(native()->network, info[0].As<Napi::String>());
    auto values = typedArray<Napi::Float32Array>(info[1], napi_float32_array, "data");
    if (static_cast<std::size_t>(tensor.numel()) != values.ElementLength())
      throw Error(ErrorCode::Weights, "Tensor '" + info[0].As<Napi::String>().Utf8Value() + "' holds " +
                                          std::to_string(tensor.numel()) + " values, got " +
                                          std::to_string(values.ElementLength()) + ".");
    const at::NoGradGuard noGrad;
    const std::lock_guard lock(native()->network.mutex());
    tensor.copy_(at::from_blob(values.Data(), tensor.sizes(), at::kFloat));
  });
}

Napi::Value ModelHandle::loadTensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string file = info[0].As<Napi::String>();
    const auto locations = toLocations(info[1].As<Napi::Array>());
    return startComputing(info.Env(), {}, [model = native(), file, locations](Task&) -> ToJs {
      const std::lock_guard lock(model->network.mutex());
      readTensorFile(file, locations, model->network.stateDict());
      return nullptr;
    });
  });
}

Napi::Value ModelHandle::saveTensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string file = info[0].As<Napi::String>();
    const std::string header = info[1].As<Napi::String>();
    return startComputing(info.Env(), {}, [model = native(), file, header](Task&) -> ToJs {
      const std::lock_guard lock(model->network.mutex());
      writeTensorFile(file, header, model->network.stateDict());
      return nullptr;
    });
  });
}

Napi::Value createModel(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto config = info[0].As<Napi::Object>();
    const auto preprocessing = object(config, "preprocessing");
    const auto architecture = toArchitecture(object(config, "architecture"));
    const auto layout =
        toClipLayout(architecture.frames, architecture.height, architecture.width, preprocessing);
    return startComputing(
        env, {},
        [&environment = Environment::of(env), architecture, layout, classes = integer(config, "classes"),
         pixels = toPreprocessing(preprocessing, layout),
         initializer = toInitializer(text(config, "initializer")),
         seed = static_cast<std::uint64_t>(integer(config, "seed")),
         device = resolveDevice(text(config, "device"))](Task&) -> ToJs {
          auto model = std::make_shared<Model>(architecture, classes, pixels, device, layout);
          initialize(model->network, initializer, seed);
          return [&environment, model](Napi::Env e) {
            return ModelHandle::create(e, environment.modelClass, model);
          };
        });
  });
}

}  // namespace c3d::addon
