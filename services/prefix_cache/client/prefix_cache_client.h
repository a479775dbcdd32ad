// PrefixCacheClient: how a verifier asks a store. One interface, whether the
// store is in this process (services/prefix_cache/local_client.h) or behind an
// address (grpc_client.h); guarded_client.h keeps a bad one from costing time.
//
// Nothing blocks; answers come by callbacks, on a thread of the client's, which
// they must not hold up. Every call ends by its deadline. The client outlives
// its calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/prefix_cache.pb.h"
#include "services/prefix_cache/client/chain.h"

namespace tessera::prefix_cache {

// A block's keys and values as they came: Chain::payload_bytes in pieces.
class Payload {
 public:
  explicit Payload(std::vector<ByteSpan> pieces) : pieces_(std::move(pieces)) {}
  absl::Span<const ByteSpan> pieces() const { return pieces_; }
  void CopyTo(uint8_t* destination) const;

 private:
  std::vector<ByteSpan> pieces_;
};

// Told of one Get, one call at a time, in order.
class GetObserver {
 public:
  virtual ~GetObserver() = default;
  // `block`: an index of the chain; first, first + 1, ... The payload has been
  // checked and is what was put for exactly these tokens below this parent. It
  // lives as long as the call of this.
  virtual void OnBlock(size_t block, const Payload& payload) = 0;
  // The last call. OK: the blocks that did not come are not stored. DataLoss:
  // the store sent something else than what was asked for. Otherwise
  // DeadlineExceeded, Unavailable, ResourceExhausted, Cancelled. What came
  // before is good in any case.
  virtual void OnDone(absl::Status status) = 0;
};

class GetCall {
 public:
  // Cancels if it is not done. No call of the observer begins after the
  // destructor returned (one under way on another thread may end later).
  virtual ~GetCall() = default;
  virtual void Cancel() = 0;
};

// Bytes to put; `owner` keeps them alive and unchanged.
struct PutPayload {
  ByteSpan bytes;  // Chain::payload_bytes
  std::shared_ptr<const void> owner;
};

template <typename Response>
using Callback = std::function<void(absl::StatusOr<Response>)>;

class PrefixCacheClient {
 public:
  virtual ~PrefixCacheClient() = default;

  virtual void Match(const Chain& chain, absl::Time deadline,
                     Callback<MatchedBlocks> done) = 0;
  // Blocks [first, first + count) of the chain, up to the first missing one.
  virtual std::unique_ptr<GetCall> Get(
      std::shared_ptr<const Chain> chain, size_t first, size_t count,
      absl::Time deadline, std::shared_ptr<GetObserver> observer) = 0;
  // Stores blocks first, first + 1, ...: those before them should be stored.
  virtual void Put(std::shared_ptr<const Chain> chain, size_t first,
                   std::vector<PutPayload> payloads, absl::Time deadline,
                   Callback<v1::PutResponse> done) = 0;
  virtual void Stats(absl::Time deadline, Callback<v1::StatsResponse> done) = 0;
  // `root` null: everything.
  virtual void Evict(const Hash* root, absl::Time deadline,
                     Callback<v1::EvictResponse> done) = 0;
};

}  // namespace tessera::prefix_cache
