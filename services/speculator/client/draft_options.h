// Where a verifier gets a draft model's drafts from.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "libs/options/flags.h"
#include "libs/rpc/tls.h"

namespace tessera::speculator {

struct DraftOptions {
  std::string model_file;  // of a draft model in this process; empty: none
  // HOST:PORT of a speculator elsewhere; empty: none.
  std::string address;
  // Of a draft model in this process: bytes of its keys and values.
  int64_t kv_memory_bytes = int64_t{1} << 30;
  rpc::TlsOptions tls;  // to `address`

  bool has_any() const { return !model_file.empty() || !address.empty(); }
  // InvalidArgument, naming the flag: two sources at once, no memory.
  absl::Status Validate() const;
};

// Declares --draft-model, --speculator, --draft-kv-memory and
// --speculator-tls-*.
void AddDraftFlags(options::Flags* flags, DraftOptions* options);

}  // namespace tessera::speculator
