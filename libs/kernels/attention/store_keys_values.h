// The loop of StoreKeysValues (attention.h) around one set's StoreToken.
#pragma once

#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/attention_sequence.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/kernels/attention/store_token.h"

namespace tessera::attention {

void StoreTokens(StoreToken store, const KeyValueRows& rows,
                 absl::Span<const AttentionSequence> sequences,
                 device::Range tokens, int kv_head, const KvLayer& kv);

}  // namespace tessera::attention
