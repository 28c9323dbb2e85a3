#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/video/frame_cache.h"
#include "core/video/keys_in_work.h"

namespace c3d::video {
namespace {

class MemoryFrameCache final : public FrameCache, public std::enable_shared_from_this<MemoryFrameCache> {
 public:
  explicit MemoryFrameCache(std::uint64_t limit) : limit_(limit) {}

  std::shared_ptr<const StoredFrames> find(const FrameCacheKey& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = videos_.find(key.contents);
    return found == videos_.end() ? nullptr : found->second;
  }

  std::unique_ptr<FrameStorage> begin(const FrameCacheKey& key) override {
    auto claim = inWork_.claim(key.contents);
    if (!claim || !reserve(key.bytes())) return nullptr;
    return std::make_unique<Storage>(shared_from_this(), key, std::move(*claim));
  }

  FrameCacheUse use() const override {
    const std::lock_guard lock(mutex_);
    return {bytes_, limit_, {}};
  }

 private:
  class Storage final : public FrameStorage {
   public:
    Storage(std::shared_ptr<MemoryFrameCache> cache, FrameCacheKey key, KeysInWork::Claim claim)
        : cache_(std::move(cache)), key_(std::move(key)), claim_(std::move(claim)) {
      pixels_->reserve(key_.bytes());
    }
    ~Storage() override {
      if (!finished_) cache_->release(key_.bytes());
    }

    bool append(std::span<const std::uint8_t> frames) override {
      pixels_->insert(pixels_->end(), frames.begin(), frames.end());
      return true;
    }

    std::shared_ptr<const StoredFrames> finish() override {
      finished_ = true;
      const std::shared_ptr<const std::uint8_t> pixels(pixels_, pixels_->data());
      return cache_->keep(key_, std::make_shared<StoredFrames>(pixels, key_.frameBytes));
    }

   private:
    std::shared_ptr<MemoryFrameCache> cache_;
    FrameCacheKey key_;
    KeysInWork::Claim claim_;
    std::shared_ptr<std::vector<std::uint8_t>> pixels_ = std::make_shared<std::vector<std::uint8_t>>();
    bool finished_ = false;
  };

  bool reserve(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > limit_ - bytes_) return false;
    bytes_ += bytes;
    return true;
  }

  void release(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
  }

  std::shared_ptr<const StoredFrames> keep(const FrameCacheKey& key,
                                           std::shared_ptr<const StoredFrames> frames) {
    const std::lock_guard lock(mutex_);
    return videos_[key.contents] = std::move(frames);
  }

  const std::uint64_t limit_;
  KeysInWork inWork_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t bytes_ = 0;   // kept and reserved
  std::map<std::string, std::shared_ptr<const StoredFrames>> videos_;
};

}  // namespace

std::shared_ptr<FrameCache> makeMemoryFrameCache(std::uint64_t limit) {
  return std::make_shared<MemoryFrameCache>(limit);
}

}  // namespace c3d::video
