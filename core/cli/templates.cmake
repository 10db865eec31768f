# The files of sdk/templates as part of the program, so that `hyalite plugin new` needs no files of ours.
# SPDX-License-Identifier: MIT
set(template_files "")
foreach(language cxx c rust)
  set(directory ${PROJECT_SOURCE_DIR}/sdk/templates/${language})
  file(GLOB_RECURSE files RELATIVE ${directory} CONFIGURE_DEPENDS ${directory}/* ${directory}/.*)
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory}/${file})
    file(READ ${directory}/${file} text)
    string(APPEND template_files "      {PluginLanguage::${language}, \"${file}\", R\"_file_(${text})_file_\"},\n")
  endforeach()
endforeach()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/cli/template_files.cc.new
"// The files of sdk/templates; made by core/cli/templates.cmake.
#include \"cli/new_plugin.h\"

namespace hyalite {

std::span<const TemplateFile> template_files() {
  static constexpr TemplateFile kFiles[] = {
${template_files}  };
  return kFiles;
}

}  // namespace hyalite
")
file(COPY_FILE ${CMAKE_CURRENT_BINARY_DIR}/cli/template_files.cc.new ${CMAKE_CURRENT_BINARY_DIR}/cli/template_files.cc ONLY_IF_DIFFERENT)
target_sources(hyalite_cli PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/cli/template_files.cc)
