#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "core/runtime/error.h"
#include "core/runtime/pending_file.h"
#include "core/video/frame_cache.h"
#include "core/video/hash.h"
#include "core/video/keys_in_work.h"
#include "core/video/mapped_file.h"

namespace c3d::video {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".c3dframes";
/// Raised when the layout of the files or the rule of resizing changes.
constexpr std::string_view kFormat = "c3d frames 1\n";
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kDiskLeftFree = std::uint64_t(1) << 30;
constexpr auto kUnusedFor = std::chrono::hours(24);
constexpr auto kAbandonedAfter = std::chrono::hours(1);  // nobody stores a single video for so long

/// What is before the pixels: the format and the whole key, so that no two keys are taken for each other,
/// padded to whole pages.
std::string headerOf(const FrameCacheKey& key) {
  std::string header = std::string(kFormat) + key.contents + "\n";
  header.resize((header.size() + kPage - 1) / kPage * kPage, '\0');
  return header;
}

class DiskFrameCache final : public FrameCache, public std::enable_shared_from_this<DiskFrameCache> {
 public:
  DiskFrameCache(fs::path folder, std::uint64_t limit) : folder_(std::move(folder)), limit_(limit) {
    std::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure || !fs::is_directory(folder_, failure) || ::access(folder_.c_str(), W_OK) != 0) {
      throw Error(ErrorCode::File, "Cannot use the folder '" + folder_.string() + "' for the clip cache" +
                                       (failure ? ": " + failure.message() : ": it cannot be written to") +
                                       ". Choose another one, or train without the cache on disk.");
    }
    removeAbandoned();
    bytes_ = bytesOf(entries());
  }

  std::shared_ptr<const StoredFrames> find(const FrameCacheKey& key) override {
    const std::string header = headerOf(key);
    const fs::path file = fileOf(key);
    const auto mapped = mapFile(file, header.size() + key.bytes());
    if (!mapped || !std::equal(header.begin(), header.end(), reinterpret_cast<const char*>(mapped.get())))
      return nullptr;
    noteUse(file);
    return std::make_shared<StoredFrames>(
        std::shared_ptr<const std::uint8_t>(mapped, mapped.get() + header.size()), key.frameBytes);
  }

  std::unique_ptr<FrameStorage> begin(const FrameCacheKey& key) override {
    auto claim = inWork_.claim(key.contents);
    const std::uint64_t bytes = headerOf(key).size() + key.bytes();
    if (!claim || !reserve(bytes)) return nullptr;
    try {
      return std::make_unique<Storage>(shared_from_this(), key, bytes, std::move(*claim));
    } catch (const Error& error) {
      giveUp(bytes, error.what());
      return nullptr;
    }
  }

  FrameCacheUse use() const override {
    const std::lock_guard lock(mutex_);
    return {bytes_, limit_, problem_};
  }

 private:
  struct Entry {
    fs::path file;
    std::uint64_t bytes = 0;
    fs::file_time_type used;
  };

  class Storage final : public FrameStorage {
   public:
    Storage(std::shared_ptr<DiskFrameCache> cache, FrameCacheKey key, std::uint64_t bytes,
            KeysInWork::Claim claim)
        : cache_(std::move(cache)),
          key_(std::move(key)),
          bytes_(bytes),
          claim_(std::move(claim)),
          file_(std::in_place, cache_->fileOf(key_)) {
      const std::string header = headerOf(key_);
      file_->write(header.data(), header.size());
    }
    ~Storage() override {
      if (!finished_) cache_->giveUp(bytes_, {});
    }

    bool append(std::span<const std::uint8_t> frames) override {
      return attempt([&] { file_->write(frames.data(), frames.size()); });
    }

    std::shared_ptr<const StoredFrames> finish() override {
      // Not waited for: after a power cut the file is shorter than it must be, which is noticed.
      if (!attempt([&] { file_->commitWithoutSync(); })) return nullptr;
      finished_ = true;
      return cache_->find(key_);
    }

