#include "addon/video_set_handle.h"

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/model_handle.h"
#include "addon/properties.h"

namespace c3d::addon {

Napi::Function VideoSetHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeVideoSet",
      {InstanceAccessor<&VideoSetHandle::videos>("videos"), InstanceMethod<&VideoSetHandle::close>("close")});
}

Napi::Value VideoSetHandle::videos(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    auto list = Napi::Array::New(info.Env());
    for (const auto& video : native()->videos()) list.Set(list.Length(), toJs(info.Env(), video));
    return list;
  });
}

void VideoSetHandle::close(const Napi::CallbackInfo&) {
  release();
}

namespace {

video::Keeping toKeeping(const Napi::Object& source) {
  return {ModelHandle::unwrap(source.Get("model"))->native()->layout, toSampling(object(source, "sampling")),
          static_cast<std::size_t>(integer(source, "maxBytes"))};
}

}  // namespace

Napi::Value indexVideos(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    auto& environment = Environment::of(env);
    std::vector<std::filesystem::path> paths;
    const auto list = info[0].As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length(); ++i)
      paths.emplace_back(list.Get(i).As<Napi::String>().Utf8Value());
    const auto settings = info[1].As<Napi::Object>();
    video::IndexingOptions options;
    options.threads = static_cast<int>(integer(settings, "threads"));
    if (!isNull(settings, "cache")) options.cache = text(settings, "cache");
    if (!isNull(settings, "keep")) options.keeping = toKeeping(object(settings, "keep"));
    return environment.tasks->start(
        env, info[2].As<Napi::Function>(),
        [&environment, media = environment.media, paths, options](Task& task) -> ToJs {
          const auto report = [&](std::size_t done, const video::IndexedVideo& latest) {
            task.emitDroppable([done, total = paths.size(), latest](Napi::Env e) {
              auto event = Napi::Object::New(e);
              event.Set("done", static_cast<double>(done));
              event.Set("total", static_cast<double>(total));
              event.Set("latest", toJs(e, latest));
              return event;
            });
          };
          auto set = video::VideoSet::index(media, paths, options, task.cancellation(), report);
          return [&environment, set](Napi::Env e) {
            return VideoSetHandle::create(e, environment.videoSetClass, set);
          };
        });
  });
}

}  // namespace c3d::addon
