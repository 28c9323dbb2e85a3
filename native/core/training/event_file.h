#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/runtime/stopwatch.h"
#include "core/training/training_events.h"

namespace c3d {

/// How far a training is that goes on: what its event files say beyond this is of steps that are made anew.
struct EventPlace {
  std::int64_t steps = 0;
  std::int64_t epochs = 0;  // complete ones
};

/// Scalars for TensorBoard: a file of TFRecords, each a tensorflow.Event (event.proto, summary.proto of
/// TensorFlow). Every step under `step/…` by its number, every epoch under `epoch/…` by its own.
///
/// Each part of a training has a file of its own, events.out.tfevents.<seconds>.<host>.<process>.<number>,
/// as every writer of TensorBoard's makes them; their names sort by time.
class EventFile {
 public:
  /// Begins a new file in `folder`. What earlier ones hold beyond `place` is cut off, with what a process
  /// that was killed left half written; the new file says so to a TensorBoard that has read it already.
  /// Throws Error(File).
  EventFile(const std::filesystem::path& folder, EventPlace place);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Both reach the file every two seconds, and with `flush`. Throw Error(File).
  void add(const StepEvent& event);
  void add(const EpochEvent& event);
  /// Waits until everything is on the disk, so that no checkpoint written afterwards is ahead of it.
  void flush();

 private:
  void append(const std::string& event);
  void write();
  [[noreturn]] void fail() const;

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::string waiting_;
  Stopwatch sinceWrite_;
};

}  // namespace c3d
