// What the loader of the system would make of a shared object, read from its bytes without running any of its code.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

struct ElfImport {
  std::string name;
  bool weak = false;  // may stay without a definition
};

// See elf(5), and ld(1) for what the linker's -z options leave in a file.
struct ElfFacts {
  std::vector<std::string> needed;  // DT_NEEDED: the libraries that are loaded with it
  std::vector<ElfImport> imports;   // what others have to define
  std::vector<std::string> exports;
  std::vector<std::string> unique;  // exports of which a process has one, whoever defines it (STB_GNU_UNIQUE)
  std::string rpath;                // DT_RPATH and DT_RUNPATH: where its libraries are looked for first
  bool binds_now = false;           // -z now
  bool relro = false;               // -z relro
  bool text_relocations = false;    // code that is written to while it is loaded
  bool static_tls = false;          // needs thread-local memory that a running process may not have left
  bool executable_stack = false;
  bool writable_code = false;       // a segment that may be both written and executed
};

// Anything may be in `elf`. The errors are sentences about the file, without its name.
Result<ElfFacts> read_elf_facts(std::string_view elf);

}  // namespace hyalite
