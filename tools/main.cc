// tessera: one binary over the libraries. Each command is a file of tools/cli.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "tools/cli/commands.h"

namespace {

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where tools/up keeps what it fetches; tools/setup/model.sh has the same rule.
std::string TesseraHome() {
  const std::string home = EnvironmentVariable("TESSERA_HOME");
  if (!home.empty()) return home;
  const std::string cache = EnvironmentVariable("XDG_CACHE_HOME");
  if (!cache.empty()) return cache + "/tessera";
  return EnvironmentVariable("HOME") + "/.cache/tessera";
}

}  // namespace

int main(int argc, char** argv) {
  tessera::cli::Environment environment;
  const std::filesystem::path link = TesseraHome() + "/models/default.gguf";
  std::error_code missing;  // then the link's name says it best
  const std::filesystem::path model = std::filesystem::canonical(link, missing);
  environment.default_model = missing ? link : model;
  return tessera::cli::RunCommand(
      std::vector<std::string>(argv + 1, argv + argc), environment);
}
