// What a program says.
// SPDX-License-Identifier: MIT
#include "doctor/output_of.h"

#include "base/text.h"
#include "interception/program.h"

namespace hyalite {

Said output_of(const std::vector<std::string>& command, std::string_view input) {
  Result<ProgramRun> run = run_program({command, std::string(input)});
  if (!run) return {-1, {}, run.error().text};
  return {run->status, std::move(run->output), std::move(run->complaints)};
}

std::string complaint_of(const Said& said) {
  return std::string(trim(std::string_view(said.complaint).substr(0, said.complaint.find('\n'))));
}

}  // namespace hyalite
