#include "tools/cli/commands.h"

#include <iostream>
#include <vector>

#include "absl/strings/str_format.h"
#include "libs/options/nearest.h"
#include "services/gateway/run_gateway.h"
#include "services/prefix_cache/run_prefix_cache.h"
#include "services/speculator/make_speculator.h"
#include "services/speculator/run_speculator.h"
#include "services/verifier/run_verifier.h"
#include "tools/cli/bench.h"
#include "tools/cli/cache.h"
#include "tools/cli/chat.h"
#include "tools/cli/complete.h"
#include "tools/cli/convert.h"
#include "tools/cli/inspect.h"
#include "tools/cli/perplexity.h"
#include "tools/cli/serve.h"
#include "tools/cli/tokenize.h"

namespace tessera::cli {
namespace {

absl::Status RunGatewayCommand(absl::Span<const std::string> args,
                               const Environment&) {
  return gateway::RunGateway(args);
}

absl::Status RunPrefixCacheCommand(absl::Span<const std::string> args,
                                   const Environment&) {
  return prefix_cache::RunPrefixCache(args);
}

absl::Status RunSpeculatorCommand(absl::Span<const std::string> args,
                                  const Environment& environment) {
  return speculator::RunSpeculator(args, environment.default_model);
}

absl::Status RunVerifierCommand(absl::Span<const std::string> args,
                                const Environment& environment) {
  return verifier::RunVerifier(args, environment.default_model,
                               speculator::MakeSpeculatorFactory);
}

constexpr Command kCommands[] = {
    {"serve", "an OpenAI-compatible API and a page to try it", RunServe},
    {"chat", "talks in the terminal", RunChat},
    {"complete", "continues a text", RunComplete},
    {"tokenize", "text on standard input to token ids", RunTokenize},
    {"inspect", "what a model file holds, and what would be refused",
     RunInspect},
    {"perplexity", "how well a model predicts a text", RunPerplexity},
    {"bench", "tokens a second", RunBench},
    {"convert", "a model from GGUF to safetensors, or back", RunConvert},
    {"gateway", "the API alone, before verifiers elsewhere", RunGatewayCommand},
    {"verifier", "a model alone, behind gateways", RunVerifierCommand},
    {"speculator", "a draft model alone, which proposes tokens to verifiers",
     RunSpeculatorCommand},
    {"prefix_cache", "a store of keys and values, by their prefixes' names",
     RunPrefixCacheCommand},
    {"cache", "a store's figures, emptying it, filling a server's caches",
     RunCache},
};

void PrintHelp(std::ostream& out) {
  out << "usage: tessera COMMAND [FLAG ...]\n\n"
         "Serves and runs language models.\n\n";
  for (const Command& command : kCommands) {
    out << absl::StrFormat("  %-11s %s\n", command.name, command.summary);
  }
  out << "\n`tessera COMMAND --help` lists a command's flags.\n";
}

}  // namespace

int RunCommand(absl::Span<const std::string> args,
               const Environment& environment) {
  if (args.empty()) {
    PrintHelp(std::cerr);
    return 2;
  }
  const std::string& name = args[0];
  if (name == "help" || name == "--help" || name == "-h") {
    PrintHelp(std::cout);
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    names.emplace_back(command.name);
    if (command.name != name) continue;
    const absl::Status status = command.run(args.subspan(1), environment);
    std::cout.flush();
    if (status.ok()) return 0;
    std::cerr << "tessera " << name << ": " << status.message() << "\n";
    return 1;
  }
  const std::string nearest = options::Nearest(name, names);
  std::cerr << "tessera: there is no command " << name;
  if (!nearest.empty()) std::cerr << "; did you mean " << nearest << "?";
  std::cerr << " (see tessera --help)\n";
  return 2;
}

}  // namespace tessera::cli
