#include "core/training/metrics_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include "core/runtime/error.h"
#include "core/training/event_fields.h"

namespace c3d {
namespace {

/// A JSON object of numbers and of texts that need no escapes.
class JsonObject {
 public:
  void operator()(const char* name, const char* value) { add(name, '"' + std::string(value) + '"'); }
  void operator()(const char* name, std::int64_t value) { add(name, std::to_string(value)); }
  void operator()(const char* name, double value) {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    add(name, std::isfinite(value) ? std::string(digits, end) : "null");
  }
  void operator()(const char* name, const MultiLabelScores& value) {
    JsonObject scores;
    visitFields(value, scores);
    add(name, scores.text());
  }
  void operator()(const char* name, const std::optional<Scores>& value) {
    if (!value) return add(name, "null");
    JsonObject scores;
    visitFields(*value, scores);
    add(name, scores.text());
  }
  std::string text() const { return '{' + members_ + '}'; }

 private:
  void add(const char* name, const std::string& value) {
    if (!members_.empty()) members_ += ',';
    members_ += '"' + std::string(name) + "\":" + value;
  }

  std::string members_;
};

template <typename Event>
std::string lineOf(const Event& event) {
  JsonObject object;
  visitFields(event, object);
  return object.text() + '\n';
}

class AppendedFile {
 public:
  explicit AppendedFile(const std::filesystem::path& file)
      : file_(file), descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail();
  }
  ~AppendedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void write(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const auto written = ::write(descriptor_, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      done += static_cast<std::size_t>(written);
    }
    if (::fsync(descriptor_) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorCode::File, "Cannot write '" + file_.string() + "': " + std::strerror(errno) +
                                     ". Check the folder, its permissions and the free space.");
  }

  std::filesystem::path file_;
  int descriptor_;
};

}  // namespace

void appendMetrics(const std::filesystem::path& file, const std::optional<EvaluationEvent>& evaluation,
                   const EpochEvent& epoch) {
  AppendedFile(file).write((evaluation ? lineOf(*evaluation) : "") + lineOf(epoch));
}

}  // namespace c3d
