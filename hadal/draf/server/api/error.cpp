#include "hadal/draf/server/api/error.h"

#include "hadal/draf/server/api/json.h"

namespace hadal::draf::server {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::string ApiError::json() const {
  return dump({{"error",
                {{"message", what()},
                 {"type", details_.type},
                 {"param", text_or_null(details_.param)},
                 {"code", text_or_null(details_.code)}}}});
}

ApiError bad_field(const std::string& param, const std::string& what) {
  return ApiError(what, {.param = param});
}

ApiError shutting_down() {
  return ApiError("the server is shutting down", {.status = 503,
                                                  .type = "service_unavailable_error",
                                                  .code = "shutting_down",
                                                  .retry_after = 5});
}

ApiError took_too_long() {
  return ApiError("the request took longer than the server allows",
                  {.status = 504, .type = "server_error", .code = "timeout"});
}

ApiError engine_failed(const std::string& what) {
  return ApiError(concat("the engine failed: ", what),
                  {.status = 500, .type = "server_error", .code = "engine_error"});
}

}  // namespace hadal::draf::server
