#include "core/video/index_cache.h"

#include <sys/stat.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/runtime/pending_file.h"
#include "core/video/hash.h"

namespace c3d::video {
namespace {

static_assert(std::endian::native == std::endian::little, "the entries hold little-endian values");

/// Raised when FrameIndex or the way it is found out changes.
constexpr std::string_view kFormat = "c3d index 3\n";

class Writer {
 public:
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void add(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void add(std::string_view text) {
    add(std::uint64_t(text.size()));
    bytes_ += text;
  }
  template <typename Number>
  void add(const std::vector<Number>& list) {
    add(std::uint64_t(list.size()));
    bytes_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Number));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote. Past the end, and for lists longer than what is left, it yields zeros and fails.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void read(Number& number) {
    take(&number, sizeof number);
  }
  void read(std::string& text) { text.resize(length(1)), take(text.data(), text.size()); }
  template <typename Number>
  void read(std::vector<Number>& list) {
    list.resize(length(sizeof(Number)));
    take(list.data(), list.size() * sizeof(Number));
  }
  bool isComplete() const { return !failed_ && rest_.empty(); }

 private:
  std::size_t length(std::size_t elementSize) {
    std::uint64_t count = 0;
    read(count);
    if (count > rest_.size() / elementSize) failed_ = true;
    return failed_ ? 0 : std::size_t(count);
  }
  void take(void* target, std::size_t size) {
    if (size > rest_.size()) failed_ = true;
    if (failed_ || size == 0) return;
    std::memcpy(target, rest_.data(), size);
    rest_.remove_prefix(size);
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// What an entry holds, in this order, for reading and for writing.
template <typename Stream, typename Index>
void transfer(Stream& stream, Index& index) {
  const auto each = [&stream](auto&... fields) {
    if constexpr (std::is_same_v<Stream, Reader>) {
      (stream.read(fields), ...);
    } else {
      (stream.add(fields), ...);
    }
  };
  each(index.frameCount, index.width, index.height, index.framesPerSecond, index.codec, index.timestamps,
       index.keyFrames, index.digests, index.fingerprint, index.version.size, index.version.modified, index.warning);
}

bool isSane(const FrameIndex& index) {
  const std::size_t frames = std::size_t(index.frameCount);
  const auto hasAll = [frames](const auto& list) { return list.size() == frames; };
  return index.frameCount > 0 && (index.timestamps.empty() || hasAll(index.timestamps)) &&
         (index.digests.empty() ? index.timestamps.empty() : hasAll(index.digests)) &&
         index.keyFrames.size() <= frames;
}

}  // namespace

std::optional<FileVersion> versionOf(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
#if defined(__APPLE__)
  const auto& modified = status.st_mtimespec;
#else
  const auto& modified = status.st_mtim;
#endif
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return FileVersion{std::int64_t(status.st_size), modified.tv_sec * kNanoseconds + modified.tv_nsec};
}

IndexCache::IndexCache(std::filesystem::path folder, std::string decoder)
    : folder_(std::move(folder)), decoder_(std::move(decoder)) {
  std::error_code unwritable;
  std::filesystem::create_directories(folder_, unwritable);
}

std::optional<FrameIndex> IndexCache::find(const std::filesystem::path& file,
                                           const FileVersion& version) const {
  const std::string key = keyOf(file, version);
  std::ifstream stream(entryFor(key), std::ios::binary);
  if (!stream) return std::nullopt;
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  std::uint64_t check = 0;
  if (bytes.size() < key.size() + sizeof check || !bytes.starts_with(key)) return std::nullopt;
  const std::string_view contents = std::string_view(bytes).substr(0, bytes.size() - sizeof check);
  std::memcpy(&check, bytes.data() + contents.size(), sizeof check);
  if (check != hashOf(contents)) return std::nullopt;
  Reader reader(contents.substr(key.size()));
  FrameIndex index;
  transfer(reader, index);
  if (!reader.isComplete() || !isSane(index) || index.version != version) return std::nullopt;
  return index;
}

void IndexCache::keep(const std::filesystem::path& file, const FrameIndex& index) const {
  const std::string key = keyOf(file, index.version);
  Writer writer;
  transfer(writer, index);
  const std::string contents = key + writer.bytes();
  const std::uint64_t check = hashOf(contents);
  try {
    PendingFile pending(entryFor(key));
    pending.write(contents.data(), contents.size());
    pending.write(&check, sizeof check);
    pending.commitWithoutSync();
  } catch (const Error&) {
    // A read-only or full folder: the file is decoded again next time.
  }
}

std::filesystem::path IndexCache::entryFor(const std::string& key) const {
  return folder_ / (hexOf(hashOf(key)) + ".c3dindex");
}

std::string IndexCache::keyOf(const std::filesystem::path& file, const FileVersion& version) const {
  std::error_code unknown;
  const std::filesystem::path absolute = std::filesystem::absolute(file, unknown);
  return std::string(kFormat) + decoder_ + "\n" + absolute.lexically_normal().string() + "\n" +
         std::to_string(version.size) + " " + std::to_string(version.modified) + "\n";
}

}  // namespace c3d::video
