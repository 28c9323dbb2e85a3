#pragma once

namespace c3d {

/// Makes this thread, and those that it starts, give way to the other threads of the process where cores are
/// short, so that a computation on all cores does not delay a thread that only answers now and then. Linux: 5
/// steps of niceness; elsewhere nothing, since there niceness is the whole process's.
void giveWay();

}  // namespace c3d
