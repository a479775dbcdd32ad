#include "services/speculator/client/draft_options.h"

#include <limits>

#include "libs/base/status_macros.h"

namespace tessera::speculator {

absl::Status DraftOptions::Validate() const {
  if (!model_file.empty() && !address.empty()) {
    return absl::InvalidArgumentError(
        "--draft-model and --speculator: give one of the two, drafts come from "
        "a model in this process or from elsewhere");
  }
  if (kv_memory_bytes < 1) {
    return absl::InvalidArgumentError(
        "--draft-kv-memory: must be at least a block's");
  }
  return Annotate(tls.Validate(), "--speculator-tls");
}

void AddDraftFlags(options::Flags* flags, DraftOptions* options) {
  flags->Text("draft-model", &options->model_file, "FILE",
              "a small model of the same vocabulary, which drafts for the "
              "large one; by default none");
  flags->Text("speculator", &options->address, "HOST:PORT",
              "a `tessera speculator` that drafts instead");
  flags->Bytes("draft-kv-memory", &options->kv_memory_bytes, 1,
               std::numeric_limits<int64_t>::max(),
               "bytes of the draft model's cached keys and values");
  rpc::AddTlsFlags(flags, "speculator-", &options->tls);
}

}  // namespace tessera::speculator
