#include "services/verifier/testing/fake_store.h"

#include <utility>

#include "absl/time/clock.h"
#include "libs/base/check.h"

namespace tessera::verifier {

using prefix_cache::Chain;
using prefix_cache::GetObserver;

namespace {

class NoCall : public prefix_cache::GetCall {
 public:
  void Cancel() override {}
};

absl::Status Away() { return absl::UnavailableError("the store is away"); }

}  // namespace

void FakeStore::set_behavior(const Behavior& behavior) {
  std::lock_guard<std::mutex> lock(mutex_);
  behavior_ = behavior;
}

void FakeStore::Resume() {
  std::vector<std::function<void()>> stalled;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stalled.swap(stalled_);
  }
  for (const auto& resume : stalled) resume();
}

int FakeStore::num_gets() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return num_gets_;
}

int FakeStore::num_blocks() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(blocks_.size());
}

void FakeStore::WaitForBlocks(int count) const {
  while (num_blocks() < count) absl::SleepFor(absl::Milliseconds(1));
}

void FakeStore::Match(
    const Chain& chain, absl::Time deadline,
    prefix_cache::Callback<prefix_cache::MatchedBlocks> done) {
  prefix_cache::MatchedBlocks matched;
  Behavior behavior;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    behavior = behavior_;
    while (matched.num_blocks < static_cast<int64_t>(chain.hashes.size()) &&
           blocks_.count(chain.hashes[matched.num_blocks]) > 0) {
      ++matched.num_blocks;
    }
  }
  if (!behavior.is_on_disk) matched.num_in_memory = matched.num_blocks;
  if (behavior.match == Answer::kNothing) return;
  if (behavior.match == Answer::kError) return done(Away());
  done(matched);
}

std::vector<uint8_t> FakeStore::Block(const prefix_cache::Hash& hash) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blocks_.find(hash);
  CHECK(found != blocks_.end()) << "a block that Match did not have";
  return found->second;
}

void FakeStore::Send(const Chain& chain, size_t block,
                     GetObserver& observer) const {
  const std::vector<uint8_t> bytes = Block(chain.hashes[block]);
  // In two pieces, as from the network.
  const auto span = absl::MakeConstSpan(bytes);
  observer.OnBlock(block,
                   prefix_cache::Payload({span.first(64), span.subspan(64)}));
}

std::unique_ptr<prefix_cache::GetCall> FakeStore::Get(
    std::shared_ptr<const Chain> chain, size_t first, size_t count,
    absl::Time deadline, std::shared_ptr<GetObserver> observer) {
  Behavior behavior;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    behavior = behavior_;
    ++num_gets_;
  }
  const size_t end = first + count;
  const size_t middle = std::min(end, first + behavior.num_before);
  auto call = std::make_unique<NoCall>();
  if (behavior.get == Answer::kNothing) return call;
  if (behavior.get == Answer::kError) {
    observer->OnDone(Away());
    return call;
  }
  if (behavior.get == Answer::kReordered && count > 1) {
    Send(*chain, first + 1, *observer);
  }
  for (size_t i = first; i < middle; ++i) Send(*chain, i, *observer);
  const auto rest = [this, chain, observer, middle, end] {
    for (size_t i = middle; i < end; ++i) Send(*chain, i, *observer);
    observer->OnDone(absl::OkStatus());
  };
  if (behavior.get == Answer::kPart) {
    observer->OnDone(absl::DataLossError("a lie"));
  } else if (behavior.get == Answer::kStall) {
    std::lock_guard<std::mutex> lock(mutex_);
    stalled_.push_back(rest);
  } else {
    if (behavior.get == Answer::kTooMuch) {
      for (size_t i = middle; i < end; ++i) Send(*chain, i, *observer);
      Send(*chain, end - 1, *observer);
      Send(*chain, first, *observer);
      observer->OnDone(absl::OkStatus());
    } else {
      rest();
    }
  }
  return call;
}

void FakeStore::Put(
    std::shared_ptr<const Chain> chain, size_t first,
    std::vector<prefix_cache::PutPayload> payloads, absl::Time deadline,
    prefix_cache::Callback<prefix_cache::v1::PutResponse> done) {
  prefix_cache::v1::PutResponse response;
  Answer answer;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    answer = behavior_.put;
    if (answer == Answer::kNothing) unanswered_.push_back(payloads);
    for (size_t i = 0; i < payloads.size() && answer == Answer::kRight; ++i) {
      // Below its parent or not at all.
      const prefix_cache::Hash& parent = chain->parent(first + i);
      if (parent != chain->root && blocks_.count(parent) == 0) {
        response.set_num_refused(response.num_refused() + 1);
        continue;
      }
      blocks_[chain->hashes[first + i]].assign(payloads[i].bytes.begin(),
                                               payloads[i].bytes.end());
      response.set_num_stored(response.num_stored() + 1);
    }
  }
  payloads.clear();
  if (answer == Answer::kNothing) return;
  if (answer == Answer::kError) return done(Away());
  done(response);
}

}  // namespace tessera::verifier
