#include "services/prefix_cache/local_client.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "services/prefix_cache/stats_message.h"

namespace tessera::prefix_cache {
namespace {

// A Get's observer, until its caller lets go.
class Target {
 public:
  explicit Target(std::shared_ptr<GetObserver> observer)
      : observer_(std::move(observer)) {}
  std::shared_ptr<GetObserver> observer() {
    std::lock_guard<std::mutex> lock(mutex_);
    return observer_;
  }
  void Detach() {
    std::shared_ptr<GetObserver> dropped;
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(observer_);
  }
  void Cancel() { is_cancelled_ = true; }
  bool is_cancelled() const { return is_cancelled_; }

 private:
  std::mutex mutex_;
  std::shared_ptr<GetObserver> observer_;  // by mutex_
  std::atomic<bool> is_cancelled_ = false;
};

class Call : public GetCall {
 public:
  explicit Call(std::shared_ptr<Target> target) : target_(std::move(target)) {}
  ~Call() override {
    target_->Detach();
    target_->Cancel();
  }
  void Cancel() override { target_->Cancel(); }

 private:
  const std::shared_ptr<Target> target_;
};

// The store has checked the bytes; whether they are of this prefix is for
// whoever gets them to see.
bool IsBlockOf(const Chain& chain, size_t block, const Record& record) {
  return record.header().root == chain.root &&
         record.header().parent == chain.parent(block) &&
         record.payload().size() == chain.payload_bytes &&
         absl::MakeConstSpan(record.tokens()) == chain.tokens_of(block);
}

absl::Status GetBlocks(Store* store, const Chain& chain, size_t first,
                       size_t count, absl::Time deadline, Target* target) {
  for (size_t block = first; block < first + count; ++block) {
    if (target->is_cancelled()) return absl::CancelledError();
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("get");
    const std::optional<Store::Found> found = store->Read(chain.hashes[block]);
    if (!found.has_value()) return absl::OkStatus();
    if (!IsBlockOf(chain, block, *found->record)) {
      return absl::DataLossError("block: of another prefix");
    }
    const auto observer = target->observer();
    if (observer == nullptr) return absl::CancelledError();
    observer->OnBlock(block, Payload({found->record->payload()}));
  }
  return absl::OkStatus();
}

void Count(PutOutcome outcome, v1::PutResponse* counts) {
  if (outcome == PutOutcome::kStored) {
    counts->set_num_stored(counts->num_stored() + 1);
  } else if (outcome == PutOutcome::kPresent) {
    counts->set_num_present(counts->num_present() + 1);
  } else {
    counts->set_num_refused(counts->num_refused() + 1);
  }
}

}  // namespace

void LocalClient::Match(const Chain& chain, absl::Time deadline,
                        Callback<MatchedBlocks> done) {
  done(store_->Match(chain.root, chain.hashes));
}

std::unique_ptr<GetCall> LocalClient::Get(
    std::shared_ptr<const Chain> chain, size_t first, size_t count,
    absl::Time deadline, std::shared_ptr<GetObserver> observer) {
  auto target = std::make_shared<Target>(std::move(observer));
  getter_.Post([=, this] {
    const absl::Status status =
        GetBlocks(store_, *chain, first, count, deadline, target.get());
    if (const auto told = target->observer()) told->OnDone(status);
    target->Detach();
  });
  return std::make_unique<Call>(std::move(target));
}

void LocalClient::Put(std::shared_ptr<const Chain> chain, size_t first,
                      std::vector<PutPayload> payloads, absl::Time deadline,
                      Callback<v1::PutResponse> done) {
  int64_t bytes = 0;
  for (const PutPayload& payload : payloads) bytes += payload.bytes.size();
  if (!put_bytes_.Take(bytes)) {
    return done(absl::ResourceExhaustedError("too much waits to be put"));
  }
  putter_.Post([=, this, payloads = std::move(payloads),
                done = std::move(done)]() mutable {
    v1::PutResponse counts;
    absl::Status status;
    for (size_t i = 0; i < payloads.size() && status.ok(); ++i) {
      if (absl::Now() >= deadline) {
        status = absl::DeadlineExceededError("put");
        break;
      }
      const size_t block = first + i;
      const RecordPtr record =
          Record::Make(chain->hashes[block], chain->root, chain->parent(block),
                       chain->tokens_of(block), payloads[i].bytes);
      Count(store_->Put(record), &counts);
    }
    payloads.clear();
    put_bytes_.Give(bytes);
    if (status.ok()) {
      done(std::move(counts));
    } else {
      done(std::move(status));
    }
  });
}

void LocalClient::Stats(absl::Time deadline, Callback<v1::StatsResponse> done) {
  done(ToMessage(store_->Stats()));
}

void LocalClient::Evict(const Hash* root, absl::Time deadline,
                        Callback<v1::EvictResponse> done) {
  v1::EvictResponse response;
  response.set_num_blocks(root == nullptr ? store_->EvictAll()
                                          : store_->Evict(*root));
  done(std::move(response));
}

}  // namespace tessera::prefix_cache
