// Pieces of an ELF file, taken from bytes that may hold anything.
// SPDX-License-Identifier: MIT
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hyalite::elf_bytes {

#if defined(__x86_64__)
inline constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
inline constexpr Elf64_Half kMachine = EM_RISCV;
#elif defined(__powerpc64__)
inline constexpr Elf64_Half kMachine = EM_PPC64;
#elif defined(__s390x__)
inline constexpr Elf64_Half kMachine = EM_S390;
#else
#error "Which ELF machine is this?"
#endif

// The T at `offset`, copied, so that nothing need be aligned; nothing when it is not all there.
template <class T>
std::optional<T> read(std::string_view elf, std::uint64_t offset) {
  if (offset > elf.size() || elf.size() - offset < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, elf.data() + offset, sizeof out);
  return out;
}

inline std::optional<std::string_view> part(std::string_view elf, std::uint64_t offset,
                                     std::uint64_t size) {
  if (offset > elf.size() || elf.size() - offset < size) return std::nullopt;
  return elf.substr(offset, size);
}

// A shared object for this machine, or why it is none.
inline Result<Elf64_Ehdr> read_header(std::string_view elf) {
  const auto header = read<Elf64_Ehdr>(elf, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return Error{Fault::operator_, "is not an ELF file: name the .so that was built"};
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != kMachine)
    return Error{Fault::operator_, "is built for another machine: build it on one like this"};
  if (header->e_type != ET_DYN) return Error{Fault::operator_, "is not a shared object: link it with -shared, as hyalite_add_plugin does"};
  return *header;
}

}  // namespace hyalite::elf_bytes
