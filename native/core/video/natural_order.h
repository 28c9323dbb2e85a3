#pragma once

#include <string_view>

namespace c3d::video {

/// Whether `a` comes before `b` when runs of digits count as numbers: "img2" before "img10", whatever the
/// zero padding. A strict order: names that differ only in padding are told apart too.
bool comesBefore(std::string_view a, std::string_view b);

}  // namespace c3d::video
