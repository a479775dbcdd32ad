// CHECK(condition) << "words": ends the process when our own code is wrong.
//
// For what a caller, a peer, a file or an operator can cause, return an
// absl::Status instead. DCHECK costs nothing in optimized builds; the sanitizer
// configs keep it.
#pragma once

#include <sstream>

namespace tessera {

// Collects the message; prints "file:line: check failed: ..." to standard error
// and aborts when it goes out of scope.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  std::ostream& stream() { return message_; }

 private:
  std::ostringstream message_;
};

// Gives the streamed expression the type void, as the other arm of ?: has.
struct CheckVoidify {
  void operator&(std::ostream&) {}
};

}  // namespace tessera

#define CHECK(condition)            \
  (condition)                       \
      ? (void)0                     \
      : ::tessera::CheckVoidify() & \
            ::tessera::CheckFailure(__FILE__, __LINE__, #condition).stream()
#ifdef NDEBUG
#define DCHECK(condition) CHECK(true || (condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
