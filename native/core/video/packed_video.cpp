#include "core/video/packed_video.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/runtime/pending_file.h"
#include "core/video/hash.h"
#include "core/video/mapped_file.h"
#include "core/video/picture_limits.h"
#include "core/video/resize.h"

namespace c3d::video {
namespace {

static_assert(std::endian::native == std::endian::little, "the header holds little-endian numbers");

constexpr const char* kExtension = ".c3dframes";
constexpr std::array<char, 8> kMagic{'C', '3', 'D', 'F', 'R', 'M', 'S', '1'};
constexpr std::size_t kPixelsAt = 4096;  // a page, so that frames can be mapped
constexpr std::int64_t kFramesAtOnce = 32;
constexpr std::size_t kChannels = 3;

/// What a file begins with; zeros follow up to the pixels.
struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::int64_t frames = 0;
  double framesPerSecond = 0;
  std::uint64_t pixelHash = 0;   // of all pixels
  std::uint64_t headerHash = 0;  // of what is before
};
static_assert(sizeof(Header) == 48);

std::uint64_t hashOfHeader(const Header& header) {
  return hashOf({reinterpret_cast<const char*>(&header), offsetof(Header, headerHash)});
}

[[noreturn]] void unreadable(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorCode::VideoUnreadable, "Cannot read \"" + file.string() + "\": " + reason + ".");
}

std::size_t frameBytesOf(std::int64_t width, std::int64_t height) {
  return std::size_t(width) * std::size_t(height) * kChannels;
}

Header readHeader(const std::filesystem::path& file) {
  std::error_code failure;
  const auto status = std::filesystem::status(file, failure);
  if (status.type() == std::filesystem::file_type::not_found)
    throw Error(ErrorCode::FileNotFound, "There is no video \"" + file.string() + "\".");
  if (!std::filesystem::is_regular_file(status)) unreadable(file, "it is not a regular file");
  Header header;
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!stream || header.magic != kMagic)
    unreadable(file, "it is no packed video, or its beginning is missing");
  if (header.headerHash != hashOfHeader(header) || header.frames < 1 ||
      !isPictureSizeAllowed(header.width, header.height))
    unreadable(file, "its header is damaged; pack the video again");
  return header;
}

/// Mixes words rather than bytes: all pixels of a data set go through it.
class PixelHash {
 public:
  void add(const std::uint8_t* bytes, std::size_t count) {
    for (; count >= sizeof(std::uint64_t); count -= sizeof(std::uint64_t), bytes += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, bytes, sizeof word);
      mix(word);
    }
    for (; count > 0; --count) mix(*bytes++);
  }
  std::uint64_t value() const { return hash_; }

 private:
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 32;
  }
  std::uint64_t hash_ = 0;
};

std::shared_ptr<const std::uint8_t> mapPixels(const std::filesystem::path& file, std::size_t frameBytes,
                                              std::int64_t frames) {
  const auto mapped = mapFile(file, kPixelsAt + frameBytes * std::size_t(frames));
  if (!mapped) unreadable(file, "it is shorter or longer than its header says; pack the video again");
  return {mapped, mapped.get() + kPixelsAt};
}

class PackedVideo final : public FrameSource {
 public:
  PackedVideo(std::filesystem::path file, const FrameIndex& index, const FrameFormat& format)
      : file_(std::move(file)),
        frames_(index.frameCount),
        storedBytes_(frameBytesOf(index.width, index.height)),
        storedRow_(std::ptrdiff_t(index.width) * std::ptrdiff_t(kChannels)),
        format_(format),
        resizer_(index.width, index.height, format.width, format.height) {}

  void read(std::span<const std::int64_t> places, std::span<std::uint8_t> out,
            const Cancellation& cancellation) override {
    if (!pixels_) pixels_ = mapPixels(file_, storedBytes_, frames_);
    const std::size_t frameBytes = frameBytesOf(format_.width, format_.height);
    for (std::size_t i = 0; i < places.size(); ++i) {
      cancellation.throwIfRequested();
      requireFrame(places[i]);
      const std::uint8_t* stored = pixels_.get() + std::size_t(places[i]) * storedBytes_;
      // Also where the sizes are equal: the rule is exact then.
      resizer_.resize(stored, storedRow_, out.data() + i * frameBytes, format_.order);
    }
  }

