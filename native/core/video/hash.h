#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace c3d::video {

/// FNV-1a: names cache entries and finds damaged ones; not for secrets.
constexpr std::uint64_t hashOf(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ std::uint8_t(byte)) * 0x100000001b3;
  return hash;
}

/// 16 hexadecimal digits.
inline std::string hexOf(std::uint64_t number) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i > 0; --i, number >>= 4) text[i - 1] = "0123456789abcdef"[number & 15];
  return text;
}

}  // namespace c3d::video
