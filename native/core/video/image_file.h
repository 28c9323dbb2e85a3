#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace c3d::video {

/// A decoded picture: uint8 [height, width, 3], packed, channels in the order red, green, blue.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

enum class ImageKind { None, Jpeg, Png };

/// What a file is by the ending of its name (.jpg, .jpeg, .png in any case).
ImageKind imageKind(const std::filesystem::path& file);

/// "jpeg", "png".
const char* toString(ImageKind kind);

/// The formats that this build can read, e.g. {"jpeg", "png"}.
std::vector<std::string> imageFormats();

/// Decodes a .jpg, .jpeg or .png file into `image`, whose memory is used again. 16-bit samples are reduced to
/// 8, grey becomes RGB, transparent pixels become black. Throws Error(FileNotFound), Error(ImagesMissing)
/// where the build lacks the library, and Error(VideoUnreadable) for a file that is damaged, cut off or too
/// large.
void readImage(const std::filesystem::path& file, Image& image);

}  // namespace c3d::video
