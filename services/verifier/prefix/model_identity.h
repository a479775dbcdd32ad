// What names a model's keys and values in a store: all that their bits depend
// on, so that blocks of one model, kernel set or cache type are never
// another's.
#pragma once

#include "absl/strings/string_view.h"
#include "libs/kv_cache/prefix_hash.h"
#include "libs/model/model.h"

namespace tessera::verifier {

// fingerprint: CheckpointFingerprint's. The salt is left empty.
kv_cache::PrefixIdentity MakePrefixIdentity(const model::Model& model,
                                            absl::string_view fingerprint);

}  // namespace tessera::verifier
