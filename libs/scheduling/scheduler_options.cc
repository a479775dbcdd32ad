#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"
#include "libs/scheduling/scheduler.h"

namespace tessera::scheduling {
namespace {

absl::Status AtLeastOne(absl::string_view name, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " of ", value, ": must be at least 1"));
}

}  // namespace

absl::Status SchedulerOptions::Validate() const {
  RETURN_IF_ERROR(AtLeastOne("max_queued", max_queued));
  RETURN_IF_ERROR(AtLeastOne("max_running", max_running));
  RETURN_IF_ERROR(AtLeastOne("max_pass_tokens", max_pass_tokens));
  RETURN_IF_ERROR(AtLeastOne("max_context", max_context));
  RETURN_IF_ERROR(AtLeastOne("max_logit_rows", max_logit_rows));
  if (aging <= absl::ZeroDuration() || aging == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("aging of ", absl::FormatDuration(aging),
                     ": must be more than zero, and finite"));
  }
  return absl::OkStatus();
}

}  // namespace tessera::scheduling
