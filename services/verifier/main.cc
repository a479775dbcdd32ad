// verifier: the model's own process. See `verifier --help`.
#include <iostream>
#include <string>
#include <vector>

#include "services/verifier/run_verifier.h"

int main(int argc, char** argv) {
  const absl::Status status = tessera::verifier::RunVerifier(
      std::vector<std::string>(argv + 1, argv + argc), /*default_model=*/"");
  if (status.ok()) return 0;
  std::cerr << "verifier: " << status.message() << std::endl;
  return 1;
}
