#include "core/training/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/runtime/error.h"
#include "core/training/tf_record.h"

namespace c3d {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNameStart = "events.out.tfevents.";
constexpr std::string_view kStepTags = "step/";
constexpr std::string_view kEpochTags = "epoch/";
constexpr double kSecondsBetweenWrites = 2;
constexpr std::size_t kBeginning = 2;  // records: the version and the start

// Field numbers of event.proto and summary.proto.
constexpr std::uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
constexpr std::uint32_t kValue = 1, kTag = 1, kSimpleValue = 2;
constexpr std::uint32_t kStatus = 1, kStart = 1;

/// The wire format of protocol buffers, as far as events need it.
enum class WireType : std::uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class Message {
 public:
  void add(std::uint32_t field, std::uint64_t value) {
    key(field, WireType::Varint);
    varint(value);
  }
  void add(std::uint32_t field, double value) {
    key(field, WireType::Fixed64);
    fixed(value);
  }
  void add(std::uint32_t field, float value) {
    key(field, WireType::Fixed32);
    fixed(value);
  }
  void add(std::uint32_t field, std::string_view bytes) {
    key(field, WireType::Bytes);
    varint(bytes.size());
    bytes_ += bytes;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(std::uint32_t field, WireType type) {
    varint(std::uint64_t{field} << 3 | static_cast<std::uint32_t>(type));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <typename Value>
  void fixed(Value value) {
    const auto raw = std::bit_cast<std::array<char, sizeof(Value)>>(value);
    bytes_.append(raw.data(), raw.size());
  }

  std::string bytes_;
};

/// Takes the fields of a message one by one; of an unknown kind or cut off, there are no more.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool next() {
    std::uint64_t key = 0;
    if (!varint(key)) return false;
    field = static_cast<std::uint32_t>(key >> 3);
    switch (static_cast<WireType>(key & 7)) {
      case WireType::Varint:
        return varint(number);
      case WireType::Fixed64:
        return take(sizeof(std::uint64_t));
      case WireType::Bytes:
        return varint(number) && take(number);
      case WireType::Fixed32:
        return take(sizeof(std::uint32_t));
    }
    return false;
  }

  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view bytes;

 private:
  bool take(std::uint64_t size) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
};

std::string_view fieldOf(std::string_view message, std::uint32_t wanted) {
  for (Fields fields(message); fields.next();)
    if (fields.field == wanted) return fields.bytes;
  return {};
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Message eventOf(std::int64_t step) {
  Message event;
  event.add(kWallTime, now());
  event.add(kStep, static_cast<std::uint64_t>(step));
  return event;
}

std::string versionEvent() {
  Message event;
  event.add(kWallTime, now());
  event.add(kFileVersion, std::string_view("brain.Event:2"));
  return event.bytes();
}

/// Tells a reader to forget what it has read of this step and of later ones.
std::string startEvent(std::int64_t step) {
  Message log;
  log.add(kStatus, std::uint64_t{kStart});
  auto event = eventOf(step);
  event.add(kSessionLog, std::string_view(log.bytes()));
  return event.bytes();
}

class Scalars {
 public:
  Scalars(std::int64_t step, std::string_view tags) : event_(eventOf(step)), tags_(tags) {}
  Scalars& add(std::string_view name, double value) {
    Message scalar;
    scalar.add(kTag, std::string_view(std::string(tags_) + std::string(name)));
    scalar.add(kSimpleValue, static_cast<float>(value));
    summary_.add(kValue, std::string_view(scalar.bytes()));
    return *this;
  }
  std::string event() {
    event_.add(kSummary, std::string_view(summary_.bytes()));
    return event_.bytes();
  }

 private:
  Message event_;
  Message summary_;
  std::string_view tags_;
};

bool isBeyond(std::string_view event, EventPlace place) {
  std::int64_t step = 0;
  std::string_view summary;
  for (Fields fields(event); fields.next();) {
    if (fields.field == kStep) step = static_cast<std::int64_t>(fields.number);
    if (fields.field == kSummary) summary = fields.bytes;
  }
  if (summary.empty()) return false;  // the beginning of a file
  const bool isEpoch = fieldOf(fieldOf(summary, kValue), kTag).starts_with(kEpochTags);
  return step > (isEpoch ? place.epochs : place.steps);
}

/// Keeps what is whole and not beyond the place, and no file that holds nothing but its beginning.
void cutBack(const fs::path& file, EventPlace place) {
  std::uint64_t kept = 0;
  std::size_t records = 0;
  {
    std::ifstream stream(file, std::ios::binary);
    for (auto event = readRecord(stream); event && !isBeyond(*event, place); event = readRecord(stream)) {
      kept += recordSize(event->size());
      ++records;
    }
  }
  if (records <= kBeginning)
    fs::remove(file);
  else
    fs::resize_file(file, kept);
}

std::vector<fs::path> eventFilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kNameStart)) files.push_back(entry.path());
  return files;
}

