#include "core/video/image_file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <system_error>

#include "core/runtime/error.h"
#include "core/video/picture_limits.h"

#ifdef C3D_WITH_JPEG
#include <jpeglib.h>
// jerror.h must come after jpeglib.h.
#include <jerror.h>
#endif
#ifdef C3D_WITH_PNG
#include <png.h>
#endif

namespace c3d::video {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t(256) * 1024 * 1024;

using Bytes = std::vector<std::uint8_t>;

[[noreturn]] void unreadable(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorCode::VideoUnreadable,
              "Cannot read the picture \"" + file.string() + "\": " + reason + ".");
}

#if defined(C3D_WITH_JPEG) || defined(C3D_WITH_PNG)
Bytes readBytes(const std::filesystem::path& file) {
  std::error_code failure;
  const auto status = std::filesystem::status(file, failure);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::FileNotFound, "There is no picture \"" + file.string() + "\".");
  }
  if (!std::filesystem::is_regular_file(status)) unreadable(file, "it is not a regular file");
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  if (failure) unreadable(file, failure.message());
  if (size == 0) unreadable(file, "the file is empty");
  if (size > kMaxFileBytes) unreadable(file, "the file is larger than 256 MiB");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) unreadable(file, std::generic_category().message(errno));
  Bytes bytes(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size));
  if (stream.gcount() != std::streamsize(size)) unreadable(file, "it could not be read to its end");
  return bytes;
}

/// Makes room for a picture whose header has been read.
void allocate(const std::filesystem::path& file, std::int64_t width, std::int64_t height, Image& image) {
  if (!isPictureSizeAllowed(width, height)) {
    unreadable(file, "it claims " + std::to_string(width) + "x" + std::to_string(height) +
                         " pixels; at most 16384 a side and 64 million in all are accepted");
  }
  image.width = int(width);
  image.height = int(height);
  image.pixels.resize(std::size_t(width) * std::size_t(height) * 3);
}
#endif

#ifdef C3D_WITH_JPEG

/// libjpeg's error handler: remembers the message and jumps back to JpegDecoder::guarded.
struct JpegErrors {
  jpeg_error_mgr base;  // first, so that a pointer to it is a pointer to this
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];

  static JpegErrors& of(j_common_ptr info) { return *reinterpret_cast<JpegErrors*>(info->err); }

  [[noreturn]] static void onError(j_common_ptr info) {
    JpegErrors& self = of(info);
    info->err->format_message(info, self.message);
    std::longjmp(self.back, 1);
  }

  /// libjpeg only warns of data that is cut off or damaged, and makes up the missing pixels.
  static void onMessage(j_common_ptr info, int level) {
    if (level >= 0) return;
    const int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) onError(info);
  }

  static void onOutput(j_common_ptr) {}
};

/// Owns a libjpeg decompressor. Errors of libjpeg come by longjmp, which may cross no C++ object that has a
/// destructor; so every call of it runs inside `guarded`, and nothing else does.
class JpegDecoder {
 public:
  explicit JpegDecoder(const std::filesystem::path& file) : file_(file) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = JpegErrors::onError;
    errors_.base.emit_message = JpegErrors::onMessage;
    errors_.base.output_message = JpegErrors::onOutput;
    guarded([this] { jpeg_create_decompress(&info_); });
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  void decode(std::span<const std::uint8_t> bytes, Image& image) {
    guarded([this, bytes] {
      jpeg_mem_src(&info_, const_cast<unsigned char*>(bytes.data()),
                   static_cast<unsigned long>(bytes.size()));
      jpeg_read_header(&info_, TRUE);
    });
    if (info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK) {
      unreadable(file_, "CMYK pictures are not supported; convert it to RGB");
    }
    allocate(file_, info_.image_width, info_.image_height, image);
    std::uint8_t* pixels = image.pixels.data();
    guarded([this, pixels] {
      info_.out_color_space = JCS_RGB;
      info_.dct_method = JDCT_ISLOW;
      jpeg_start_decompress(&info_);
      while (info_.output_scanline < info_.output_height) {
        JSAMPROW row = pixels + std::size_t(info_.output_scanline) * info_.output_width * 3;
        jpeg_read_scanlines(&info_, &row, 1);
      }
      jpeg_finish_decompress(&info_);
    });
  }

