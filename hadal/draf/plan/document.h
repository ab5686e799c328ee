#pragma once

#include "hadal/core/json/fields.h"
#include "hadal/draf/plan/rank.h"
#include "hadal/draf/plan/replicas_memory.h"

#include <string>
#include <tuple>
#include <vector>

// What the JSON documents of plans hold: see hadal/core/json/fields.h.

namespace hadal::draf::plan {

constexpr auto fields_of(const Layout*) {
  return std::tuple{Field{"tensor_parallel", &Layout::tensor},
                    Field{"pipeline_parallel", &Layout::pipeline},
                    Field{"replicas", &Layout::replicas}, Field{"batch", &Layout::batch}};
}

constexpr auto fields_of(const DeviceMemory*) {
  return std::tuple{
      Field{"weights", &DeviceMemory::weights}, Field{"embeddings", &DeviceMemory::embeddings},
      Field{"cache", &DeviceMemory::cache}, Field{"activations", &DeviceMemory::activations}};
}

constexpr auto fields_of(const PassTime*) {
  return std::tuple{Field{"matmul", &PassTime::matmul},
                    Field{"attention", &PassTime::attention},
                    Field{"elementwise", &PassTime::elementwise},
                    Field{"engine", &PassTime::engine},
                    Field{"collective", &PassTime::collective},
                    Field{"head", &PassTime::head},
                    Field{"send", &PassTime::send},
                    Field{"bubble", &PassTime::bubble}};
}

constexpr auto fields_of(const Spread*) {
  return std::tuple{Field{"median", &Spread::median}, Field{"p99", &Spread::p99}};
}

constexpr auto fields_of(const Simulated*) {
  return std::tuple{Field{"requests", &Simulated::requests},
                    Field{"steps", &Simulated::steps},
                    Field{"first_token_seconds", &Simulated::first_token},
                    Field{"token_seconds", &Simulated::token},
                    Field{"request_seconds", &Simulated::request},
                    Field{"requests_a_second", &Simulated::requests_a_second},
                    Field{"tokens_a_second", &Simulated::tokens_a_second},
                    Field{"busy", &Simulated::busy}};
}

constexpr auto fields_of(const Candidate*) {
  return std::tuple{Field{"layout", &Candidate::layout},
                    Field{"memory_bytes", &Candidate::memory},
                    Field{"running", &Candidate::running},
                    Field{"step_seconds", &Candidate::step},
                    Field{"tokens_a_second", &Candidate::tokens_a_second},
                    Field{"requests_a_second", &Candidate::requests_a_second},
                    Field{"first_token_seconds", &Candidate::first_token_seconds},
                    Field{"token_seconds", &Candidate::token_seconds},
                    Field{"request_seconds", &Candidate::request_seconds},
                    Field{"load", &Candidate::load},
                    Field{"simulated", &Candidate::simulated, Null::if_absent}};
}

constexpr auto fields_of(const MeanRequest*) {
  return std::tuple{Field{"prompt", &MeanRequest::prompt}, Field{"output", &MeanRequest::output},
                    Field{"longest", &MeanRequest::longest}, Field{"rate", &MeanRequest::rate}};
}

constexpr auto fields_of(const LeftOut*) {
  return std::tuple{Field{"memory", &LeftOut::memory}, Field{"first_token", &LeftOut::first_token},
                    Field{"token", &LeftOut::token}, Field{"overloaded", &LeftOut::overloaded}};
}

struct PlanDocument {
  std::string model;
  std::string cluster;
  std::string source;
  std::string engine;
  std::string goal;
  MeanRequest request;
  std::vector<Candidate> ranked;
  LeftOut left_out;
  std::vector<std::string> reasons;
  std::string launch;
};

constexpr auto fields_of(const PlanDocument*) {
  return std::tuple{
      Field{"model", &PlanDocument::model},     Field{"cluster", &PlanDocument::cluster},
      Field{"source", &PlanDocument::source},   Field{"engine", &PlanDocument::engine},
      Field{"goal", &PlanDocument::goal},       Field{"request", &PlanDocument::request},
      Field{"ranked", &PlanDocument::ranked},   Field{"left_out", &PlanDocument::left_out},
      Field{"reasons", &PlanDocument::reasons}, Field{"launch", &PlanDocument::launch}};
}

constexpr auto fields_of(const MemoryPart*) {
  return std::tuple{Field{"name", &MemoryPart::name},
                    Field{"replicas_bytes", &MemoryPart::replicas},
                    Field{"sharded_bytes", &MemoryPart::sharded},
                    Field{"assumed_of_replicas", &MemoryPart::assumed_of_replicas},
                    Field{"assumed_of_sharded", &MemoryPart::assumed_of_sharded}};
}

constexpr auto fields_of(const ReplicasMemory*) {
  return std::tuple{Field{"parts", &ReplicasMemory::parts},
                    Field{"replicas_bytes", &ReplicasMemory::replicas},
                    Field{"sharded_bytes", &ReplicasMemory::sharded},
                    Field{"replicas_devices", &ReplicasMemory::replicas_devices},
                    Field{"sharded_devices", &ReplicasMemory::sharded_devices}};
}

}  // namespace hadal::draf::plan
