// tessera: one binary over the libraries. Each command is in tools/cli.
#include <cstdio>

int main() { std::puts("tessera: no commands yet"); }
