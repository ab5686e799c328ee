#include "hadal/draf/plan/report.h"

#include "hadal/core/error.h"
#include "hadal/core/json/write.h"
#include "hadal/core/text.h"
#include "hadal/draf/plan/document.h"
#include "hadal/draf/plan/table.h"

#include <algorithm>

namespace hadal::draf::plan {
namespace {

using Row = std::vector<std::string>;

std::string heading(const Plan& plan) {
  const Cluster& cluster = plan.cluster;
  const MeanRequest& request = plan.request;
  const std::string rate = request.rate > 0 ? concat(fixed(request.rate, 2), " a second")
                                            : std::string("as many as can be served");
  return concat(plan.shape.name, " on ", cluster.name, ": ", cluster.nodes, " x ",
                cluster.devices_per_node, " devices, engine ", cluster.engine.name,
                "\nrequests of ", fixed(request.prompt, 0), " + ", fixed(request.output, 0),
                " tokens, ", rate, "; goal: ", name_of(plan.options.goal),
                "\nconstants: ", cluster.source.empty() ? "of the file" : cluster.source, '\n');
}

Row layout_row(std::size_t place, const Candidate& c) {
  const Layout& layout = c.layout;
  return {concat(place), concat(layout.tensor), concat(layout.pipeline), concat(layout.replicas),
          concat(layout.batch)};
}

Row model_row(std::size_t place, const Candidate& c) {
  Row row = layout_row(place, c);
  row.insert(row.end(), {fixed(c.tokens_a_second, 0), seconds_text(c.first_token_seconds),
                         seconds_text(c.token_seconds), bytes_text(c.memory.total())});
  return row;
}

Row simulated_row(std::size_t place, const Candidate& c) {
  const Simulated& seen = *c.simulated;
  Row row = layout_row(place, c);
  row.insert(row.end(), {fixed(seen.tokens_a_second, 0), seconds_text(seen.first_token.median),
                         seconds_text(seen.first_token.p99), seconds_text(seen.token.median),
                         seconds_text(seen.token.p99), seconds_text(seen.request.p99)});
  return row;
}

Row layout_head() { return {"", "TP", "PP", "replicas", "batch"}; }

/// The `rows` best layouts, as the analytical model has them.
std::string model_table(const Plan& plan, std::size_t rows) {
  std::vector<Row> table = {layout_head()};
  table[0].insert(table[0].end(), {"tokens/s", "first token", "token", "memory"});
  for (std::size_t i = 0; i < std::min(rows, plan.ranked.size()); ++i) {
    table.push_back(model_row(i + 1, plan.ranked[i]));
  }
  return concat(table_text(table, 0),
                "\ntokens/s: the most that the cluster generates; first token and token: without "
                "waiting for a place\nin the batch; memory: a device's. Calculated.\n");
}

/// Those that were simulated.
std::string simulation_table(const Plan& plan) {
  std::vector<Row> table = {layout_head()};
  table[0].insert(table[0].end(),
                  {"tokens/s", "first token", "p99", "token", "p99", "request p99"});
  for (std::size_t i = 0; i < plan.ranked.size(); ++i) {
    if (plan.ranked[i].simulated) table.push_back(simulated_row(i + 1, plan.ranked[i]));
  }
  if (table.size() == 1) return "";
  std::string arriving = "as they come";
  if (plan.request.rate == 0) {
    arriving = concat("at ", 100 * kLoadOfSimulation, " % of the rate that each layout can serve");
  }
  return concat("\nsimulated, with requests ", arriving, " (median and p99):\n",
                table_text(table, 0));
}

}  // namespace

std::string launch_line(const Plan& plan, const std::string& model) {
  const Layout& layout = plan.ranked.front().layout;
  const std::int64_t ranks = layout.tensor * layout.pipeline;
  std::string serve = concat("hadal serve ", printable(model), " --max-running ", layout.batch);
  if (ranks == 1) return serve;
  if (layout.pipeline > 1) serve += concat(" --pipeline-parallel-size ", layout.pipeline);
  const std::int64_t in_node = plan.cluster.devices_per_node;
  if (ranks <= in_node) return concat("hadal launch -n ", ranks, " -- ", serve);
  return concat("HADAL_RENDEZVOUS_SECRET=$(openssl rand -hex 32) srun --nodes ",
                (ranks + in_node - 1) / in_node, " --ntasks ", ranks, " ", serve);
}

std::string plan_text(const Plan& plan, const std::string& model, std::size_t rows) {
  std::string text = concat(heading(plan), '\n', model_table(plan, rows), simulation_table(plan));
  text += "\nwhy:\n";
  for (const std::string& reason : reasons(plan)) text += concat("- ", reason, '\n');
  const std::int64_t replicas = plan.ranked.front().layout.replicas;
  text += replicas == 1 ? std::string("\nto start it:\n")
                        : concat("\nto start each of its ", replicas, " replicas:\n");
  return concat(text, "  ", launch_line(plan, model), '\n');
}

std::string plan_json(const Plan& plan, const std::string& model) {
  const PlanDocument document{.model = plan.shape.name,
                              .cluster = plan.cluster.name,
                              .source = plan.cluster.source,
                              .engine = plan.cluster.engine.name,
                              .goal = std::string(name_of(plan.options.goal)),
                              .request = plan.request,
                              .ranked = plan.ranked,
                              .left_out = plan.left_out,
                              .reasons = reasons(plan),
                              .launch = launch_line(plan, model)};
  return write_document({.name = "hadal-plan", .version = 1, .document = "the plan", .hint = ""},
                        document);
}

std::string memory_text(const Shape& shape, const ReplicasMemory& memory) {
  std::vector<Row> table = {{"", "replicas", "sharded"}};
  for (const MemoryPart& part : memory.parts) {
    table.push_back({part.name, bytes_text(part.replicas), bytes_text(part.sharded)});
  }
  table.push_back({"together", bytes_text(memory.replicas), bytes_text(memory.sharded)});
  std::string text = concat(shape.name, ", ", fixed(shape.parameters() / 1e9, 1),
                            " billion parameters: memory of all devices, calculated\n\n",
                            table_text(table, 1), "\nassumed:\n");
  for (const MemoryPart& part : memory.parts) {
    text += concat("- ", part.name, ": replicas: ", part.assumed_of_replicas,
                   "; sharded: ", part.assumed_of_sharded, '\n');
  }
  return concat(text, "\nSharding, as Hadal does it, takes ",
                fixed(100 * (1 - memory.sharded / memory.replicas), 0),
                " % less: ", bytes_text(memory.sharded / memory.sharded_devices), " on each of ",
                memory.sharded_devices, " devices instead of ",
                bytes_text(memory.replicas / memory.replicas_devices), " on each of ",
                memory.replicas_devices,
                ".\nThe published sums for 175 billion parameters are 4.2 TB and 1.8 TB. They come "
                "without assumptions:\nthese are Hadal's, and lead to them.\n");
}

std::string memory_json(const ReplicasMemory& memory) {
  return write_document(
      {.name = "hadal-plan-memory", .version = 1, .document = "the memory", .hint = ""}, memory);
}

}  // namespace hadal::draf::plan
