// What /version, build info and --version tell.
#pragma once

namespace tessera {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace tessera
