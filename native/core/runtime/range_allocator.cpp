#include "core/runtime/range_allocator.h"

#include <iterator>

namespace c3d {

RangeAllocator::RangeAllocator(std::size_t size) {
  addFree({0, size});
}

std::optional<std::size_t> RangeAllocator::allocate(std::size_t size) {
  const auto best = freeBySize_.lower_bound({size, 0});
  if (best == freeBySize_.end()) return std::nullopt;
  const MemoryRange range{best->second, best->first};
  removeFree(range);
  if (range.size > size) addFree({range.offset + size, range.size - size});
  used_.emplace(range.offset, size);
  return range.offset;
}

MemoryRange RangeAllocator::free(std::size_t offset) {
  const auto used = used_.extract(offset);
  const MemoryRange freed{offset, used.mapped()};
  auto merged = freed;
  if (const auto next = free_.find(freed.offset + freed.size); next != free_.end()) {
    merged.size += next->second;
    removeFree({next->first, next->second});
  }
  if (const auto next = free_.lower_bound(offset); next != free_.begin()) {
    const auto before = *std::prev(next);
    if (before.first + before.second == offset) {
      removeFree({before.first, before.second});
      merged = {before.first, before.second + merged.size};
    }
  }
  addFree(merged);
  return freed;
}

std::vector<MemoryRange> RangeAllocator::freeRanges() const {
  std::vector<MemoryRange> ranges;
  for (const auto& [offset, size] : free_) ranges.push_back({offset, size});
  return ranges;
}

void RangeAllocator::addFree(MemoryRange range) {
  free_.emplace(range.offset, range.size);
  freeBySize_.emplace(range.size, range.offset);
}

void RangeAllocator::removeFree(MemoryRange range) {
  free_.erase(range.offset);
  freeBySize_.erase({range.size, range.offset});
}

}  // namespace c3d
