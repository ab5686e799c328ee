#include "hadal/cli/generate/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/generate/arguments.h"
#include "hadal/cli/ranks_of_model.h"
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/utf8.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <mutex>
#include <optional>

namespace hadal::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kMostPromptBytes = std::size_t{1} << 26;

/// Prints what a request gives out, and waits for its end.
class Printer {
 public:
  draf::Engine::Sink sink() {
    return [this](const draf::Output& output) {
      std::fwrite(output.text.data(), 1, output.text.size(), stdout);
      std::fflush(stdout);
      const std::lock_guard lock(mutex_);
      if (tokens_ == 0) first_ = Clock::now();
      tokens_ += static_cast<std::int64_t>(output.tokens.size());
      cached_ = output.cached_tokens;
      if (!output.finish) return;
      last_ = Clock::now();
      end_ = output;
      changed_.notify_all();
    };
  }

  /// The last output; calls `stop` once where the user asked to stop.
  draf::Output wait(const std::function<void()>& stop) {
    bool stopped = false;
    std::unique_lock lock(mutex_);
    while (
        !changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return end_.has_value(); })) {
      if (stopped || !interrupted()) continue;
      stopped = true;
      lock.unlock();
      stop();
      lock.lock();
    }
    return *end_;
  }

  std::string stats(Clock::time_point begin, std::int64_t prompt_tokens,
                    const draf::EngineFigures& figures) const {
    const auto rate = [](std::int64_t tokens, Seconds seconds) {
      return tokens <= 0 || seconds.count() <= 0 ? 0.0
                                                 : static_cast<double>(tokens) / seconds.count();
    };
    return concat("prompt: ", prompt_tokens, " tokens, ",
                  rate(prompt_tokens - cached_, first_ - begin), " tokens/s; generated: ", tokens_,
                  " tokens, ", rate(tokens_ - 1, last_ - first_), " tokens/s; attention kept ",
                  100 * figures.attention_flops / std::max(1.0, figures.dense_attention_flops),
                  " %");
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<draf::Output> end_;
  Clock::time_point first_, last_;
  std::int64_t tokens_ = 0;
  std::int64_t cached_ = 0;
};

std::string read_prompt(const std::string& argument) {
  if (argument != "-") return argument;
  std::string text(kMostPromptBytes + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (text.size() <= kMostPromptBytes) return text;
  throw InvalidArgument(
      concat("expected a prompt of at most ", kMostPromptBytes, " bytes on standard input"));
}

int generate(const GenerateArguments& arguments) {
  draf::EngineOptions options = engine_options(arguments.model);
  options.max_running = 1;
  options.max_waiting = 1;
  use_threads(arguments.threads);
  const std::string prompt = read_prompt(arguments.prompt);
  RanksOfModel ranks;
  draf::LoadedModel loaded = ranks.load(arguments.model);
  draf::Request request{.prompt = loaded.tokenizer->encode(prompt),
                        .max_tokens = arguments.max_tokens,
                        .sampling = sampling_of(arguments, loaded.defaults),
                        .stop = arguments.stop,
                        .ignore_end = arguments.ignore_end};
  const auto prompt_tokens = static_cast<std::int64_t>(request.prompt.size());
  const InterruptGuard guard;
  Printer printer;
  const auto engine = ranks.run(loaded, options);
  if (!engine) return kDone;  // another rank leads
  const auto begin = Clock::now();
  const auto id = engine->submit(std::move(request), printer.sink());
  const draf::Output end = printer.wait([&] { engine->cancel(id); });
  std::printf("\n");
  std::fflush(stdout);
  if (arguments.stats) {
    std::fprintf(stderr, "%s\n", printer.stats(begin, prompt_tokens, engine->figures()).c_str());
  }
  if (end.finish == draf::FinishReason::error) throw Error(concat("generate: ", end.error));
  check_interrupt();
  return kDone;
}

}  // namespace

void add_generate_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& command =
      *app.add_subcommand("generate", "Go on with a text by a language model, on the terminal");
  const auto arguments = std::make_shared<GenerateArguments>();
  add_generate_options(command, *arguments);
  command.footer("The text goes to standard output, all else to standard error. Ctrl-C ends it.");
  command.callback([arguments, &chosen] { chosen = [arguments] { return generate(*arguments); }; });
}

}  // namespace hadal::cli
