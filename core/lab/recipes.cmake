# The recipes of config/recipes as part of the program, so that a lab needs no files of ours.
# SPDX-License-Identifier: MIT
set(recipe_cases "")
foreach(mode tproxy routing hybrid redirect)
  set(file ${PROJECT_SOURCE_DIR}/config/recipes/${mode}.sh)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  string(APPEND recipe_cases "    case LabMode::${mode}: return R\"recipe(${text})recipe\";\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/lab/recipe_texts.cc @ONLY NEWLINE_STYLE UNIX CONTENT
"// The recipes of config/recipes; made by core/lab/recipes.cmake.
#include \"lab/recipe.h\"

namespace hyalite {

std::string_view recipe_text(LabMode mode) {
  switch (mode) {
@recipe_cases@    case LabMode::none: return \"\";
  }
  return \"\";
}

}  // namespace hyalite
")
target_sources(hyalite_lab PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/lab/recipe_texts.cc)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/hyalite
  USE_SOURCE_PERMISSIONS FILES_MATCHING PATTERN "*.sh")
