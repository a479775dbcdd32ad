// The playground page: files embedded in the binary.
#pragma once

#include "absl/strings/string_view.h"
#include "services/gateway/static_file.h"

namespace tessera::gateway {

// The file of an URL's path, without its query: "/" is the page, all else of it
// lies under "/playground/". nullptr: there is none.
const StaticFile* FindStaticFile(absl::string_view path);

}  // namespace tessera::gateway