std::int64_t secondsIn(const fs::path& file) {
  return std::atoll(file.filename().string().substr(kNameStart.size()).c_str());
}

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// Sorts behind those that are there, as TensorBoard reads them.
fs::path newFileIn(const fs::path& folder, const std::vector<fs::path>& others) {
  static std::atomic<int> number{0};
  auto seconds = static_cast<std::int64_t>(now());
  for (const auto& other : others) seconds = std::max(seconds, secondsIn(other) + 1);
  return folder / (std::string(kNameStart) + std::to_string(seconds) + '.' + hostName() + '.' +
                   std::to_string(::getpid()) + '.' + std::to_string(number++));
}

}  // namespace

EventFile::EventFile(const fs::path& folder, EventPlace place) {
  try {
    const auto earlier = eventFilesIn(folder);
    file_ = newFileIn(folder, earlier);
    for (const auto& file : earlier) cutBack(file, place);
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::File, std::string("Cannot go on with the event files: ") + error.what());
  }
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail();
  append(versionEvent());
  append(startEvent(place.steps == 0 ? 0 : place.steps + 1));
}

EventFile::~EventFile() {
  try {
    write();
  } catch (const Error&) {  // what is lost are curves, and the run has told what its end is
  }
  ::close(descriptor_);
}

void EventFile::add(const StepEvent& event) {
  append(Scalars(event.step, kStepTags)
             .add("loss", event.loss)
             .add("accuracy", event.accuracy)
             .add("learning_rate", event.learningRate)
             .add("clips_per_second", event.clipsPerSecond)
             .add("data_wait", event.dataWait)
             .event());
}

void EventFile::add(const EpochEvent& event) {
  Scalars scalars(event.epoch, kEpochTags);
  scalars.add("training_loss", event.loss).add("training_accuracy", event.accuracy);
  scalars.add("learning_rate", event.learningRate).add("clips_per_second", event.clipsPerSecond);
  scalars.add("data_wait", event.dataWait);
  if (event.validation)
    scalars.add("validation_loss", event.validation->loss)
        .add("clip_top1", event.validation->clipTop1)
        .add("clip_top5", event.validation->clipTop5)
        .add("video_top1", event.validation->videoTop1)
        .add("video_top5", event.validation->videoTop5);
  if (event.validation && event.validation->multiLabel) {
    const auto& scores = *event.validation->multiLabel;
    scalars.add("mean_average_precision", scores.meanAveragePrecision)
        .add("micro_f1", scores.microF1)
        .add("macro_f1", scores.macroF1);
  }
  append(scalars.event());
}

void EventFile::flush() {
  write();
  if (::fsync(descriptor_) != 0) fail();
}

void EventFile::append(const std::string& event) {
  waiting_ += makeRecord(event);
  if (sinceWrite_.seconds() >= kSecondsBetweenWrites) write();
}

void EventFile::write() {
  sinceWrite_ = {};
  const auto text = std::exchange(waiting_, {});
  for (std::size_t done = 0; done < text.size();) {
    const auto written = ::write(descriptor_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail();
    done += static_cast<std::size_t>(written);
  }
}

void EventFile::fail() const {
  throw Error(ErrorCode::File, "Cannot write '" + file_.string() + "': " + std::strerror(errno) + ".");
}

}  // namespace c3d
