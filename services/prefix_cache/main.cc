// prefix_cache: the store's own process. See `prefix_cache --help`.
#include <iostream>
#include <string>
#include <vector>

#include "services/prefix_cache/run_prefix_cache.h"

int main(int argc, char** argv) {
  const absl::Status status = tessera::prefix_cache::RunPrefixCache(
      std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::cerr << "prefix_cache: " << status.message() << std::endl;
  return 1;
}
