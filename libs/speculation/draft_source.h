// Where a draft comes from.
#pragma once

namespace tessera::speculation {

enum class DraftSource {
  kText,        // PromptLookup::FromText
  kPrediction,  // PromptLookup::FromPrediction
  kDraftModel,
};

}  // namespace tessera::speculation
