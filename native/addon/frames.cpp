#include "addon/frames.h"

#include <cstdint>
#include <span>
#include <vector>

#include "addon/environment.h"
#include "addon/properties.h"
#include "addon/video_set_handle.h"
#include "core/video/read_frames.h"

namespace c3d::addon {
namespace {

video::FrameFormat toFrameFormat(const Napi::Object& format) {
  return {static_cast<int>(integer(format, "width")), static_cast<int>(integer(format, "height")),
          text(format, "channelOrder") == "bgr" ? video::ChannelOrder::Bgr : video::ChannelOrder::Rgb};
}

/// A function that does nothing but keep `array` from being collected. A task holds its callback until its
/// thread has ended.
Napi::Function holderOf(const Napi::Uint8Array& array) {
  auto holder = Napi::Function::New(array.Env(), [](const Napi::CallbackInfo&) {}, "holder");
  holder.Set("array", array);
  return holder;
}

}  // namespace

Napi::Value readFrames(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto videos = VideoSetHandle::unwrap(info[0])->native();
    const auto video = info[1].As<Napi::Number>().Int64Value();
    const auto numbers = typedArray<Napi::Float64Array>(info[2], napi_float64_array, "places");
    const std::vector<std::int64_t> places(numbers.Data(), numbers.Data() + numbers.ElementLength());
    const auto format = toFrameFormat(info[3].As<Napi::Object>());
    auto array = typedArray<Napi::Uint8Array>(info[4], napi_uint8_array, "out");
    const std::span<std::uint8_t> out(array.Data(), array.ElementLength());
    return Environment::of(env).tasks->start(
        env, holderOf(array), [videos, video, places, format, out](Task& task) -> ToJs {
          video::readFrames(*videos, video, places, format, out, task.cancellation());
          return nullptr;
        });
  });
}

}  // namespace c3d::addon
