#pragma once

#include <cstdint>
#include <span>

#include "core/video/clip.h"

namespace c3d::video {

/// Applies a change of colour to a clip: uint8 [..., 3], channels in `order`, in place.
void changeColour(std::span<std::uint8_t> pixels, ChannelOrder order, const ColourChange& change);

}  // namespace c3d::video
