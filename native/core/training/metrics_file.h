#pragma once

#include <filesystem>
#include <optional>

#include "core/training/training_events.h"

namespace c3d {

/// Appends an epoch to a file of JSON objects, one a line, and waits until it is on the disk, so that a
/// checkpoint written afterwards is never ahead of its metrics. Throws Error(File).
void appendMetrics(const std::filesystem::path& file, const std::optional<EvaluationEvent>& evaluation,
                   const EpochEvent& epoch);

}  // namespace c3d
