#include "core/runtime/thread_priority.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace c3d {

void giveWay() {
#ifdef __linux__
  constexpr int kSteps = 5;  // a third of the weight of a thread of niceness 0
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, thread);
  if (errno == 0) ::setpriority(PRIO_PROCESS, thread, now + kSteps);  // nothing is lost where it may not
#endif
}

}  // namespace c3d
