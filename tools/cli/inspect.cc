#include "tools/cli/inspect.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "libs/options/flags.h"
#include "tools/cli/checkpoint_inspection.h"
#include "tools/cli/inspection.h"

namespace tessera::cli {

namespace {

// Why the checkpoint would not run, besides the types of its tensors. Loading
// stops at the first reason, so the steps are taken apart.
std::vector<std::string> Refusals(Checkpoint& checkpoint, bool load) {
  std::vector<std::string> refusals;
  const auto add = [&refusals](const absl::Status& status) {
    if (!status.ok()) refusals.emplace_back(status.message());
  };
  const absl::Status config = model::ReadConfig(checkpoint).status();
  add(config);
  add(model::LoadTokenizer(checkpoint).status());
  const bool supported =
      std::all_of(checkpoint.tensors().begin(), checkpoint.tensors().end(),
                  [](const TensorEntry& t) { return t.unsupported.empty(); });
  if (load && config.ok() && supported) {
    add(model::LoadModel(checkpoint, {}).status());
  }
  return refusals;
}

}  // namespace

absl::Status RunInspect(absl::Span<const std::string> args,
                        const Environment& environment) {
  std::string path = environment.default_model;
  bool json = false;
  bool load = true;
  options::Flags flags("tessera inspect",
                       "Tells what a model file holds: metadata, tensors, "
                       "types, bytes, and what of it would be refused.");
  flags.Positional(
      "FILE", &path,
      "a GGUF or safetensors file, or a model's folder (default: the "
      "fetched model)");
  flags.Switch("json", &json, "for a script");
  flags.Switch("load", &load,
               "loads the weights, which finds missing tensors, wrong shapes "
               "and numbers that are none; takes their memory");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> opened,
                   OpenCheckpoint(path));
  Inspection inspection = InspectCheckpoint(*opened);
  inspection.refusals = Refusals(*opened, load);
  std::cout << (json ? ToJson(inspection) : ToText(inspection));
  return absl::OkStatus();
}

}  // namespace tessera::cli
