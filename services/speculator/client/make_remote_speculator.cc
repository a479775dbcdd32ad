#include "services/speculator/client/make_remote_speculator.h"

#include <memory>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "services/speculator/client/remote_speculator.h"
#include "services/speculator/client/vocabulary_digest.h"

namespace tessera::speculator {

absl::StatusOr<SpeculatorFactory> MakeRemoteSpeculatorFactory(
    const DraftOptions& options, metrics::Registry* registry) {
  RETURN_IF_ERROR(options.Validate());
  if (!options.model_file.empty()) {
    return absl::InvalidArgumentError(
        "--draft-model: this process holds no draft model; run `tessera "
        "speculator` and give its address by --speculator");
  }
  if (options.address.empty()) return SpeculatorFactory();
  ASSIGN_OR_RETURN(std::unique_ptr<RemoteSpeculator> speculator,
                   RemoteSpeculator::Create(options.address,
                                            {.tls = options.tls}, registry));
  // A std::function has to be copyable.
  auto holder = std::make_shared<std::unique_ptr<RemoteSpeculator>>(
      std::move(speculator));
  return SpeculatorFactory(
      [holder](const TargetModel& target)
          -> absl::StatusOr<std::unique_ptr<SpeculatorClient>> {
        CHECK(*holder != nullptr) << "a second speculator";
        (*holder)->SetTarget(VocabularyDigest(*target.tokenizer),
                             target.vocab_size);
        return std::move(*holder);
      });
}

}  // namespace tessera::speculator
