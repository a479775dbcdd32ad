#include "services/verifier/prefix/write_behind.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "services/verifier/prefix/put_pace.h"

namespace tessera::verifier {

using prefix_cache::Chain;
using prefix_cache::PutPayload;

struct WriteBehind::Lane {
  struct Batch {
    std::shared_ptr<const Chain> chain;
    size_t first = 0;
    std::vector<PutPayload> payloads;
  };
  // By Shared::mutex.
  std::deque<Batch> batches;
  bool is_active = false;  // it waits for its turn, or a call is under way
  bool is_broken = false;
};

// Alive as long as a copy or a call is.
struct WriteBehind::Shared : std::enable_shared_from_this<Shared> {
  using Buffer = std::unique_ptr<uint8_t[]>;

  Shared(const Options& options, prefix_cache::PrefixCacheClient* client,
         PrefixStoreMetrics* metrics)
      : options(options),
        client(client),
        metrics(metrics),
        yields(options.yields) {}

  PutPayload Copy(const uint8_t* block);
  void Return(Buffer buffer);
  bool MayCall(absl::Time now) const;
  void CallSome();
  void Call(const std::shared_ptr<Lane>& lane, Lane::Batch batch);
  void Called(const std::shared_ptr<Lane>& lane, int64_t num_blocks, bool ok);
  void Drop(Lane& lane, std::deque<Lane::Batch>* dropped);

  const Options options;
  prefix_cache::PrefixCacheClient* const client;

  std::mutex mutex;
  // By mutex.
  PrefixStoreMetrics* metrics;  // null once closed
  std::vector<Buffer> buffers;  // to be used again
  int64_t num_taken = 0;        // buffers that hold a copy
  bool yields;
  PutPace pace;
  std::deque<std::shared_ptr<Lane>> waiting;  // none has a call under way
  int num_calls = 0;
  std::condition_variable is_idle;
};

WriteBehind::WriteBehind(const Options& options,
                         prefix_cache::PrefixCacheClient* client,
                         PrefixStoreMetrics* metrics)
    : shared_(std::make_shared<Shared>(options, client, metrics)) {}

WriteBehind::~WriteBehind() {
  std::deque<std::shared_ptr<Lane>> waiting;  // let go of without the mutex
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->metrics = nullptr;
  waiting.swap(shared_->waiting);
}

std::shared_ptr<WriteBehind::Lane> WriteBehind::NewLane() {
  return std::make_shared<Lane>();
}

bool WriteBehind::is_broken(const Lane& lane) const {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  return lane.is_broken;
}

int64_t WriteBehind::num_free() const {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->options.max_bytes / shared_->options.block_bytes -
         shared_->num_taken;
}

void WriteBehind::Put(const std::shared_ptr<Lane>& lane,
                      std::shared_ptr<const Chain> chain, size_t first,
                      absl::Span<const uint8_t* const> blocks) {
  CHECK(static_cast<int64_t>(blocks.size()) <= num_free()) << blocks.size();
  Lane::Batch batch = {std::move(chain), first, {}};
  for (const uint8_t* block : blocks) {
    batch.payloads.push_back(shared_->Copy(block));
  }
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    lane->batches.push_back(std::move(batch));
    if (lane->is_active) return;
    lane->is_active = true;
    shared_->waiting.push_back(lane);
  }
  shared_->CallSome();
}

void WriteBehind::Poll(bool is_computing, absl::Time now) {
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->pace.SetComputing(is_computing, now);
  }
  shared_->CallSome();
}

absl::Time WriteBehind::next_poll() const {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->waiting.empty() || shared_->num_calls > 0
             ? absl::InfiniteFuture()
             : shared_->pace.quiet_at();
}

void WriteBehind::PassComputed(absl::Duration time) {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->pace.PassComputed(time);
}

void WriteBehind::Saved(absl::Duration time) {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->pace.Saved(time);
}

void WriteBehind::WaitUntilIdle(absl::Duration timeout) {
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->yields = false;
  }
  shared_->CallSome();
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->is_idle.wait_for(lock, absl::ToChronoMilliseconds(timeout), [&] {
    return shared_->num_calls == 0 && shared_->waiting.empty();
  });
}

PutPayload WriteBehind::Shared::Copy(const uint8_t* block) {
  Buffer buffer;
  {
    std::lock_guard<std::mutex> lock(mutex);
    ++num_taken;
    if (!buffers.empty()) {
      buffer = std::move(buffers.back());
      buffers.pop_back();
    }
  }
  const auto size = static_cast<size_t>(options.block_bytes);
  if (buffer == nullptr) buffer.reset(new uint8_t[size]);
  std::memcpy(buffer.get(), block, size);
  uint8_t* const bytes = buffer.release();
  return {.bytes = {bytes, size},
          .owner = std::shared_ptr<const void>(
              bytes, [shared = shared_from_this()](uint8_t* returned) {
                shared->Return(Buffer(returned));
              })};
}

void WriteBehind::Shared::Return(Buffer buffer) {
  std::lock_guard<std::mutex> lock(mutex);
  --num_taken;
  if (metrics != nullptr) buffers.push_back(std::move(buffer));
}

bool WriteBehind::Shared::MayCall(absl::Time now) const {
  if (waiting.empty() || metrics == nullptr) return false;
  return !yields || pace.MayBegin(now);
}

void WriteBehind::Shared::CallSome() {
  while (true) {
    std::shared_ptr<Lane> lane;
    Lane::Batch batch;
    {
      std::lock_guard<std::mutex> lock(mutex);
      const absl::Time now = absl::Now();
      if (!MayCall(now)) return;
      lane = std::move(waiting.front());
      waiting.pop_front();
      batch = std::move(lane->batches.front());
      lane->batches.pop_front();
      ++num_calls;
      if (yields) pace.Begin(now);
    }
    Call(lane, std::move(batch));
  }
}

void WriteBehind::Shared::Call(const std::shared_ptr<Lane>& lane,
                               Lane::Batch batch) {
  const auto num_blocks = static_cast<int64_t>(batch.payloads.size());
  client->Put(
      std::move(batch.chain), batch.first, std::move(batch.payloads),
      absl::Now() + options.timeout,
      [shared = shared_from_this(), lane,
       num_blocks](const absl::StatusOr<prefix_cache::v1::PutResponse>& put) {
        shared->Called(lane, num_blocks, put.ok() && put->num_refused() == 0);
      });
}

void WriteBehind::Shared::Called(const std::shared_ptr<Lane>& lane,
                                 int64_t num_blocks, bool ok) {
  std::deque<Lane::Batch> dropped;  // let go of without the mutex
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (metrics != nullptr && ok) {
      metrics->Put(num_blocks, num_blocks * options.block_bytes);
    }
    if (metrics != nullptr && !ok) metrics->PutDropped(num_blocks);
    if (!ok) lane->is_broken = true;
    if (!ok || metrics == nullptr) Drop(*lane, &dropped);
    lane->is_active = !lane->batches.empty();
    if (lane->is_active) waiting.push_back(lane);
    --num_calls;
    pace.End(absl::Now());
    if (num_calls == 0 && waiting.empty()) is_idle.notify_all();
  }
  CallSome();
}

void WriteBehind::Shared::Drop(Lane& lane, std::deque<Lane::Batch>* dropped) {
  dropped->swap(lane.batches);
  if (metrics == nullptr) return;
  for (const Lane::Batch& batch : *dropped) {
    metrics->PutDropped(static_cast<int64_t>(batch.payloads.size()));
  }
}

}  // namespace tessera::verifier
