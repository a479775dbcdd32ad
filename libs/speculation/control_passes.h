// ControlPasses: when a batch that has drafts at every step goes without for
// one, so that what plain decoding costs stays known.
//
// After 2 passes with drafts, then after 4, 8, ... kLongestRun.
#pragma once

#include <algorithm>

namespace tessera::speculation {

class ControlPasses {
 public:
  static constexpr int kLongestRun = 128;

  bool IsDue() const { return num_drafted_ >= longest_; }

  void CountDrafted() { ++num_drafted_; }
  void CountPlain() {
    if (IsDue()) longest_ = std::min(2 * longest_, kLongestRun);
    num_drafted_ = 0;
  }

 private:
  int num_drafted_ = 0;  // passes since the last without drafts
  int longest_ = 2;
};

}  // namespace tessera::speculation
