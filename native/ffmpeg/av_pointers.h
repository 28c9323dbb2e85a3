#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace c3d::ffmpeg {

struct BytesDeleter {
  void operator()(AVIOContext* bytes) const { avio_closep(&bytes); }
};
struct InputDeleter {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct CodecDeleter {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct ScalerDeleter {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

/// An opened file; closes it.
using BytesPointer = std::unique_ptr<AVIOContext, BytesDeleter>;
using InputPointer = std::unique_ptr<AVFormatContext, InputDeleter>;
using CodecPointer = std::unique_ptr<AVCodecContext, CodecDeleter>;
using FramePointer = std::unique_ptr<AVFrame, FrameDeleter>;
using PacketPointer = std::unique_ptr<AVPacket, PacketDeleter>;
using ScalerPointer = std::unique_ptr<SwsContext, ScalerDeleter>;

/// FFmpeg's lists of options, one after the other in memory: its functions take the address of the first and
/// may change every one.
class Options {
 public:
  explicit Options(std::size_t lists = 1) : lists_(lists, nullptr) {}
  ~Options() {
    for (AVDictionary*& list : lists_) av_dict_free(&list);
  }
  Options(Options&& other) noexcept : lists_(std::exchange(other.lists_, {})) {}
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// Sets it in every list.
  void set(const char* name, const std::string& value) {
    for (AVDictionary*& list : lists_) av_dict_set(&list, name, value.c_str(), 0);
  }
  AVDictionary** first() { return lists_.data(); }

 private:
  std::vector<AVDictionary*> lists_;
};

}  // namespace c3d::ffmpeg
