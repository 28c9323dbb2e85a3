#include "addon/clip_cache_handle.h"
#include "addon/clip_loader_handle.h"
#include "addon/conversions.h"
#include "addon/convolution_checks.h"
#include "addon/environment.h"
#include "addon/explanations.h"
#include "addon/frames.h"
#include "addon/linear_models.h"
#include "addon/model_handle.h"
#include "addon/properties.h"
#include "addon/runs.h"
#include "addon/trainer_handle.h"
#include "addon/video_set_handle.h"
#include "addon/video_writer_handle.h"
#include "core/kernels/peak.h"
#include "core/runtime/cpu_memory.h"
#include "core/runtime/cuda_switches.h"
#include "core/runtime/device.h"
#include "core/runtime/file_lock.h"
#include "core/runtime/memory.h"
#include "core/video/image_file.h"

namespace c3d::addon {
namespace {

Napi::Value runtimeInfoOf(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto runtime = runtimeInfo();
    const auto threads = Environment::of(env).computeThreads;
    auto images = Napi::Array::New(env);
    for (const auto& format : video::imageFormats()) images.Set(images.Length(), format);
    auto object = Napi::Object::New(env);
    object.Set("libtorch", runtime.libtorch);
    object.Set("cpuCapability", runtime.cpuCapability);
    object.Set("cudaBuild", runtime.cudaBuild);
    object.Set("cudaDevices", runtime.cudaDevices);
    object.Set("threads", threads > 0 ? threads : availableCores());
    object.Set("images", images);
    object.Set("tf32", runtime.tf32);
    object.Set("deterministic", runtime.deterministic);
    object.Set("cudnnBenchmark", runtime.cudnnBenchmark);
    return object;
  });
}

Napi::Value videoBackend(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::String::New(info.Env(), Environment::of(info.Env()).media->videos().description());
  });
}

void setThreads(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).computeThreads = info[0].As<Napi::Number>().Int32Value();
}

std::size_t bytesOf(const Napi::Value& value) {
  return static_cast<std::size_t>(value.As<Napi::Number>().DoubleValue());
}

void setUpMemory(const Napi::CallbackInfo& info) {
  cpu_memory::install(bytesOf(info[0]));
}

Napi::Value memoryUseOf(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto use = memoryUse(resolveDevice(info[0].As<Napi::String>().Utf8Value()));
    auto object = Napi::Object::New(env);
    object.Set("inUse", static_cast<double>(use.inUse));
    object.Set("peak", static_cast<double>(use.peak));
    object.Set("idle", static_cast<double>(use.idle));
    return object;
  });
}

Napi::Value measurePeaks(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    return startComputing(env, {}, [](Task&) -> ToJs {
      const auto float32 = measurePeak(PeakType::Float32);
      const auto bfloat16 = measurePeak(PeakType::BFloat16);
      return [=](Napi::Env e) {
        auto peaks = Napi::Object::New(e);
        peaks.Set("float32", float32);
        peaks.Set("bfloat16", bfloat16);
        return peaks;
      };
    });
  });
}

void setMaxIdleMemory(const Napi::CallbackInfo& info) {
  cpu_memory::setMaxIdle(bytesOf(info[0]));
}

Napi::Value releaseMemory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(cpu_memory::release()));
}

Napi::Value deviceTraits(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto traits = traitsOf(resolveDevice(info[0].As<Napi::String>()));
    auto object = Napi::Object::New(env);
    object.Set("name", traits.name);
    object.Set("processor", traits.processor);
    object.Set("bfloat16", traits.bfloat16);
    return object;
  });
}

CudaSwitches toCudaSwitches(const Napi::Object& object) {
  return {optionalBoolean(object, "tf32"), optionalBoolean(object, "deterministic"),
          optionalBoolean(object, "cudnnBenchmark")};
}

void setCudaSwitches(const Napi::CallbackInfo& info) {
  c3d::setCudaSwitches(toCudaSwitches(info[0].As<Napi::Object>()));
}

void setDefaultCudaSwitches(const Napi::CallbackInfo& info) {
  c3d::setDefaultCudaSwitches(toCudaSwitches(info[0].As<Napi::Object>()));
}

