#include "addon/video_writer_handle.h"

#include "addon/environment.h"
#include "addon/properties.h"

namespace c3d::addon {
namespace {

/// From an object of texts.
video::VideoWriterOptions::Settings toSettings(const Napi::Object& source) {
  video::VideoWriterOptions::Settings settings;
  const auto names = source.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const auto name = names.Get(i).As<Napi::String>().Utf8Value();
    settings.emplace_back(name, text(source, name.c_str()));
  }
  return settings;
}

video::VideoWriterOptions toWriterOptions(const Napi::Object& source) {
  video::VideoWriterOptions options;
  options.width = static_cast<int>(integer(source, "width"));
  options.height = static_cast<int>(integer(source, "height"));
  options.framesPerSecond = number(source, "framesPerSecond");
  options.ticksPerSecond = static_cast<int>(integer(source, "ticksPerSecond"));
  options.container = text(source, "container");
  options.encoder = text(source, "encoder");
  options.pixelFormat = text(source, "pixelFormat");
  options.encoderSettings = toSettings(object(source, "encoderSettings"));
  options.containerSettings = toSettings(object(source, "containerSettings"));
  options.matrix = text(source, "matrix") == "bt709" ? video::ColorMatrix::Bt709 : video::ColorMatrix::Bt601;
  options.fullRange = boolean(source, "fullRange");
  options.rotation = static_cast<int>(integer(source, "rotation"));
  return options;
}

}  // namespace

Napi::Function VideoWriterHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeVideoWriter",
                     {InstanceMethod<&VideoWriterHandle::write>("write"),
                      InstanceMethod<&VideoWriterHandle::finish>("finish")});
}

void VideoWriterHandle::write(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const auto frame = typedArray<Napi::Uint8Array>(info[0], napi_uint8_array, "frame");
    std::optional<std::int64_t> time;
    if (!info[1].IsUndefined()) time = info[1].As<Napi::Number>().Int64Value();
    native()->write({frame.Data(), frame.ElementLength()}, time);
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
    std::shared_ptr<video::VideoWriter> writer = environment.media->videos().create(
        info[0].As<Napi::String>().Utf8Value(), toWriterOptions(info[1].As<Napi::Object>()));
    return VideoWriterHandle::create(env, environment.videoWriterClass, std::move(writer));
  });
}

}  // namespace c3d::addon
