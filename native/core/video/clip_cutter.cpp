#include "core/video/clip_cutter.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "core/video/colour.h"
#include "core/video/resize.h"

namespace c3d::video {
namespace {

constexpr std::size_t kChannels = 3;

void mirror(std::uint8_t* row, std::size_t pixels) {
  std::uint8_t* left = row;
  std::uint8_t* right = row + (pixels - 1) * kChannels;
  for (; left < right; left += kChannels, right -= kChannels) std::swap_ranges(left, left + kChannels, right);
}

void copyMirrored(const std::uint8_t* row, std::size_t pixels, std::uint8_t* out) {
  const std::uint8_t* pixel = row + pixels * kChannels;
  // Four bytes at once, of which the fourth is written over by the next pixel, are faster than three by
  // three.
  for (; pixels > 1; --pixels, out += kChannels) {
    pixel -= kChannels;
    std::memcpy(out, pixel, kChannels + 1);
  }
  std::memcpy(out, row, kChannels);
}

}  // namespace

void cutClip(const ClipSpec& clip, const ClipLayout& layout, const FrameFormat& frame, const FindFrame& find,
             std::span<std::uint8_t> out) {
  const Window& window = clip.window;
  const std::size_t sourceRow = std::size_t(frame.width) * kChannels;
  const std::size_t rowPixels = std::size_t(layout.width);
  const std::size_t outRow = rowPixels * kChannels;
  std::optional<Resizer> resizer;
  if (window.width != layout.width || window.height != layout.height)
    resizer.emplace(window.width, window.height, layout.width, layout.height);
  std::uint8_t* to = out.data();
  for (int i = 0; i < layout.frames; ++i) {
    const std::uint8_t* row =
        find(clip.place(i)) + std::size_t(window.y) * sourceRow + std::size_t(window.x) * kChannels;
    // The channels are in the layout's order already; "Rgb" leaves them so.
    if (resizer) resizer->resize(row, std::ptrdiff_t(sourceRow), to, ChannelOrder::Rgb);
    for (int y = 0; y < layout.height; ++y, to += outRow, row += sourceRow) {
      if (resizer) {
        if (clip.flip) mirror(to, rowPixels);
      } else if (clip.flip) {
        copyMirrored(row, rowPixels, to);
      } else {
        std::copy_n(row, outRow, to);
      }
    }
  }
  changeColour(out, layout.order, clip.colour);
}

}  // namespace c3d::video
