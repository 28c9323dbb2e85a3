#include "addon/video_writer_handle.h"

#include "addon/environment.h"
#include "addon/properties.h"

namespace c3d::addon {

Napi::Function VideoWriterHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeVideoWriter",
                     {InstanceMethod<&VideoWriterHandle::write>("write"),
                      InstanceMethod<&VideoWriterHandle::finish>("finish")});
}

void VideoWriterHandle::write(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const auto frame = typedArray<Napi::Uint8Array>(info[0], napi_uint8_array, "frame");
    native()->write({frame.Data(), frame.ElementLength()});
  });
}

void VideoWriterHandle::finish(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    native()->finish();
    release();
  });
}

Napi::Value createVideo(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    auto& environment = Environment::of(env);
    const auto options = info[1].As<Napi::Object>();
    std::shared_ptr<video::VideoWriter> writer = environment.media->videos().create(
        info[0].As<Napi::String>().Utf8Value(),
        {static_cast<int>(integer(options, "width")), static_cast<int>(integer(options, "height")),
         number(options, "framesPerSecond")});
    return VideoWriterHandle::create(env, environment.videoWriterClass, std::move(writer));
  });
}

}  // namespace c3d::addon
