// PutPace: when copies may go to a store without slowing down who computes.
//
// Where an engine's threads have every core, whatever else runs stops one of
// them, and the others wait for it: a store on the same two cores cost prompts
// that nobody sends again 9%. So copies go while nothing is computed. While
// something is, they go for a share of the time, and for what loads from the
// store have saved: where there are hits, there is credit to store more.
//
// One thread at a time.
#pragma once

#include <algorithm>
#include <optional>

#include "absl/time/time.h"

namespace tessera::verifier {

class PutPace {
 public:
  // Of the time that passes take.
  static constexpr double kShare = 0.002;
  // Of the time that a load saved.
  static constexpr double kSavedShare = 0.5;
  // What is not used is kept for later up to so much, of passes and in all.
  static constexpr absl::Duration kMostOfPasses = absl::Milliseconds(50);
  static constexpr absl::Duration kMost = absl::Seconds(5);
  // Requests often follow each other: so long there must have been none.
  static constexpr absl::Duration kQuiet = absl::Milliseconds(20);

  // Whether anything is to be computed, as of now.
  void SetComputing(bool is_computing, absl::Time now) {
    if (is_computing == is_computing_) return;
    is_computing_ = is_computing;
    changed_ = now;
  }
  void PassComputed(absl::Duration time) {
    credit_ =
        std::max(credit_, std::min(credit_ + kShare * time, kMostOfPasses));
  }
  void Saved(absl::Duration time) {
    credit_ = std::min(credit_ + kSavedShare * time, kMost);
  }

  // One call at a time: Begin after MayBegin, then End. End alone does nothing.
  bool MayBegin(absl::Time now) const {
    if (begun_.has_value()) return false;
    return is_computing_ ? credit_ > absl::ZeroDuration() : now >= quiet_at();
  }
  // When MayBegin, unless something is computed or called before.
  absl::Time quiet_at() const {
    return is_computing_ ? absl::InfiniteFuture() : changed_ + kQuiet;
  }
  void Begin(absl::Time now) { begun_ = now; }
  void End(absl::Time now) {
    if (begun_.has_value() && is_computing_) {
      credit_ -= now - std::max(*begun_, changed_);
    }
    begun_.reset();
  }

 private:
  bool is_computing_ = true;
  absl::Time changed_ = absl::InfinitePast();  // since when it is so
  absl::Duration credit_;                      // below zero: to be waited for
  std::optional<absl::Time> begun_;            // the call under way
};

}  // namespace tessera::verifier