 private:
  template <typename Call>
  void guarded(Call call) {
    if (setjmp(errors_.back) != 0) unreadable(file_, errors_.message);
    call();
  }

  const std::filesystem::path& file_;
  JpegErrors errors_{};
  jpeg_decompress_struct info_{};
};

#endif  // C3D_WITH_JPEG

#ifdef C3D_WITH_PNG

/// libpng's simplified reader, which catches its own errors and converts every kind of PNG to 8-bit RGB.
class PngDecoder {
 public:
  explicit PngDecoder(const std::filesystem::path& file) : file_(file) { png_.version = PNG_IMAGE_VERSION; }
  ~PngDecoder() { png_image_free(&png_); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  void decode(std::span<const std::uint8_t> bytes, Image& image) {
    check(png_image_begin_read_from_memory(&png_, bytes.data(), bytes.size()));
    png_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // or 16-bit samples would be taken for linear light
    allocate(file_, png_.width, png_.height, image);
    png_.format = PNG_FORMAT_RGB;
    const png_color black{};
    check(png_image_finish_read(&png_, &black, image.pixels.data(), 0, nullptr));
  }

 private:
  void check(int succeeded) {
    if (!succeeded) unreadable(file_, png_.message);
  }

  const std::filesystem::path& file_;
  png_image png_{};
};

#endif  // C3D_WITH_PNG

#if !defined(C3D_WITH_JPEG) || !defined(C3D_WITH_PNG)
[[noreturn]] void libraryMissing(const std::filesystem::path& file, const char* library, const char* apt,
                                 const char* dnf, const char* brew) {
  throw Error(ErrorCode::ImagesMissing,
              "Cannot read the picture \"" + file.string() + "\": this build of torch-c3d has no " + library +
                  ". Install it (Debian, Ubuntu: apt-get install -y " + apt + "; Fedora: dnf install -y " +
                  dnf + "; macOS: brew install " + brew +
                  "), then build the addon again with `npm rebuild torch-c3d` (in a clone: `npm install`).");
}
#endif

}  // namespace

ImageKind imageKind(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return char(std::tolower(letter)); });
  if (ending == ".jpg" || ending == ".jpeg") return ImageKind::Jpeg;
  if (ending == ".png") return ImageKind::Png;
  return ImageKind::None;
}

const char* toString(ImageKind kind) {
  switch (kind) {
    case ImageKind::Jpeg:
      return "jpeg";
    case ImageKind::Png:
      return "png";
    case ImageKind::None:
      return "";
  }
  return "";
}

std::vector<std::string> imageFormats() {
  std::vector<std::string> formats;
#ifdef C3D_WITH_JPEG
  formats.emplace_back(toString(ImageKind::Jpeg));
#endif
#ifdef C3D_WITH_PNG
  formats.emplace_back(toString(ImageKind::Png));
#endif
  return formats;
}

void readImage(const std::filesystem::path& file, [[maybe_unused]] Image& image) {
  switch (imageKind(file)) {
    case ImageKind::Jpeg:
#ifdef C3D_WITH_JPEG
      return JpegDecoder(file).decode(readBytes(file), image);
#else
      libraryMissing(file, "libjpeg", "libjpeg-dev", "libjpeg-turbo-devel", "jpeg-turbo");
#endif
    case ImageKind::Png:
#ifdef C3D_WITH_PNG
      return PngDecoder(file).decode(readBytes(file), image);
#else
      libraryMissing(file, "libpng", "libpng-dev", "libpng-devel", "libpng");
#endif
    case ImageKind::None:
      break;
  }
  unreadable(file, "its name ends in none of .jpg, .jpeg and .png");
}

}  // namespace c3d::video
