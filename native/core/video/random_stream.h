#pragma once

#include <cstdint>
#include <initializer_list>

namespace c3d::video {

/// A stream of random numbers that is a pure function of its keys: streams of different keys are independent,
/// and the numbers are the same on every platform, which those of <random>'s distributions are not.
/// Splitmix64.
class RandomStream {
 public:
  explicit RandomStream(std::initializer_list<std::uint64_t> keys) {
    for (const std::uint64_t key : keys) state_ = mix(state_ ^ mix(key + kStep)) + kStep;
  }

  std::uint64_t next() { return mix(state_ += kStep); }

  /// Uniform over 0 .. count-1, exactly; `count` is at least 1.
  std::uint64_t below(std::uint64_t count) {
    // The last, incomplete round of `count` numbers is thrown away: keeping it would favour the small ones.
    const std::uint64_t incomplete = (0 - count) % count;
    std::uint64_t number = next();
    while (number < incomplete) number = next();
    return number % count;
  }

  /// Uniform over from <= x < to.
  double between(double from, double to) { return from + (to - from) * fraction(); }

  /// True with the given probability; 0 is never and 1 is always.
  bool chance(double probability) { return fraction() < probability; }

 private:
  double fraction() { return double(next() >> 11) * 0x1.0p-53; }

  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

  static constexpr std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }

  std::uint64_t state_ = 0;
};

}  // namespace c3d::video
