#include "addon/clip_loader_handle.h"

#include <ATen/ops/from_blob.h>

#include <cstring>
#include <stop_token>

#include "addon/clip_cache_handle.h"
#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/properties.h"
#include "addon/video_set_handle.h"
#include "core/evaluation/scorer.h"
#include "core/runtime/device.h"
#include "core/video/clip_mean.h"

namespace c3d::addon {
namespace {

/// Where a batch is written to: memory of a typed array, which the caller keeps until the task is done.
/// Written on the task's thread, so that the JavaScript thread does not copy megabytes.
struct Target {
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  bool isFloat = false;
};

Target toTarget(const Napi::Value& value) {
  const bool isTypedArray = value.IsTypedArray();
  const auto type = isTypedArray ? value.As<Napi::TypedArray>().TypedArrayType() : napi_int8_array;
  if (type == napi_uint8_array) {
    auto array = value.As<Napi::Uint8Array>();
    return {array.Data(), array.ByteLength(), false};
  }
  auto array = typedArray<Napi::Float32Array>(value, napi_float32_array, "target");
  return {reinterpret_cast<std::uint8_t*>(array.Data()), array.ByteLength(), true};
}

void requireRoom(const Target& target, std::size_t bytes) {
  if (bytes > target.size)
    throw Error(ErrorCode::InvalidArgument, "A batch of " + std::to_string(bytes) +
                                                " bytes does not fit an array of " +
                                                std::to_string(target.size) + ".");
}

void write(video::ClipBatch& batch, const ClipStream& stream, const Target& target) {
  if (batch.clips.empty()) return;
  if (!target.isFloat) {
    requireRoom(target, batch.pixels.size());
    std::memcpy(target.bytes, batch.pixels.data(), batch.pixels.size());
    return;
  }
  const auto input = toInput(pixelsOf(batch, stream.layout()), stream.preprocessing(), placesOf(batch));
  requireRoom(target, input.nbytes());
  at::from_blob(target.bytes, input.sizes(), at::kFloat).copy_(input);
}

Napi::Object describeBatch(Napi::Env env, const video::ClipBatch& batch, const ClipStream& stream) {
  const auto cropPlaces = placesOf(batch);
  auto labels = Napi::Int32Array::New(env, batch.clips.size());
  auto items = Napi::Int32Array::New(env, batch.clips.size());
  auto starts = Napi::Float64Array::New(env, batch.clips.size());
  auto places = Napi::Int32Array::New(env, 3 * batch.clips.size());
  for (std::size_t i = 0; i < batch.clips.size(); ++i) {
    labels[i] = static_cast<std::int32_t>(batch.clips[i].label);
    items[i] = batch.clips[i].item;
    starts[i] = static_cast<double>(batch.clips[i].start);
    const auto& [x, y, flip] = cropPlaces[i];
    places[3 * i] = x;
    places[3 * i + 1] = y;
    places[3 * i + 2] = flip ? 1 : 0;
  }
  auto result = Napi::Object::New(env);
  result.Set("labels", labels);
  result.Set("items", items);
  result.Set("starts", starts);
  result.Set("places", places);
  result.Set("unreadable", toJs(env, stream.videos(), batch.unreadable));
  return result;
}

}  // namespace

std::optional<video::ClipBatch> ClipStream::next(const Cancellation& cancellation) {
  const std::lock_guard lock(mutex_);
  const std::stop_callback stopLoader(cancellation.token(), [this] { loader_.cancel(); });
  return loader_.next();
}

Napi::Function ClipLoaderHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeClipLoader",
      {InstanceAccessor<&ClipLoaderHandle::clips>("clips"), InstanceMethod<&ClipLoaderHandle::next>("next"),
       InstanceMethod<&ClipLoaderHandle::mean>("mean"), InstanceMethod<&ClipLoaderHandle::close>("close")});
}

Napi::Value ClipLoaderHandle::clips(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), static_cast<double>(native()->clips())); });
}

