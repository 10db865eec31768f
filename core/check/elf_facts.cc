// What the loader of the system would make of a shared object, read from its bytes.
// SPDX-License-Identifier: MIT
#include "check/elf_facts.h"

#include <optional>

#include "plugin/elf_bytes.h"

namespace hyalite {

namespace {

using elf_bytes::part;
using elf_bytes::read;

// No plugin has so many; a file may claim any number.
constexpr std::uint64_t kMostSymbols = 1'000'000;

Error damaged(std::string_view what) {
  return Error{Fault::operator_, "is damaged: its " + std::string(what) + " cannot be read"};
}

// The text at `offset`, up to its NUL; empty beyond the end.
std::string text_at(std::string_view strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const std::string_view rest = strings.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

class Reading {
 public:
  Reading(std::string_view elf, const Elf64_Ehdr& header) : elf_(elf), header_(header) {}

  Result<ElfFacts> run() {
    if (auto segments = read_segments(); !segments) return segments.error();
    if (auto dynamic = read_dynamic(); !dynamic) return dynamic.error();
    if (auto symbols = read_symbols(); !symbols) return symbols.error();
    return std::move(facts_);
  }

 private:
  Result<void> read_segments() {
    bool says_stack = false;
    for (unsigned i = 0; i < header_.e_phnum; ++i) {
      const auto segment = read<Elf64_Phdr>(elf_, header_.e_phoff + std::uint64_t{i} * header_.e_phentsize);
      if (!segment) return damaged("segments");
      const bool both = (segment->p_flags & PF_W) != 0 && (segment->p_flags & PF_X) != 0;
      switch (segment->p_type) {
        case PT_LOAD:
          loads_.push_back(*segment);
          facts_.writable_code |= both;
          break;
        case PT_DYNAMIC: dynamic_ = part(elf_, segment->p_offset, segment->p_filesz); break;
        case PT_GNU_RELRO: facts_.relro = true; break;
        case PT_GNU_STACK:
          says_stack = true;
          facts_.executable_stack = (segment->p_flags & PF_X) != 0;
          break;
        default: break;
      }
    }
    // Who says nothing gets the old way: executable.
    if (!says_stack) facts_.executable_stack = true;
    if (!dynamic_) return damaged("dynamic section");
    return {};
  }

  // The bytes that are mapped at an address, as far as the file has them.
  std::optional<std::string_view> mapped(std::uint64_t address, std::uint64_t size) const {
    for (const Elf64_Phdr& load : loads_) {
      if (address < load.p_vaddr || address - load.p_vaddr >= load.p_filesz) continue;
      const std::uint64_t into = address - load.p_vaddr;
      if (load.p_filesz - into < size || load.p_offset > elf_.size()) return std::nullopt;
      return part(elf_.substr(load.p_offset), into, size);
    }
    return std::nullopt;
  }

  Result<void> read_dynamic() {
    std::uint64_t strings_at = 0, strings_size = 0;
    std::vector<std::uint64_t> needed, paths;
    for (std::uint64_t at = 0;; at += sizeof(Elf64_Dyn)) {
      const auto entry = read<Elf64_Dyn>(*dynamic_, at);
      if (!entry || entry->d_tag == DT_NULL) break;
      const std::uint64_t value = entry->d_un.d_val;
      switch (entry->d_tag) {
        case DT_STRTAB: strings_at = value; break;
        case DT_STRSZ: strings_size = value; break;
        case DT_NEEDED: needed.push_back(value); break;
        case DT_RPATH:
        case DT_RUNPATH: paths.push_back(value); break;
        case DT_TEXTREL: facts_.text_relocations = true; break;
        case DT_BIND_NOW: facts_.binds_now = true; break;
        case DT_FLAGS:
          facts_.binds_now |= (value & DF_BIND_NOW) != 0;
          facts_.text_relocations |= (value & DF_TEXTREL) != 0;
          facts_.static_tls |= (value & DF_STATIC_TLS) != 0;
          break;
        case DT_FLAGS_1: facts_.binds_now |= (value & DF_1_NOW) != 0; break;
        default: break;
      }
    }
    const auto strings = mapped(strings_at, strings_size);
    if (!strings) return damaged("names");
    for (const std::uint64_t at : needed) facts_.needed.push_back(text_at(*strings, at));
    for (const std::uint64_t at : paths) facts_.rpath += (facts_.rpath.empty() ? "" : ":") + text_at(*strings, at);
    return {};
  }

  std::optional<Elf64_Shdr> section(std::uint64_t i) const {
    if (i >= header_.e_shnum) return std::nullopt;
    return read<Elf64_Shdr>(elf_, header_.e_shoff + i * header_.e_shentsize);
  }

  Result<void> read_symbols() {
    for (unsigned i = 0; i < header_.e_shnum; ++i) {
      const auto symbols = section(i);
      if (!symbols) break;
      if (symbols->sh_type != SHT_DYNSYM) continue;
      const auto names = section(symbols->sh_link);
      const auto strings = names ? part(elf_, names->sh_offset, names->sh_size) : std::nullopt;
      const auto table = part(elf_, symbols->sh_offset, symbols->sh_size);
      if (!strings || !table || symbols->sh_entsize != sizeof(Elf64_Sym)) break;
      if (table->size() / sizeof(Elf64_Sym) > kMostSymbols) break;
      for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->size(); at += sizeof(Elf64_Sym)) {
        note(*read<Elf64_Sym>(*table, at), *strings);
      }
      return {};
    }
    return damaged("symbols");
  }

  void note(const Elf64_Sym& symbol, std::string_view strings) {
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    const std::string name = text_at(strings, symbol.st_name);
    if (name.empty() || binding == STB_LOCAL) return;
    if (symbol.st_shndx == SHN_UNDEF) {
      facts_.imports.push_back({name, binding == STB_WEAK});
    } else if (visibility == STV_DEFAULT || visibility == STV_PROTECTED) {
      facts_.exports.push_back(name);
      if (binding == STB_GNU_UNIQUE) facts_.unique.push_back(name);
    }
  }

  const std::string_view elf_;
  const Elf64_Ehdr& header_;
  std::vector<Elf64_Phdr> loads_;
  std::optional<std::string_view> dynamic_;
  ElfFacts facts_;
};

}  // namespace

Result<ElfFacts> read_elf_facts(std::string_view elf) {
  const auto header = elf_bytes::read_header(elf);
  if (!header) return header.error();
  return Reading(elf, *header).run();
}

}  // namespace hyalite
