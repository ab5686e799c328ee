#include "hadal/draf/server/service.h"

#include "hadal/core/text.h"
#include "hadal/draf/server/api/json.h"
#include "hadal/draf/server/api/tokenize.h"
#include "hadal/draf/server/http/host.h"
#include "hadal/draf/server/page/page.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace hadal::draf::server {
namespace {

constexpr std::string_view kModels = "/v1/models/";

struct Route {
  std::string_view path;  ///< one that ends in "/", but for "/" itself, stands for all below
  bool takes_body;        ///< POST, or else GET and HEAD
  bool needs_key;
};

constexpr std::array kRoutes = {Route{"/", false, false},
                                Route{"/page.css", false, false},
                                Route{"/page.js", false, false},
                                Route{"/health", false, false},
                                Route{"/metrics", false, true},
                                Route{"/figures", false, true},
                                Route{"/v1/models", false, true},
                                Route{kModels, false, true},
                                Route{"/v1/completions", true, true},
                                Route{"/v1/chat/completions", true, true},
                                Route{"/v1/embeddings", true, true},
                                Route{"/tokenize", true, true},
                                Route{"/detokenize", true, true}};

const Route* route_of(std::string_view path) {
  const auto* found = std::ranges::find_if(kRoutes, [&](const Route& route) {
    const bool below = route.path.size() > 1 && route.path.ends_with('/');
    return below ? path.starts_with(route.path) && path.size() > route.path.size()
                 : path == route.path;
  });
  return found == kRoutes.end() ? nullptr : found;
}

/// "application/json", whatever follows it.
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return type == "application/json";
}

void check_body(const RequestHead& head, std::size_t max_bytes) {
  if (head.chunked || !head.content_length) {
    throw ApiError("a request with a body must say its Content-Length", {.status = 411});
  }
  if (*head.content_length > max_bytes) {
    throw ApiError(
        concat("the body has ", *head.content_length, " bytes; at most ", max_bytes, " are taken"),
        {.status = 413, .code = "body_too_large"});
  }
  // Browsers ask before they send this type to another site, and no site gets a yes.
  if (!is_json(head.content_type)) {
    throw ApiError(concat("expected the header Content-Type: application/json, found ",
                          quote(head.content_type)),
                   {.status = 415});
  }
}

void check_method(const RequestHead& head, const Route& route) {
  const bool fits =
      route.takes_body ? head.method == "POST" : head.method == "GET" || head.method == "HEAD";
  if (!fits) {
    throw ApiError(
        concat("the method ", quote(head.method), " is not allowed for ", quote(head.path)),
        {.status = 405, .allow = route.takes_body ? "POST" : "GET, HEAD"});
  }
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Service::Service(Engine& engine, ServedModel model, const ServerOptions& options, Defer defer)
    : engine_(engine),
      model_(std::move(model)),
      options_(options),
      defer_(std::move(defer)),
      keys_(options.api_keys),
      created_(unix_seconds()) {}

std::string_view Service::label(std::string_view path) {
  const Route* route = route_of(path);
  return route ? route->path : "other";
}

void Service::check_host(const std::string& host) const {
  if (!is_loopback(options_.host)) return;
  if (is_loopback_name(host)) return;
  const std::string name = host_name(host);
  if (name == options_.host) return;
  if (std::ranges::find(options_.allowed_hosts, name) != options_.allowed_hosts.end()) return;
  throw ApiError(concat("the host ", quote(host),
                        " is not this server, which listens on the loopback device; ",
                        "allow the name with --allowed-host"),
                 {.status = 403, .type = "permission_error", .code = "wrong_host"});
}

void Service::admit(const RequestHead& head) const {
  check_host(head.host);
  const Route* route = route_of(head.path);
  if (!route) throw ApiError(concat("there is no ", quote(head.path)), {.status = 404});
  check_method(head, *route);
  if (route->needs_key && !keys_.empty() && !keys_.admits(head.authorization)) {
    throw ApiError("expected the header Authorization: Bearer, with a valid API key",
                   {.status = 401, .type = "authentication_error", .code = "invalid_api_key"});
  }
  if (route->takes_body) {
    if (draining_) throw shutting_down();
    check_body(head, options_.max_body_bytes);
  } else if (head.chunked || head.content_length.value_or(0) > 0) {
    throw ApiError(concat("a request for ", quote(head.path), " has no body"), {});
  }
}

void Service::handle(const RequestHead& head, std::string body,
                     const std::shared_ptr<Exchange>& exchange) {
  if (route_of(head.path)->takes_body) return read_call(head.path, std::move(body), exchange);
  try {
    exchange->reply(look_up(head.path));
  } catch (const ApiError& error) {
    exchange->reply(reply_of(error));
  }
}

HttpReply Service::health() const {
  if (draining_) return {.status = 503, .body = R"({"status":"draining"})"};
  if (engine_failed_ || engine_.figures().failed)
    return {.status = 503, .body = R"({"status":"failed"})"};
  return {.body = R"({"status":"ok"})"};
}

HttpReply Service::look_up(std::string_view path) const {
  if (path == "/health") return health();
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_.text(engine_.figures())};
  }
  if (path == "/figures") return {.body = figures_json(engine_.figures(), metrics_, model_.name)};
  if (!path.starts_with("/v1/models")) return page_reply(path);
  const Json model = {{"id", model_.name},
                      {"object", "model"},
                      {"created", created_},
                      {"owned_by", "hadal"},
                      {"max_model_len", model_.context}};
  if (!path.starts_with(kModels)) {
    return {.body = dump({{"object", "list"}, {"data", Json::array({model})}})};
  }
  const std::string_view name = path.substr(kModels.size());
  if (name != model_.name) {
    throw ApiError(concat("there is no model ", quote(name)),
                   {.status = 404, .param = "model", .code = "model_not_found"});
  }
  return {.body = dump(model)};
}

void Service::read_call(const std::string& path, std::string body,
                        const std::shared_ptr<Exchange>& exchange) {
  if (path == "/v1/embeddings") {
    return exchange->reply(reply_of(ApiError(
        concat("the model ", quote(model_.name), " generates text and gives no embeddings"),
        {.param = "model", .code = "unsupported_model"})));
  }
  defer_([this, path, body = std::move(body), exchange] {
    const auto reply = [&](HttpReply with) {
      exchange->post([exchange, with = std::move(with)] {
        if (exchange->is_open()) exchange->reply(with);
      });
    };
    try {
      if (path == "/tokenize") return reply({.body = tokenize_reply(body, model_)});
      if (path == "/detokenize") return reply({.body = detokenize_reply(body, model_)});
      const CallLimits limits{options_.max_choices, options_.max_prompt_tokens};
      Call call = path == "/v1/completions" ? parse_completion_call(body, model_, limits)
                                            : parse_chat_call(body, model_, limits);
      const auto generation = std::make_shared<Generation>(
          GenerationContext{engine_, model_, metrics_, engine_failed_}, std::move(call), exchange);
      exchange->post([generation] { generation->start(); });
    } catch (const ApiError& error) {
      reply(reply_of(error));
    } catch (const std::exception& error) {
      reply(reply_of(ApiError(concat("internal error: ", error.what()),
                              {.status = 500, .type = "server_error"})));
    }
  });
}

}  // namespace hadal::draf::server
