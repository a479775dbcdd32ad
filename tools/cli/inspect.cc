#include "tools/cli/inspect.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

#include "libs/base/status_macros.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/options/flags.h"
#include "tools/cli/gguf_inspection.h"
#include "tools/cli/inspection.h"

namespace tessera::cli {

absl::Status RunInspect(absl::Span<const std::string> args,
                        const Environment& environment) {
  std::string path = environment.default_model;
  bool json = false;
  options::Flags flags("tessera inspect",
                       "Tells what a model file holds: metadata, tensors, "
                       "types, bytes, and what of it would be refused.");
  flags.Positional("FILE", &path, "GGUF (default: the fetched model)");
  flags.Switch("json", &json, "for a script");
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<GgufFile> file, GgufFile::Open(path));
  Inspection inspection = InspectGguf(*file);
  std::error_code error;
  inspection.file_bytes = std::filesystem::file_size(path, error);
  std::cout << (json ? ToJson(inspection) : ToText(inspection));
  return absl::OkStatus();
}

}  // namespace tessera::cli
