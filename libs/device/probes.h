// What this machine can do at most, measured: the denominators of a roofline.
//
// Memory bandwidth drifts by a third within minutes on a shared machine, so a
// probe is short: run it beside the kernel it judges, in the same process and
// with the same team, and take medians of both.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/worker_team.h"

namespace tessera::device {

// Reads a buffer far larger than any cache, each worker its share in order.
class MemoryProbe {
 public:
  // ResourceExhausted: no memory for the buffer.
  static absl::StatusOr<MemoryProbe> Create(int64_t num_bytes = int64_t{256}
                                                                << 20);
  // One pass: about 10 ms.
  double BytesPerSecond(WorkerTeam& team);

 private:
  HugeBuffer buffer_;
};

enum class Arithmetic : uint8_t {
  kF32,   // fused multiply-add
  kBF16,  // vdpbf16ps; the f32 rate where the team's kernels have no such thing
  kI8,    // vpdpbusd; vpmaddubsw, vpmaddwd and an add with AVX2
  kTileI8,  // tdpbssd; the int8 rate where the team's kernels have no tiles
};

// Operations a second of all workers with operands in registers, a multiply-add
// counting as two, by the team's kernel set. About 5 ms. The reference set
// measures what the compiler makes of a plain loop over floats.
double ArithmeticRate(WorkerTeam& team, Arithmetic arithmetic);

}  // namespace tessera::device
