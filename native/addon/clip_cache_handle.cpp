#include "addon/clip_cache_handle.h"

#include "addon/conversions.h"
#include "addon/environment.h"

namespace c3d::addon {

Napi::Function ClipCacheHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeClipCache",
      {InstanceMethod<&ClipCacheHandle::use>("use"), InstanceMethod<&ClipCacheHandle::close>("close")});
}

Napi::Value ClipCacheHandle::use(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto use = native()->use();
    auto object = Napi::Object::New(info.Env());
    object.Set("bytes", static_cast<double>(use.bytes));
    object.Set("maxBytes", static_cast<double>(use.limit));
    object.Set("problem", use.problem);
    return object;
  });
}

void ClipCacheHandle::close(const Napi::CallbackInfo&) {
  release();
}

Napi::Value openClipCache(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    auto& environment = Environment::of(env);
    return environment.tasks->start(
        env, [&environment, makeCache = toFrameCache(info[0].As<Napi::Object>())](Task&) -> ToJs {
          const auto cache = makeCache();
          return [&environment, cache](Napi::Env e) -> Napi::Value {
            if (!cache) return e.Null();
            return ClipCacheHandle::create(e, environment.clipCacheClass, cache);
          };
        });
  });
}

}  // namespace c3d::addon