void setVideoPlugin(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).media =
      std::make_shared<video::MediaLibrary>(info[0].As<Napi::String>().Utf8Value());
}

void stopAll(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).tasks->stopAll();
}

/// { free, total } of a device, by its name; zeros for the CPU.
Napi::Value deviceMemoryOf(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto memory = deviceMemory(resolveDevice(info[0].As<Napi::String>().Utf8Value()));
    auto object = Napi::Object::New(env);
    object.Set("free", static_cast<double>(memory.free));
    object.Set("total", static_cast<double>(memory.total));
    return object;
  });
}

/// { release() }; released also when it is collected and when its environment ends.
Napi::Value lockFile(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    auto lock = std::make_shared<std::unique_ptr<FileLock>>(std::make_unique<FileLock>(
        info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value()));
    auto object = Napi::Object::New(env);
    object.Set("release",
               Napi::Function::New(env, [lock](const Napi::CallbackInfo&) { lock->reset(); }, "release"));
    return object;
  });
}

Napi::Value describeArchitecture(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return toJs(info.Env(), describe(toArchitecture(info[0].As<Napi::Object>()),
                                     info[1].As<Napi::Number>().Int64Value()));
  });
}

}  // namespace

Environment& Environment::of(Napi::Env env) {
  return *env.GetInstanceData<Environment>();
}

Napi::Object startComputing(Napi::Env env, const Napi::Function& onEvent, std::function<ToJs(Task&)> work) {
  const auto& environment = Environment::of(env);
  return environment.tasks->start(env, onEvent,
                                  [threads = environment.computeThreads, work = std::move(work)](Task& task) {
                                    useComputeThreads(threads);
                                    return work(task);
                                  });
}

}  // namespace c3d::addon

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  using namespace c3d::addon;
  auto* environment = new Environment;  // owned by the environment from here on
  env.SetInstanceData(environment);
  environment->modelClass = Napi::Persistent(ModelHandle::define(env));
  environment->videoSetClass = Napi::Persistent(VideoSetHandle::define(env));
  environment->videoWriterClass = Napi::Persistent(VideoWriterHandle::define(env));
  environment->clipCacheClass = Napi::Persistent(ClipCacheHandle::define(env));
  environment->trainerClass = Napi::Persistent(TrainerHandle::define(env));
  environment->clipLoaderClass = Napi::Persistent(ClipLoaderHandle::define(env));
  // Ends the threads before the environment goes, also where no 'exit' event comes (worker.terminate()).
  env.AddCleanupHook([tasks = environment->tasks] { tasks->stopAll(); });

  const auto set = [&](const char* name, auto* function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  set("runtimeInfo", runtimeInfoOf);
  set("videoBackend", videoBackend);
  set("deviceTraits", deviceTraits);
  set("setThreads", setThreads);
  set("setUpMemory", setUpMemory);
  set("memoryUse", memoryUseOf);
  set("measurePeaks", measurePeaks);
  set("setMaxIdleMemory", setMaxIdleMemory);
  set("releaseMemory", releaseMemory);
  set("setCudaSwitches", setCudaSwitches);
  set("setDefaultCudaSwitches", setDefaultCudaSwitches);
  set("setVideoPlugin", setVideoPlugin);
  set("stopAll", stopAll);
  set("deviceMemory", deviceMemoryOf);
  set("lockFile", lockFile);
  set("describeArchitecture", describeArchitecture);
  set("checkConvolutions", checkConvolutions);
  set("createModel", createModel);
  set("indexVideos", indexVideos);
  set("readFrames", readFrames);
  set("packVideo", packVideo);
  set("openClipCache", openClipCache);
  set("createClipLoader", createClipLoader);
  set("train", train);
  set("createTrainer", createTrainer);
  set("score", score);
  set("scoreVideo", scoreVideo);
  set("gradCam", gradCam);
  set("deconvolve", deconvolve);
  set("fitSvm", fitSvm);
  set("svmDecisions", svmDecisions);
  set("fitPca", fitPca);
  set("projectPca", projectPca);
  set("createVideo", createVideo);
  return exports;
}

NODE_API_MODULE(torch_c3d, initialize)
