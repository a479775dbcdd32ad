// ModelWatch: the facts about the served model, asked of the verifier, kept for
// a second, so that a request need not wait for them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/gateway/served_model.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

class ModelWatch {
 public:
  using Told = std::function<void(absl::StatusOr<ServedModel>)>;

  // `client` outlives the watch.
  ModelWatch(verifier::VerifierClient* client,
             std::vector<std::string> aliases);

  // Calls `told` at once if the facts are known, asking anew behind it where
  // they are older than a second; else when the verifier has answered, on its
  // thread. Unavailable: it is loading, or gone.
  void Get(Told told);
  // When the verifier has answered now.
  void GetFresh(Told told);

 private:
  struct State {  // callbacks may outlive us
    std::mutex mutex;
    std::optional<ServedModel> model;  // unless the last answer was an error
    absl::Time asked = absl::InfinitePast();
    std::vector<std::string> aliases;
  };

  verifier::VerifierClient* const client_;
  const std::shared_ptr<State> state_;
};

}  // namespace tessera::gateway
