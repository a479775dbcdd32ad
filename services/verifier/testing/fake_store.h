// FakeStore: a store in memory that does as it is told, for tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::verifier {

class FakeStore : public prefix_cache::PrefixCacheClient {
 public:
  enum class Answer {
    kRight,
    kError,      // at once: Unavailable
    kNothing,    // no answer ever; a Put's bytes are let go of with this
    kPart,       // a Get: `num_before` blocks, then DataLoss
    kStall,      // a Get: `num_before` blocks, the rest when Resume is called
    kReordered,  // a Get: the second block first
    kTooMuch,    // a Get: a block beyond those asked for, and the first again
  };
  struct Behavior {
    Answer match = Answer::kRight;
    Answer get = Answer::kRight;
    Answer put = Answer::kRight;
    int num_before = 2;
    bool is_on_disk = false;  // as Match tells it
  };

  void set_behavior(const Behavior& behavior);
  // The rest of what stalled, whether its caller still waits or not.
  void Resume();

  // So far.
  int num_gets() const;
  int num_blocks() const;
  void WaitForBlocks(int count) const;

  void Match(const prefix_cache::Chain& chain, absl::Time deadline,
             prefix_cache::Callback<prefix_cache::MatchedBlocks> done) override;
  std::unique_ptr<prefix_cache::GetCall> Get(
      std::shared_ptr<const prefix_cache::Chain> chain, size_t first,
      size_t count, absl::Time deadline,
      std::shared_ptr<prefix_cache::GetObserver> observer) override;
  void Put(std::shared_ptr<const prefix_cache::Chain> chain, size_t first,
           std::vector<prefix_cache::PutPayload> payloads, absl::Time deadline,
           prefix_cache::Callback<prefix_cache::v1::PutResponse> done) override;
  void Stats(absl::Time deadline,
             prefix_cache::Callback<prefix_cache::v1::StatsResponse>) override {
  }
  void Evict(const prefix_cache::Hash* root, absl::Time deadline,
             prefix_cache::Callback<prefix_cache::v1::EvictResponse>) override {
  }

 private:
  std::vector<uint8_t> Block(const prefix_cache::Hash& hash) const;
  void Send(const prefix_cache::Chain& chain, size_t block,
            prefix_cache::GetObserver& observer) const;

  mutable std::mutex mutex_;
  // All by mutex_.
  Behavior behavior_;
  int num_gets_ = 0;
  std::map<prefix_cache::Hash, std::vector<uint8_t>> blocks_;
  std::vector<std::function<void()>> stalled_;
  std::vector<std::vector<prefix_cache::PutPayload>> unanswered_;
};

}  // namespace tessera::verifier
