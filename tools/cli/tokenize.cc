#include "tools/cli/tokenize.h"

#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_tokenizer.h"
#include "libs/options/flags.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

using tokenizer::Tokenizer;

// {"tokens": [ids], "pieces": [texts]}; a piece that is no UTF-8 gets U+FFFD.
std::string ToJson(const std::vector<int32_t>& ids,
                   const Tokenizer& tokenizer) {
  nlohmann::ordered_json pieces = nlohmann::ordered_json::array();
  for (const int32_t id : ids) {
    pieces.push_back(std::string(tokenizer.TokenBytes(id)));
  }
  const nlohmann::ordered_json json = {{"tokens", ids}, {"pieces", pieces}};
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

absl::Status RunTokenize(absl::Span<const std::string> args,
                         const Environment& environment) {
  std::string model = environment.default_model;
  tokenizer::EncodeOptions encode;
  bool json = false;
  options::Flags flags("tessera tokenize",
                       "Prints the token ids of the text on standard input.");
  flags.Text("model", &model, "FILE", "the model whose tokenizer it is")
      .Short('m');
  flags.Switch("parse-special", &encode.parse_special,
               "the text of a special token becomes that token");
  flags.Switch("add-special", &encode.add_special,
               "adds BOS and EOS if the model asks for them");
  flags.Switch("json", &json, "for a script: ids and the text of each");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint,
                   OpenCheckpoint(model));
  ASSIGN_OR_RETURN(const std::unique_ptr<const Tokenizer> tokenizer,
                   model::LoadTokenizer(*checkpoint));
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                   tokenizer->Encode(text, encode));
  std::cout << (json ? ToJson(ids, *tokenizer) : absl::StrJoin(ids, " "))
            << "\n";
  return absl::OkStatus();
}

}  // namespace tessera::cli
