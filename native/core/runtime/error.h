#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace c3d {

/// What went wrong, for programs; the message is for people. `toString` gives the `code` of the JavaScript
/// C3DError.
enum class ErrorCode {
  InvalidArgument,  // a value that cannot be used
  Architecture,     // layers that do not fit together
  FileNotFound,     // nothing at this path
  File,             // a file that cannot be read or written
  Weights,          // a weight file that does not fit the model, or is damaged
  VideoUnreadable,  // a video or frame folder that cannot be opened or decoded
  FfmpegMissing,    // a video needs FFmpeg and the plug-in cannot be loaded
  ImagesMissing,    // a frame folder needs libjpeg or libpng and the build has none
  EmptyDataset,     // no clip to train on or to evaluate
  Device,           // a device that is not there
  OutOfMemory,      // the device or the machine has no memory left
  NonFiniteLoss,    // NaN or infinity in the loss
  Aborted,          // stopped on request
  Closed,           // used after close()
  Internal          // a defect of this library
};

constexpr const char* toString(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "C3D_INVALID_ARGUMENT";
    case ErrorCode::Architecture:
      return "C3D_ARCHITECTURE";
    case ErrorCode::FileNotFound:
      return "C3D_FILE_NOT_FOUND";
    case ErrorCode::File:
      return "C3D_FILE";
    case ErrorCode::Weights:
      return "C3D_WEIGHTS";
    case ErrorCode::VideoUnreadable:
      return "C3D_VIDEO_UNREADABLE";
    case ErrorCode::FfmpegMissing:
      return "C3D_FFMPEG_MISSING";
    case ErrorCode::ImagesMissing:
      return "C3D_IMAGES_MISSING";
    case ErrorCode::EmptyDataset:
      return "C3D_EMPTY_DATASET";
    case ErrorCode::Device:
      return "C3D_DEVICE";
    case ErrorCode::OutOfMemory:
      return "C3D_OUT_OF_MEMORY";
    case ErrorCode::NonFiniteLoss:
      return "C3D_NON_FINITE_LOSS";
    case ErrorCode::Aborted:
      return "C3D_ABORTED";
    case ErrorCode::Closed:
      return "C3D_CLOSED";
    case ErrorCode::Internal:
      return "C3D_INTERNAL";
  }
  return "C3D_INTERNAL";
}

/// The one exception type of the library. Messages say what was expected, what came, where, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace c3d
