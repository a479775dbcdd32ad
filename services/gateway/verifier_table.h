// VerifierTable: which verifiers are healthy, how busy each is, which one a
// prompt goes to. Thread-safe; asks nobody itself.
//
// A verifier starts ejected. It is admitted when a poll finds it well, and
// ejected when a request or a poll finds it gone (Unavailable), or when
// kMaxFailures polls in a row failed otherwise or were not answered in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/metrics/metrics.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

class VerifierTable {
 public:
  static constexpr int kMaxFailures = 3;

  // `registry` outlives us.
  VerifierTable(std::vector<std::string> addresses,
                metrics::Registry* registry);

  // The healthy one, not of `tried`, that the prompt belongs to; the least busy
  // one if that is clearly busier. Counts a request for it, until Release.
  // nullopt: none is left.
  std::optional<size_t> Choose(uint64_t prefix_hash,
                               const std::vector<bool>& tried);
  void Release(size_t index);

  // False while the last poll is not answered, which counts as a failure.
  bool BeginPoll(size_t index);
  void EndPoll(size_t index,
               const absl::StatusOr<verifier::v1::ModelInfoResponse>& response);

  // A request found it gone.
  void Eject(size_t index, const absl::Status& why);

  // From now on none is left.
  void Close();

  // What the healthy ones are together. Unavailable: there are none.
  absl::StatusOr<verifier::v1::ModelInfoResponse> Info() const;

  size_t size() const { return entries_.size(); }
  bool is_healthy(size_t index) const;
  const std::string& address(size_t index) const {
    return entries_[index].address;
  }

 private:
  struct Entry {
    std::string address;
    metrics::Gauge* healthy = nullptr;  // 0 or 1
    bool is_healthy = false;
    bool is_polled = false;  // an answer is due
    int num_failures = 0;    // polls in a row
    int num_active = 0;      // requests
    verifier::v1::ModelInfoResponse info;
    absl::Status reason;  // why it is ejected, as last logged
  };

  // With mutex_ held.
  void AddFailure(Entry* entry, const absl::Status& why);
  void SetEjected(Entry* entry, const absl::Status& why);
  bool IsOfTheSameModel(const Entry& entry,
                        const verifier::v1::ModelInfoResponse& response) const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  bool is_closed_ = false;
};

}  // namespace tessera::gateway
