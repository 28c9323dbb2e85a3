#include "core/video/natural_order.h"

#include <algorithm>

namespace c3d::video {
namespace {

bool isDigit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// The digits that `text` begins with, without leading zeros, taken off `text`.
std::string_view takeNumber(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), isDigit);
  std::string_view digits = text.substr(0, std::size_t(end - text.begin()));
  text.remove_prefix(digits.size());
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

}  // namespace

bool comesBefore(std::string_view a, std::string_view b) {
  std::string_view restOfA = a;
  std::string_view restOfB = b;
  while (!restOfA.empty() && !restOfB.empty()) {
    if (isDigit(restOfA.front()) && isDigit(restOfB.front())) {
      const std::string_view numberA = takeNumber(restOfA);
      const std::string_view numberB = takeNumber(restOfB);
      if (numberA.size() != numberB.size()) return numberA.size() < numberB.size();
      if (numberA != numberB) return numberA < numberB;
    } else {
      if (restOfA.front() != restOfB.front()) return restOfA.front() < restOfB.front();
      restOfA.remove_prefix(1);
      restOfB.remove_prefix(1);
    }
  }
  if (restOfA.empty() != restOfB.empty()) return restOfA.empty();
  return a < b;
}

}  // namespace c3d::video
