#include "core/video/frame_folder.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "core/video/image_file.h"
#include "core/video/natural_order.h"
#include "core/video/resize.h"

namespace c3d::video {
namespace {

/// Names of the folder's pictures, in order.
std::vector<std::string> pictureNames(const std::filesystem::path& folder, const Cancellation& cancellation) {
  std::vector<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    cancellation.throwIfRequested();
    std::string name = entry->path().filename().string();
    std::error_code unknownKind;
    if (name.starts_with('.') || imageKind(entry->path()) == ImageKind::None) continue;
    if (entry->is_regular_file(unknownKind)) names.push_back(std::move(name));
  }
  if (failure) {
    throw Error(ErrorCode::VideoUnreadable,
                "Cannot list the frame folder \"" + folder.string() + "\": " + failure.message() + ".");
  }
  std::sort(names.begin(), names.end(), comesBefore);
  return names;
}

class FrameFolder final : public FrameSource {
 public:
  FrameFolder(std::filesystem::path folder, std::vector<std::string> files, const FrameFormat& format)
      : folder_(std::move(folder)), files_(std::move(files)), format_(format) {}

  void read(std::span<const std::int64_t> places, std::span<std::uint8_t> out,
            const Cancellation& cancellation) override {
    const std::size_t frameBytes = format_.bytes();
    for (std::size_t i = 0; i < places.size(); ++i) {
      cancellation.throwIfRequested();
      std::uint8_t* frame = out.data() + i * frameBytes;
      if (i > 0 && places[i] == places[i - 1]) {
        std::copy_n(frame - frameBytes, frameBytes, frame);
      } else {
        readFrame(places[i], frame);
      }
    }
  }

 private:
  void readFrame(std::int64_t place, std::uint8_t* frame) {
    if (place < 0 || place >= std::int64_t(files_.size())) {
      throw Error(ErrorCode::InvalidArgument, "There is no frame " + std::to_string(place) + " in \"" +
                                                  folder_.string() + "\", which has " +
                                                  std::to_string(files_.size()) + ".");
    }
    readImage(folder_ / files_[std::size_t(place)], image_);
    if (!resizer_ || resizerWidth_ != image_.width || resizerHeight_ != image_.height) {
      resizer_.emplace(image_.width, image_.height, format_.width, format_.height);
      resizerWidth_ = image_.width;
      resizerHeight_ = image_.height;
    }
    resizer_->resize(image_.pixels.data(), std::ptrdiff_t(image_.width) * 3, frame, format_.order);
  }

  std::filesystem::path folder_;
  std::vector<std::string> files_;
  FrameFormat format_;
  Image image_;
  std::optional<Resizer> resizer_;
  int resizerWidth_ = 0;
  int resizerHeight_ = 0;
};

}  // namespace

FrameIndex indexFrameFolder(const std::filesystem::path& folder, const Cancellation& cancellation) {
  FrameIndex index;
  index.files = pictureNames(folder, cancellation);
  if (index.files.empty()) {
    throw Error(ErrorCode::VideoUnreadable,
                "The frame folder \"" + folder.string() + "\" holds no .jpg, .jpeg or .png file.");
  }
  const std::filesystem::path firstFile = folder / index.files.front();
  Image first;
  readImage(firstFile, first);
  index.frameCount = std::int64_t(index.files.size());
  index.width = first.width;
  index.height = first.height;
  index.codec = toString(imageKind(firstFile));
  return index;
}

std::unique_ptr<FrameSource> openFrameFolder(const std::filesystem::path& folder, const FrameIndex& index,
                                             const FrameFormat& format) {
  return std::make_unique<FrameFolder>(folder, index.files, format);
}

}  // namespace c3d::video
