// A SpeculatorClient of a speculator behind an address.
//
// One that is dead, slow, paused or lying costs the caller one call's time at
// most, then nothing: a call that fails closes the way (is_ready), and a thread
// of the client's looks, away from the caller's, until a speculator with the
// target's vocabulary answers. Calls that fail though it answers are tried ever
// more rarely, at most Options::max_pause apart.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/tls.h"
#include "services/speculator/client/speculator_client.h"

namespace tessera::speculator {

struct RemoteOptions {
  rpc::TlsOptions tls;
  // What a call may take at most, whatever its deadline: so long does a paused
  // speculator hold up its caller, once. It computes for four fifths of it.
  absl::Duration call_timeout = absl::Milliseconds(250);
  absl::Duration probe_timeout = absl::Seconds(1);
  // After a failed call nobody is asked for so long; doubled by each failure
  // that follows without a success between.
  absl::Duration min_pause = absl::Milliseconds(250);
  absl::Duration max_pause = absl::Seconds(4);
};

class RemoteSpeculator : public SpeculatorClient {
 public:
  // Connects in its own time; not ready before SetTarget. Threads start here,
  // and have the caller's affinity: not the engine's pinned thread.
  // `registry` outlives the client. Errors as rpc::ClientCredentials'.
  static absl::StatusOr<std::unique_ptr<RemoteSpeculator>> Create(
      const std::string& address, const RemoteOptions& options,
      metrics::Registry* registry);
  ~RemoteSpeculator() override;

  // Which vocabulary the speculator must have (vocabulary_digest.h), and the
  // columns of the target's logits. Once.
  void SetTarget(const std::string& vocabulary_digest, int32_t vocab_size);

  bool is_ready() const override;
  // Besides what the interface says: OK at once and no drafts while it is not
  // ready. DataLoss: the speculator answered something else than was asked.
  absl::Status Propose(absl::Span<const DraftRequest> requests,
                       absl::Time deadline, std::vector<Draft>* drafts,
                       DraftTimes* times) override;
  void Release(SequenceId sequence) override;

 private:
  struct Parts;
  explicit RemoteSpeculator(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace tessera::speculator
