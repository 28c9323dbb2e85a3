#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace c3d::video {

/// Keys that some thread is working on, so that no two do the same.
class KeysInWork {
 public:
  /// Held while the key is worked on. Must not outlive the object that gave it.
  class Claim {
   public:
    Claim(KeysInWork& keys, std::string key) : keys_(&keys), key_(std::move(key)) {}
    Claim(Claim&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(std::move(other.key_)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (keys_ != nullptr) keys_->release(key_);
    }

   private:
    KeysInWork* keys_;
    std::string key_;
  };

  /// Nothing when another thread has claimed the key.
  std::optional<Claim> claim(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (!keys_.insert(key).second) return std::nullopt;
    return std::make_optional<Claim>(*this, key);
  }

 private:
  void release(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }

  std::mutex mutex_;
  std::set<std::string> keys_;
};

}  // namespace c3d::video
