/* A C project that has the runtime's C API alone. */
#include <signet/runtime/signet.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  static const char text[] = "this is not a model file";
  signet_error error;
  signet_model *model;
  const signet_status status =
      signet_model_from_memory(text, sizeof text, NULL, &model, &error);
  printf("levels: %s..., %s: %s\n", signet_level(0), signet_status_text(status),
         error.message);
  return status == SIGNET_BAD_MODEL && model == NULL &&
                 strcmp(signet_level(0), "scalar") == 0
             ? 0
             : 1;
}
