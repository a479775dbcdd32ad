// Options of a verifier, one process's or a part of `tessera serve`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/options/flags.h"

namespace tessera::verifier {

inline constexpr size_t kMaxSharedPrefixes = 256;

// What drafts are taken from.
enum class SpeculationMode {
  kAuto,    // the text, the request's prediction, and a draft model if any
  kOff,     // nothing is drafted
  kLookup,  // the text and the prediction
  kDraft,   // the draft model
};

// What decides whether a draft token is kept (libs/speculation/acceptance.h).
// Greedy answers are the same under both.
enum class SpeculationRule {
  kMatch,      // it is the token that is drawn without drafts too
  kRejection,  // its chance; sampled answers keep their distribution, not bits
};

inline constexpr int kMaxDraftTokens = 64;

struct VerifierOptions {
  std::string model_name;  // as requests call it; empty: the file's name
  // Bytes of cached keys and values; 0: a quarter of the memory available.
  int64_t kv_memory_bytes = 0;
  int max_queued = 2048;  // requests that wait; more are refused at once
  int max_running = 256;  // sequences in one pass
  // Prompts are cut so that running streams get their next token in this time.
  absl::Duration target_inter_token = absl::Milliseconds(40);
  // A frame of a screen: tokens of a stream that come faster are sent together.
  // A send takes 3% of a step of one stream, and its reader more of a core that
  // computes: one stream gets 97.4% of what the model alone does, 95.5% at 8
  // ms.
  absl::Duration stream_interval = absl::Milliseconds(16);
  bool prefix_caching = true;  // no flag: --prefix-cache is StoreAccess's
  // Files of prompts' beginnings that every salt shares
  // (prefix/shared_prefixes.h).
  std::vector<std::string> shared_prefix_files;
  SpeculationMode speculation = SpeculationMode::kAuto;
  SpeculationRule speculation_rule = SpeculationRule::kMatch;
  // Of one draft: with the token it goes on from, one tile of the kernels.
  int max_draft_tokens = 15;

  // InvalidArgument, naming the field.
  absl::Status Validate() const;
};

// Declares --model-name, --kv-memory, --max-queued, --max-running,
// --target-inter-token-ms, --stream-interval-ms, --shared-prefix,
// --speculation, --speculation-rule, --max-draft-tokens.
void AddVerifierFlags(options::Flags* flags, VerifierOptions* options);

// Of the memory that this process may still take: MemAvailable, and what its
// control group leaves.
int64_t AvailableMemoryBytes();

}  // namespace tessera::verifier
