// Attacks a published CIFAR-10 ResNet: attack_probe WEIGHTS INPUTS OUTPUT ATTACK NORM EPSILON STEPS
// STEP_SIZE STOP SEED. INPUTS is a safetensors file of `images` fp32 [n, 3, 32, 32] in [0, 1] and
// `labels` int64 [n]; OUTPUT gets `points` and `success`. STOP is 1 for early stopping. Prints the
// seconds that the attack took by the clock and of the processor, after another to warm up.
#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/state.h"
#include "hadal/msp/attack/apgd.h"
#include "hadal/msp/attack/auto_attack.h"
#include "hadal/msp/attack/bim.h"
#include "hadal/msp/attack/carlini_wagner.h"
#include "hadal/msp/attack/deep_fool.h"
#include "hadal/msp/attack/fab.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/mi_fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/square.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <memory>
#include <string>

namespace {

using namespace hadal;
using namespace hadal::msp;

struct Settings {
  std::string attack;
  Threat threat;
  int steps = 0;
  double step_size = 0;
  bool stop = true;
};

std::unique_ptr<Attack> make_attack(const Settings& s) {
  const std::string& name = s.attack;
  if (name == "fgsm") return std::make_unique<Fgsm>(FgsmOptions{.threat = s.threat});
  if (name == "bim") {
    return std::make_unique<Bim>(BimOptions{
        .threat = s.threat, .steps = s.steps, .step_size = s.step_size, .early_stop = s.stop});
  }
  if (name == "mi-fgsm") {
    return std::make_unique<MiFgsm>(MiFgsmOptions{
        .threat = s.threat, .steps = s.steps, .step_size = s.step_size, .early_stop = s.stop});
  }
  if (name == "pgd" || name == "pgd-clean") {
    return std::make_unique<Pgd>(PgdOptions{.threat = s.threat,
                                            .steps = s.steps,
                                            .step_size = s.step_size,
                                            .random_start = name == "pgd",
                                            .early_stop = s.stop});
  }
  if (name == "apgd-ce" || name == "apgd-dlr") {
    const Loss loss = name == "apgd-ce" ? Loss::cross_entropy : Loss::logit_ratio;
    return std::make_unique<Apgd>(ApgdOptions{.threat = s.threat, .steps = s.steps, .loss = loss});
  }
  if (name == "apgd-t") {
    return std::make_unique<Apgd>(
        ApgdOptions{.threat = s.threat, .steps = s.steps, .target_classes = 9});
  }
  if (name == "fab-t") {
    return std::make_unique<Fab>(
        FabOptions{.threat = s.threat, .steps = s.steps, .target_classes = 9});
  }
  if (name == "square") {
    return std::make_unique<Square>(SquareOptions{.threat = s.threat, .queries = s.steps});
  }
  if (name == "autoattack") return std::make_unique<AutoAttack>(s.threat);
  if (name == "deepfool") {
    return std::make_unique<DeepFool>(DeepFoolOptions{.threat = s.threat, .steps = s.steps});
  }
  if (name == "carlini-wagner") {
    return std::make_unique<CarliniWagner>(CarliniWagnerOptions{.threat = s.threat,
                                                                .initial_constant = 1,
                                                                .searches = 1,
                                                                .steps = s.steps,
                                                                .learning_rate = s.step_size});
  }
  throw InvalidArgument("no attack is called " + name);
}

Classifier load(const char* weights) {
  models::ResNetCifar model(20);
  models::load_state(*model, SafetensorsReader(weights));
  model->eval();
  model->fold_batch_norm();
  for (at::Tensor& parameter : model->parameters()) parameter.requires_grad_(false);
  return
      [model](const at::Tensor& x) mutable { return model->forward(models::normalize_cifar(x)); };
}

/// Prints the seconds.
void run(char** arguments) {
  const Settings settings{
      .attack = arguments[4],
      .threat = {.norm = parse_norm(arguments[5]), .epsilon = std::atof(arguments[6])},
      .steps = std::atoi(arguments[7]),
      .step_size = std::atof(arguments[8]),
      .stop = arguments[9][0] == '1'};
  const Classifier classifier = load(arguments[1]);
  const SafetensorsReader inputs(arguments[2]);
  const at::Tensor images = inputs.tensor("images"), labels = inputs.tensor("labels");
  const std::unique_ptr<Attack> attack = make_attack(settings);
  Fgsm().run(classifier, images, {.labels = labels});
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  const AttackResult result =
      attack->run(classifier, images, {.labels = labels},
                  {.seed = static_cast<std::uint64_t>(std::atoll(arguments[10]))});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double processor_seconds = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  write_safetensors(arguments[3], {{"points", result.points}, {"success", result.success}});
  std::printf("%.6f %.6f\n", seconds.count(), processor_seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) return 2;
  try {
    run(argv);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n  %s\n", error.what(), error.hint().c_str());
    return 1;
  }
}
