// gateway: HTTP before verifiers elsewhere. See `gateway --help`.
#include <iostream>
#include <string>
#include <vector>

#include "services/gateway/run_gateway.h"

int main(int argc, char** argv) {
  const absl::Status status = tessera::gateway::RunGateway(
      std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::cerr << "gateway: " << status.message() << std::endl;
  return 1;
}