   private:
    template <typename Write>
    bool attempt(const Write& write) {
      if (finished_) return false;
      try {
        write();
        return true;
      } catch (const Error& error) {
        file_.reset();
        finished_ = true;
        cache_->giveUp(bytes_, error.what());
        return false;
      }
    }

    std::shared_ptr<DiskFrameCache> cache_;
    FrameCacheKey key_;
    std::uint64_t bytes_;
    KeysInWork::Claim claim_;
    std::optional<PendingFile> file_;
    bool finished_ = false;
  };

  fs::path fileOf(const FrameCacheKey& key) const {
    return folder_ / (hexOf(hashOf(key.contents)) + kExtension);
  }

  /// Takes room from what nobody has used for long, if there is not enough.
  bool reserve(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (!problem_.empty() || bytes > limit_) return false;
    if (bytes_ + bytes > limit_ && !isFull_) evict(bytes);
    // Only once: to look at all entries for every video that does not fit would take long.
    isFull_ = bytes_ + bytes > limit_;
    std::error_code unknown;
    const fs::space_info space = fs::space(folder_, unknown);
    if (isFull_ || (!unknown && space.available < bytes + kDiskLeftFree)) return false;
    bytes_ += bytes;
    return true;
  }

  void giveUp(std::uint64_t bytes, const std::string& problem) {
    const std::lock_guard lock(mutex_);
    bytes_ -= std::min(bytes, bytes_);
    if (!problem.empty()) problem_ = problem;
  }

  /// Under the lock.
  void evict(std::uint64_t bytes) {
    std::vector<Entry> all = entries();
    bytes_ = std::max(bytesOf(all), bytes_);
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
    const auto now = fs::file_time_type::clock::now();
    for (const Entry& entry : all) {
      if (bytes_ + bytes <= limit_ || now - entry.used < kUnusedFor) return;
      std::error_code failure;
      if (fs::remove(entry.file, failure)) bytes_ -= std::min(entry.bytes, bytes_);
    }
  }

  std::vector<Entry> entries() const {
    std::vector<Entry> all;
    forEachFile([&](const fs::directory_entry& file) {
      if (file.path().extension() != kExtension) return;
      std::error_code gone;
      const Entry entry{file.path(), file.file_size(gone), file.last_write_time(gone)};
      if (!gone) all.push_back(entry);
    });
    return all;
  }

  static std::uint64_t bytesOf(const std::vector<Entry>& entries) {
    std::uint64_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.bytes;
    return bytes;
  }

  /// What processes that were killed have left behind.
  void removeAbandoned() const {
    const auto now = fs::file_time_type::clock::now();
    forEachFile([&](const fs::directory_entry& file) {
      const std::string name = file.path().filename().string();
      if (!name.ends_with(PendingFile::kSuffix) || name.find(kExtension) == std::string::npos) return;
      std::error_code failure;
      const auto written = file.last_write_time(failure);
      if (!failure && now - written > kAbandonedAfter) fs::remove(file.path(), failure);
    });
  }

  template <typename Look>
  void forEachFile(const Look& look) const {
    std::error_code failure;
    fs::directory_iterator file(folder_, failure);
    for (; !failure && file != fs::directory_iterator(); file.increment(failure)) look(*file);
  }

  /// Once a process, so that entries in use do not give way.
  void noteUse(const fs::path& file) {
    {
      const std::lock_guard lock(mutex_);
      if (!noted_.insert(file.filename().string()).second) return;
    }
    std::error_code readOnly;
    fs::last_write_time(file, fs::file_time_type::clock::now(), readOnly);
  }

  const fs::path folder_;
  const std::uint64_t limit_;
  KeysInWork inWork_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t bytes_ = 0;   // kept and reserved
  bool isFull_ = false;
  std::string problem_;
  std::unordered_set<std::string> noted_;
};

}  // namespace

std::shared_ptr<FrameCache> openDiskFrameCache(const fs::path& folder, std::uint64_t limit) {
  return std::make_shared<DiskFrameCache>(folder, limit);
}

}  // namespace c3d::video
