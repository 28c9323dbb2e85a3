#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace c3d {

/// A part of a stretch of memory, in bytes from its start.
struct MemoryRange {
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// Deals out ranges of one stretch of memory: the smallest free range that is large enough, of equal ones the
/// lowest. Neighbours that are free become one range again. Knows offsets only and touches no memory.
class RangeAllocator {
 public:
  explicit RangeAllocator(std::size_t size);

  /// The offset of `size` bytes; nothing where no free range is large enough.
  std::optional<std::size_t> allocate(std::size_t size);

  /// Takes back what starts at `offset`, and returns it.
  MemoryRange free(std::size_t offset);

  /// What is free, lowest first.
  std::vector<MemoryRange> freeRanges() const;

 private:
  void addFree(MemoryRange range);
  void removeFree(MemoryRange range);

  std::map<std::size_t, std::size_t> used_;                   // size by offset
  std::map<std::size_t, std::size_t> free_;                   // size by offset
  std::set<std::pair<std::size_t, std::size_t>> freeBySize_;  // (size, offset)
};

}  // namespace c3d
