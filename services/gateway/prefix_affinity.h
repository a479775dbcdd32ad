// Which verifier is likely to have a prompt's beginning in its cache: the same
// for every gateway and after every restart.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

// Of the salt and the first 256 bytes, or token ids, of the prompt.
uint64_t PrefixHash(const verifier::v1::Prompt& prompt, absl::string_view salt);

// Rendezvous hashing (Thaler and Ravishankar 1998): the prompt belongs to the
// verifier with the highest score, so that one more or less moves few prompts.
uint64_t RendezvousScore(uint64_t prefix_hash, absl::string_view verifier);

}  // namespace tessera::gateway
