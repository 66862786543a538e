/* Classifies what a sensor sends (here: standard input) with a model that is
 * part of the image. Prints a class number for each example.
 */
#include <stdio.h>

#include "model.h" /* made by signet embed */
#include "signet/runtime/signet.h"

int main(void) {
  /* Most that the device has for it; what needs more is refused. */
  const signet_options options = {.max_memory = 256 * 1024};
  signet_error error;
  signet_model *model;
  signet_workspace *workspace = NULL;
  uint8_t example[MODEL_INPUTS];
  int32_t class_number;
  if (signet_model_from_memory(model_bytes, sizeof model_bytes, &options,
                               &model, &error) != SIGNET_OK ||
      signet_workspace_create(model, 1, &workspace, &error) != SIGNET_OK) {
    puts(error.message);
    return 1;
  }
  while (fread(example, 1, sizeof example, stdin) == sizeof example) {
    if (signet_classify(model, workspace, example, 1, &class_number, &error) !=
        SIGNET_OK) {
      puts(error.message);
      return 1;
    }
    printf("%d\n", (int)class_number);
  }
  signet_workspace_free(workspace);
  signet_model_free(model);
  return 0;
}
