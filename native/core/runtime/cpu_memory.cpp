#include "core/runtime/cpu_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "core/runtime/range_allocator.h"

namespace c3d::cpu_memory {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kGranule = std::size_t{64} << 10;
constexpr std::size_t kSmallest = std::size_t{1} << 20;  // smaller tensors do not cost page faults with glibc
constexpr std::uint8_t kPriority = 100;                  // over LibTorch's own allocator, which has 0

std::size_t roundedUp(std::size_t bytes, std::size_t to) {
  return (bytes + to - 1) / to * to;
}

std::size_t physicalMemory() {
  return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Address space without memory, aligned to huge pages. Its size is 0 where there is none to be had.
class Stretch {
 public:
  explicit Stretch(std::size_t size) : mapped_(size + kHugePage) {
    base_ =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base_ == MAP_FAILED) return;
    const auto address = reinterpret_cast<std::uintptr_t>(base_);
    start_ = reinterpret_cast<std::byte*>(roundedUp(address, kHugePage));
    size_ = size;
#ifdef MADV_HUGEPAGE
    madvise(start_, size_, MADV_HUGEPAGE);
#endif
#ifdef MADV_DONTDUMP
    madvise(start_, size_, MADV_DONTDUMP);
#endif
  }
  ~Stretch() {
    if (base_ != MAP_FAILED) munmap(base_, mapped_);
  }
  Stretch(const Stretch&) = delete;
  Stretch& operator=(const Stretch&) = delete;

  std::byte* at(std::size_t offset) const { return start_ + offset; }
  std::size_t size() const { return size_; }
  bool holds(const void* pointer) const { return pointer >= start_ && pointer < start_ + size_; }
  std::size_t offsetOf(const void* pointer) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(pointer) - start_);
  }

  /// The kernel may take these pages when it needs some; until then they are as they were.
  void offer(MemoryRange range) const { advise(range, MADV_FREE); }
  /// The kernel takes these pages now.
  void giveBack(MemoryRange range) const { advise(range, MADV_DONTNEED); }

 private:
  /// Whole huge pages only: to split one costs more than the rest of it is worth.
  void advise(MemoryRange range, int advice) const {
    const auto first = roundedUp(range.offset, kHugePage);
    const auto end = (range.offset + range.size) / kHugePage * kHugePage;
    if (first < end) madvise(at(first), end - first, advice);
  }

  std::size_t mapped_;
  void* base_ = MAP_FAILED;
  std::byte* start_ = nullptr;
  std::size_t size_ = 0;
};

/// Lives until the process ends: tensors that are freed at its very end come back here.
class CpuMemory final : public c10::Allocator {
 public:
  CpuMemory() : stretch_(2 * roundedUp(physicalMemory(), kHugePage)), ranges_(stretch_.size()) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    if (auto* large = bytes >= kSmallest ? allocateLarge(bytes) : nullptr) return owned(large);
    return owned(c10::alloc_cpu(bytes));
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  void setMaxIdle(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    maxIdle_ = bytes;
    if (use_.idle > maxIdle_) releaseLocked();
  }
  std::size_t release() {
    const std::lock_guard lock(mutex_);
    return releaseLocked();
  }
  CpuMemoryUse use() const {
    const std::lock_guard lock(mutex_);
    return use_;
  }
  void resetPeak() {
    const std::lock_guard lock(mutex_);
    use_.peak = use_.inUse;
  }

  static CpuMemory& instance() {
    // Never destroyed, see above; reachable, so that leak checkers know it.
    static auto* const memory = std::make_unique<CpuMemory>().release();
    return *memory;
  }

 private:
  static c10::DataPtr owned(void* pointer) { return {pointer, pointer, &free, c10::Device(c10::kCPU)}; }

  static void free(void* pointer) {
    auto& memory = instance();
    // Blocks from before `install`, small ones, and those that found no range are LibTorch's.
    if (memory.stretch_.holds(pointer))
      memory.freeLarge(pointer);
    else
      c10::free_cpu(pointer);
  }

  void* allocateLarge(std::size_t bytes) {
    const auto size = roundedUp(bytes, kGranule);
    const std::lock_guard lock(mutex_);
    const auto offset = ranges_.allocate(size);
    if (!offset) return nullptr;
    use_.inUse += size;
    use_.peak = std::max(use_.peak, use_.inUse);
    const auto end = *offset + size;
    // What was given back is not idle but may be counted here: an estimate from below.
    if (*offset < touched_) use_.idle -= std::min(use_.idle, std::min(end, touched_) - *offset);
    touched_ = std::max(touched_, end);
    return stretch_.at(*offset);
  }

  void freeLarge(void* pointer) {
    const std::lock_guard lock(mutex_);
    const auto range = ranges_.free(stretch_.offsetOf(pointer));
    use_.inUse -= range.size;
    use_.idle += range.size;
    if (use_.idle > maxIdle_)
      releaseLocked();
    else
      stretch_.offer(range);
  }

  std::size_t releaseLocked() {
    for (const auto& range : ranges_.freeRanges()) stretch_.giveBack(range);
    return std::exchange(use_.idle, 0);
  }

  Stretch stretch_;
  mutable std::mutex mutex_;
  RangeAllocator ranges_;
  CpuMemoryUse use_;
  std::size_t touched_ = 0;  // the end of what was ever in use
  std::size_t maxIdle_ = 0;
};

}  // namespace

void install(std::size_t maxIdle) {
  static const bool installed = [maxIdle] {
    CpuMemory::instance().setMaxIdle(maxIdle);
#ifndef __SANITIZE_ADDRESS__  // which watches only what malloc gave
    c10::SetCPUAllocator(&CpuMemory::instance(), kPriority);
#endif
    return true;
  }();
  static_cast<void>(installed);
}

void setMaxIdle(std::size_t bytes) {
  CpuMemory::instance().setMaxIdle(bytes);
}

std::size_t release() {
  return CpuMemory::instance().release();
}

CpuMemoryUse use() {
  return CpuMemory::instance().use();
}

void resetPeak() {
  CpuMemory::instance().resetPeak();
}

}  // namespace c3d::cpu_memory
