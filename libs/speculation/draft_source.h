// Where a draft comes from.
#pragma once

namespace tessera::speculation {

enum class DraftSource {
  kText,        // PromptLookup::FromText
  kPrediction,  // PromptLookup::FromPrediction
  kDraftModel,
};

// Where a prediction goes on behind a word that the answer has in place of a
// predicted one that marks follow.
enum class ReplacedWord {
  kNone,       // there is no such word
  kAtMarks,    // the marks stay: "bar(x)" for "foo(x)"
  kPastMarks,  // they went with the word: "the door is" for "the house, is"
};

}  // namespace tessera::speculation
