#include <string>

#include "core/video/video_backend.h"
#include "ffmpeg/av_pointers.h"
#include "ffmpeg/video_index.h"
#include "ffmpeg/video_source.h"
#include "ffmpeg/video_writer.h"

#if defined(_WIN32)
#define C3D_EXPORT __declspec(dllexport)
#else
#define C3D_EXPORT __attribute__((visibility("default")))
#endif

namespace c3d::ffmpeg {
namespace {

class FfmpegBackend final : public video::VideoBackend {
 public:
  FfmpegBackend() { av_log_set_level(AV_LOG_QUIET); }  // a library does not print

  std::string description() const override {
    const unsigned version = avformat_version();
    return std::string("FFmpeg ") + av_version_info() + " (libavformat " +
           std::to_string(AV_VERSION_MAJOR(version)) + "." + std::to_string(AV_VERSION_MINOR(version)) + "." +
           std::to_string(AV_VERSION_MICRO(version)) + ")";
  }

  video::FrameIndex index(const std::filesystem::path& file, video::FrameSink* sink,
                          const Cancellation& cancellation) const override {
    return indexVideo(file, sink, cancellation);
  }

  std::unique_ptr<video::FrameSource> open(const std::filesystem::path& file, const video::FrameIndex& index,
                                           const video::FrameFormat& format) const override {
    return std::make_unique<VideoSource>(file, index, format);
  }

  std::unique_ptr<video::VideoWriter> create(const std::filesystem::path& file,
                                             const video::VideoWriterOptions& options) const override {
    return createVideoFile(file, options);
  }
};

}  // namespace
}  // namespace c3d::ffmpeg

extern "C" {

C3D_EXPORT int c3d_video_backend_version() {
  return c3d::video::kVideoBackendVersion;
}

C3D_EXPORT const c3d::video::VideoBackend* c3d_video_backend() {
  static const c3d::ffmpeg::FfmpegBackend backend;
  return &backend;
}
}
