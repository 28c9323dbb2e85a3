#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/video/frame_source.h"
#include "ffmpeg/frame_converter.h"
#include "ffmpeg/video_decoder.h"

namespace c3d::ffmpeg {

/// Reads the frames of an indexed file by their place, the same as a decoding from the start would give. It
/// seeks where timestamps or pixels tell where a seek landed, and decodes from the start where not.
class VideoSource final : public video::FrameSource {
 public:
  /// `index` must be of this file, which the first read opens.
  VideoSource(std::filesystem::path file, video::FrameIndex index, const video::FrameFormat& format);

  void read(std::span<const std::int64_t> places, std::span<std::uint8_t> out,
            const Cancellation& cancellation) override;

 private:
  const AVFrame& frameAt(std::int64_t place, const Cancellation& cancellation);
  const AVFrame* tryFrameAt(std::int64_t place, const Cancellation& cancellation);
  bool approach(std::int64_t place, const Cancellation& cancellation);
  bool seek(std::int64_t key, std::int64_t place, const Cancellation& cancellation);
  bool seekByPixels(std::int64_t key, std::int64_t place, const Cancellation& cancellation);
  void leaveOutBefore(std::int64_t place);
  bool advance(std::int64_t place, const Cancellation& cancellation);
  std::optional<std::int64_t> placeOfLatest(std::int64_t place) const;
  void open(const Cancellation& cancellation);
  void close();
  std::int64_t keyFrameBefore(std::int64_t place) const;
  std::int64_t keyFrameLike(std::uint64_t digest, std::int64_t place) const;
  std::optional<std::int64_t> placeOf(std::int64_t timestamp) const;

  std::filesystem::path file_;
  video::FrameIndex index_;
  std::size_t frameBytes_;
  FrameConverter converter_;
  bool isTimed_;  // timestamps tell which frame one is
  bool seekable_;
  std::unique_ptr<VideoDecoder> decoder_;
  const AVFrame* frame_ = nullptr;  // the latest, at place next_ - 1; belongs to decoder_
  std::int64_t next_ = 0;           // place of the frame that the decoder gives next
  bool isLost_ = false;             // frames were left out, and only pixels tell which one comes
  bool unproven_ = false;           // whether short cuts were taken, so that frames must be checked
};

}  // namespace c3d::ffmpeg