Napi::Value ClipLoaderHandle::next(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    return Environment::of(env).tasks->start(
        env, holderOf(info[0]), [stream = native(), target = toTarget(info[0])](Task& task) -> ToJs {
          useComputeThreads(1);  // turning pixels into floats is no work to start a team of threads for
          auto batch = stream->next(task.cancellation());
          if (!batch) return [](Napi::Env e) { return e.Null(); };
          write(*batch, *stream, target);
          const video::ClipBatch told{{}, batch->clips, batch->unreadable};
          stream->recycle(std::move(*batch));
          return [stream, told](Napi::Env e) { return describeBatch(e, told, *stream); };
        });
  });
}

Napi::Value ClipLoaderHandle::mean(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    return startComputing(env, info[0].As<Napi::Function>(), [stream = native()](Task& task) -> ToJs {
      video::ClipMean mean(stream->layout());
      std::vector<video::UnreadableClip> unreadable;
      while (const auto batch = stream->next(task.cancellation())) {
        mean.add(*batch);
        unreadable.insert(unreadable.end(), batch->unreadable.begin(), batch->unreadable.end());
        task.emitDroppable([done = mean.clips(), total = stream->clips()](Napi::Env e) {
          auto event = Napi::Object::New(e);
          event.Set("done", static_cast<double>(done));
          event.Set("total", static_cast<double>(total));
          return event;
        });
      }
      if (mean.clips() == 0) throw Error(ErrorCode::EmptyDataset, "There is no clip to take the mean of.");
      return [stream, unreadable, clips = mean.clips(), channels = mean.channels(),
              cube = mean.cube()](Napi::Env e) {
        auto list = Napi::Array::New(e);
        for (const auto channel : channels) list.Set(list.Length(), channel);
        auto values = Napi::Float32Array::New(e, cube.size());
        std::memcpy(values.Data(), cube.data(), cube.size() * sizeof(float));
        auto result = Napi::Object::New(e);
        result.Set("clips", static_cast<double>(clips));
        result.Set("channels", list);
        result.Set("cube", values);
        result.Set("unreadable", toJs(e, stream->videos(), unreadable));
        return result;
      };
    });
  });
}

void ClipLoaderHandle::close(const Napi::CallbackInfo&) {
  if (!isOpen()) return;
  native()->cancel();
  release();
}

Napi::Value createClipLoader(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto request = info[0].As<Napi::Object>();
    const auto items = object(request, "items");
    const auto clip = object(request, "clip");
    const auto preprocessing = object(request, "preprocessing");
    const auto layout =
        toClipLayout(integer(clip, "frames"), integer(clip, "height"), integer(clip, "width"), preprocessing);
    auto& environment = Environment::of(env);
    return environment.tasks->start(
        env,
        [&environment, layout, videos = VideoSetHandle::unwrap(items.Get("set"))->native(),
         labelled = toItems(items), pixels = toPreprocessing(preprocessing, layout),
         sampling = toSampling(object(request, "sampling")),
         seed = static_cast<std::uint64_t>(integer(request, "seed")),
         epoch = static_cast<std::uint64_t>(integer(request, "epoch")),
         loading = toLoaderOptions(static_cast<std::size_t>(integer(request, "batchSize")),
                                   object(request, "loader")),
         cache = isNull(request, "cache")
                     ? nullptr
                     : ClipCacheHandle::unwrap(request.Get("cache"))->native()](Task&) -> ToJs {
          auto clips = video::sampleClips(*videos, labelled, layout, sampling, seed, epoch);
          auto options = loading;
          options.cache = cache;
          const auto stream = std::make_shared<ClipStream>(videos, std::move(clips), layout, pixels, options);
          return [&environment, stream](Napi::Env e) {
            return ClipLoaderHandle::create(e, environment.clipLoaderClass, stream);
          };
        });
  });
}

}  // namespace c3d::addon
