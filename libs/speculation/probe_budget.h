// ProbeBudget: the time from which drafts are made that are not expected to
// pay, to see whether they would by now.
//
// A share of the time of plain passes: kMostShare while drafts bring several
// times as much as they cost, down to kLeastShare where they bring nothing. A
// batch that probes in vain loses little, and one that drafts well finds soon
// what else could be drafted.
#pragma once

#include <algorithm>

namespace tessera::speculation {

class ProbeBudget {
 public:
  // With 0.006 useless drafts cost 0.2% more in draft_length_experiment, and
  // good ones gain no more.
  static constexpr double kMostShare = 0.004;
  // Text that nothing repeats, batches of 4: 20 probes in 360 passes cost 0.7%
  // by themselves, and as much again by what they do to the passes behind them,
  // which find fewer of the weights in the caches.
  static constexpr double kLeastShare = 0.001;
  // Of what drafts bring, so much is for probes.
  static constexpr double kReinvested = 0.25;
  // Steps until what they brought counts a third.
  static constexpr double kMemory = 1000;

  // A step begins, of a batch that takes `plain` seconds without drafts. The
  // budget never holds more than `most` seconds.
  void Fill(double plain, double most) {
    returns_ += (net_seconds_ / plain - returns_) / kMemory;
    returns_ = std::max(returns_, 0.0);
    net_seconds_ = 0;
    const double share =
        std::clamp(kReinvested * returns_, kLeastShare, kMostShare);
    seconds_ = std::min(seconds_ + share * plain, most);
  }

  bool Covers(double seconds) const { return seconds <= seconds_; }

  // On a probe; below 0: it brought more than was spent.
  void Spend(double seconds) {
    seconds_ -= seconds;
    CountDraft(-seconds);
  }

  // What a draft of any kind brought, or cost (below 0).
  void CountDraft(double seconds) { net_seconds_ += seconds; }

 private:
  double seconds_ = 0;
  double net_seconds_ = 0;  // of the step under way
  // Of a plain pass, decayed. Begins as if drafts paid, for nobody knows yet.
  double returns_ = 2 * kMostShare / kReinvested;
};

}  // namespace tessera::speculation