 private:
  void requireFrame(std::int64_t place) const {
    if (place >= 0 && place < frames_) return;
    throw Error(ErrorCode::InvalidArgument, "There is no frame " + std::to_string(place) + " in \"" +
                                                file_.string() + "\", which has " + std::to_string(frames_) +
                                                ".");
  }

  std::filesystem::path file_;
  std::int64_t frames_;
  std::size_t storedBytes_;
  std::ptrdiff_t storedRow_;
  FrameFormat format_;
  Resizer resizer_;
  std::shared_ptr<const std::uint8_t> pixels_;
};

}  // namespace

bool isPackedVideo(const std::filesystem::path& file) {
  return file.extension() == kExtension;
}

FrameIndex indexPackedVideo(const std::filesystem::path& file, const Cancellation& cancellation) {
  const Header header = readHeader(file);
  const std::size_t frameBytes = frameBytesOf(header.width, header.height);
  const auto pixels = mapPixels(file, frameBytes, header.frames);
  PixelHash hash;
  for (std::int64_t frame = 0; frame < header.frames; ++frame) {
    cancellation.throwIfRequested();
    hash.add(pixels.get() + std::size_t(frame) * frameBytes, frameBytes);
  }
  if (hash.value() != header.pixelHash) unreadable(file, "its pixels are damaged; pack the video again");
  FrameIndex index;
  index.frameCount = header.frames;
  index.width = int(header.width);
  index.height = int(header.height);
  index.framesPerSecond = header.framesPerSecond;
  index.codec = "packed";
  index.fingerprint = header.pixelHash;
  return index;
}

std::unique_ptr<FrameSource> openPackedVideo(const std::filesystem::path& file, const FrameIndex& index,
                                             const FrameFormat& format) {
  return std::make_unique<PackedVideo>(file, index, format);
}

void packVideo(const MediaLibrary& media, const IndexedVideo& video, std::int64_t start, std::int64_t end,
               const ResizeRule& resize, const std::filesystem::path& target,
               const Cancellation& cancellation) {
  if (start < 0 || start >= end || end > video.index.frameCount)
    throw Error(ErrorCode::InvalidArgument,
                "Frames " + std::to_string(start) + " to " + std::to_string(end) + " were asked for of \"" +
                    video.path.string() + "\", which has " + std::to_string(video.index.frameCount) + ".");
  ClipLayout layout;
  layout.resize = resize;
  const FrameFormat format = layout.frameOf(video.index.width, video.index.height);
  Header header;
  header.width = std::uint32_t(format.width);
  header.height = std::uint32_t(format.height);
  header.frames = end - start;
  header.framesPerSecond = video.index.framesPerSecond;

  const auto source = media.open(video.path, video.index, format);
  const std::size_t frameBytes = frameBytesOf(format.width, format.height);
  PixelHash hash;
  PendingFile file(target);
  std::vector<char> beginning(kPixelsAt);
  file.write(beginning.data(), beginning.size());
  std::vector<std::uint8_t> frames;
  for (std::int64_t first = start; first < end; first += kFramesAtOnce) {
    std::vector<std::int64_t> places(std::size_t(std::min(kFramesAtOnce, end - first)));
    std::iota(places.begin(), places.end(), first);
    frames.resize(places.size() * frameBytes);
    source->read(places, frames, cancellation);
    for (std::size_t i = 0; i < frames.size(); i += frameBytes) hash.add(frames.data() + i, frameBytes);
    file.write(frames.data(), frames.size());
  }
  // The header holds the hash, so that it is known last.
  header.pixelHash = hash.value();
  header.headerHash = hashOfHeader(header);
  std::memcpy(beginning.data(), &header, sizeof header);
  file.writeBeginning(beginning.data(), beginning.size());
  file.commit();
}

}  // namespace c3d::video
