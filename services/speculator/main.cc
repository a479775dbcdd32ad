// speculator: a draft model's own process. See `speculator --help`.
#include <iostream>
#include <string>
#include <vector>

#include "services/speculator/run_speculator.h"

int main(int argc, char** argv) {
  const absl::Status status = tessera::speculator::RunSpeculator(
      std::vector<std::string>(argv + 1, argv + argc), /*default_model=*/"");
  if (status.ok()) return 0;
  std::cerr << "speculator: " << status.message() << std::endl;
  return 1;
}
