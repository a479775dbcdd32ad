// Inbox: what other threads tell the engine's: a generation came, look, stop.
//
// One thread waits and takes; any may put.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "services/verifier/generation.h"

namespace tessera::verifier {

class Inbox {
 public:
  // False after Close: it was not taken.
  bool Put(const std::shared_ptr<Generation>& generation);
  // The Wait under way, or else the next, ends.
  void Wake();
  // From now on Wait is false.
  void Close();

  // Until there is a generation to take, a Wake, Close, or the time has come;
  // InfinitePast: returns at once. False: it is closed.
  bool Wait(absl::Time until);
  // In the order of Put. What came before Close is there after it, too.
  std::vector<std::shared_ptr<Generation>> TakeAll();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Generation>> arrived_;  // by mutex_
  bool is_woken_ = false;                             // by mutex_
  bool is_closed_ = false;                            // by mutex_
};

}  // namespace tessera::verifier
