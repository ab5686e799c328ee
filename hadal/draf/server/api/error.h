#pragma once

#include "hadal/core/error.h"

#include <string>

namespace hadal::draf::server {

/// A request that is refused, or that failed: what a client is told, in the shape of OpenAI's API.
class ApiError : public Error {
 public:
  struct Details {
    int status = 400;
    std::string type = "invalid_request_error";
    std::string param = {};  ///< the field at fault; empty: null
    std::string code = {};   ///< for programs; empty: null
    int retry_after = 0;     ///< seconds after which to try again; 0: not said
    std::string allow = {};  ///< methods that the path knows, where status is 405
  };

  ApiError(const std::string& what, Details details) : Error(what), details_(std::move(details)) {}
  const Details& details() const noexcept { return details_; }

  /// {"error": {"message": ..., "type": ..., "param": ..., "code": ...}}
  std::string json() const;

 private:
  Details details_;
};

/// 400: what is wrong with the field `param` of a request.
ApiError bad_field(const std::string& param, const std::string& what);
/// 503: the server ends.
ApiError shutting_down();
/// 504: a request took longer than one may.
ApiError took_too_long();
/// 500, or 503 with `retry_after`: the engine failed.
ApiError engine_failed(const std::string& what);

}  // namespace hadal::draf::server
