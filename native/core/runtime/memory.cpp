#include "core/runtime/memory.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "core/runtime/cpu_memory.h"

namespace c3d {
namespace {

constexpr auto kAggregate = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

}  // namespace

DeviceMemory deviceMemory(const c10::Device& device) {
  if (device.is_cpu()) return {};
  const auto [free, total] = c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
  return {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
}

MemoryUse memoryUse(const c10::Device& device) {
  if (device.is_cpu()) {
    const auto [inUse, peak, idle] = cpu_memory::use();
    return {inUse, peak, idle};
  }
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  const auto& allocated = stats.allocated_bytes.at(kAggregate);
  const auto reserved = stats.reserved_bytes.at(kAggregate).current;
  return {static_cast<std::size_t>(allocated.current), static_cast<std::size_t>(allocated.peak),
          static_cast<std::size_t>(reserved - allocated.current)};
}

void resetPeakMemory(const c10::Device& device) {
  if (!device.is_cpu()) c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
}

std::int64_t peakMemory(const c10::Device& device) {
  if (device.is_cpu()) return 0;
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return stats.allocated_bytes.at(kAggregate).peak;
}

bool isOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  // c10's CPU allocator and the libraries below have no type of their own for it.
  constexpr std::array<std::string_view, 4> kTexts{"not enough memory", "can't allocate memory",
                                                   "Cannot allocate memory", "out of memory"};
  const std::string_view message = error.what();
  return std::ranges::any_of(kTexts, [&](auto text) { return message.find(text) != message.npos; });
}

}  // namespace c3d
