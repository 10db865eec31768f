// A project for a plugin of one's own, from the SDK's templates.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

enum class PluginLanguage { cxx, c, rust };

// In text and path, @NAME@ is the plugin's name, @IDENT@ the same as an identifier, @CLASS@ as a type's name.
struct TemplateFile {
  PluginLanguage language;
  std::string_view path, text;
};
std::span<const TemplateFile> template_files();

// Why a plugin cannot be called that, as a sentence; empty: it can.
std::string bad_plugin_name(std::string_view name);

struct MadeFile {
  std::string path, text;
};
// For a good name.
std::vector<MadeFile> project_of(PluginLanguage language, const std::string& name);

// Makes the directory, which does not exist yet, and writes the files into it.
Result<void> write_project(const std::string& directory, const std::vector<MadeFile>& files);

}  // namespace hyalite
