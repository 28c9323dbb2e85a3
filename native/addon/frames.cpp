#include "addon/frames.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/properties.h"
#include "addon/video_set_handle.h"
#include "core/video/packed_video.h"
#include "core/video/read_frames.h"

namespace c3d::addon {
namespace {

video::FrameFormat toFrameFormat(const Napi::Object& format) {
  return {static_cast<int>(integer(format, "width")), static_cast<int>(integer(format, "height")),
          text(format, "channelOrder") == "bgr" ? video::ChannelOrder::Bgr : video::ChannelOrder::Rgb};
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

Napi::Value packVideo(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    auto& environment = Environment::of(env);
    const auto request = info[0].As<Napi::Object>();
    const auto videos = VideoSetHandle::unwrap(request.Get("set"))->native();
    const auto place = static_cast<std::size_t>(integer(request, "video"));
    if (place >= videos->videos().size())
      throw Error(ErrorCode::InvalidArgument, "There is no video " + std::to_string(place) + " in this set.");
    return environment.tasks->start(
        env,
        [videos, place, start = integer(request, "start"), end = integer(request, "end"),
         resize = toResizeRule(object(request, "resize")), file = text(request, "file")](Task& task) -> ToJs {
          video::packVideo(videos->media(), videos->videos()[place], start, end, resize, file,
                           task.cancellation());
          return nullptr;
        });
  });
}

}  // namespace c3d::addon
