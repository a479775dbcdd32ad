// StoreMailbox: what a store's client answers, on its own threads, until the
// engine's thread looks. Outlives both by being shared.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/scheduling/sequence.h"
#include "services/prefix_cache/client/chain.h"

namespace tessera::verifier {

struct MatchAnswer {
  scheduling::SequenceId sequence = 0;
  absl::StatusOr<prefix_cache::MatchedBlocks> matched;
};

// Thread-safe.
class StoreMailbox {
 public:
  // wake: makes the engine look.
  explicit StoreMailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Put(MatchAnswer answer) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_.push_back(std::move(answer));
    if (wake_) wake_();
  }
  std::vector<MatchAnswer> TakeAll() {
    std::vector<MatchAnswer> answers;
    std::lock_guard<std::mutex> lock(mutex_);
    answers.swap(answers_);
    return answers;
  }
  void Wake() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (wake_) wake_();
  }
  // `wake` is not called any more.
  void Close() {
    std::lock_guard<std::mutex> lock(mutex_);
    wake_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void()> wake_;        // by mutex_
  std::vector<MatchAnswer> answers_;  // by mutex_
};

}  // namespace tessera::verifier
