#include "tools/cli/inspect.h"

#include <iostream>
#include <memory>

#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/options/flags.h"
#include "tools/cli/checkpoint_inspection.h"
#include "tools/cli/inspection.h"

namespace tessera::cli {

absl::Status RunInspect(absl::Span<const std::string> args,
                        const Environment& environment) {
  std::string path = environment.default_model;
  bool json = false;
  options::Flags flags("tessera inspect",
                       "Tells what a model file holds: metadata, tensors, "
                       "types, bytes, and what of it would be refused.");
  flags.Positional(
      "FILE", &path,
      "a GGUF or safetensors file, or a model's folder (default: the "
      "fetched model)");
  flags.Switch("json", &json, "for a script");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> opened,
                   OpenCheckpoint(path));
  const Inspection inspection = InspectCheckpoint(*opened);
  std::cout << (json ? ToJson(inspection) : ToText(inspection));
  return absl::OkStatus();
}

}  // namespace tessera::cli
