/* Classifies a file of images with the C API: one line for each image.
 *
 *   classify MODEL.signet IMAGES [LEVEL]
 *
 * IMAGES is an IDX file of bytes, as MNIST has them, or raw: the bytes of one
 * image after another, each [channels, height, width].
 */
#include <stdio.h>
#include <stdlib.h>

#include "signet/runtime/signet.h"

/* Reads a file; *size is its size. NULL: it cannot be read. */
static unsigned char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  unsigned char *bytes = NULL;
  long end;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0) {
    *size = (size_t)end;
    bytes = malloc(*size);
    rewind(file);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
      free(bytes);
      bytes = NULL;
    }
  }
  fclose(file);
  return bytes;
}

/* Bytes in front of the images: 0 in a raw file; an IDX file begins with 0, 0,
 * 8 for bytes, the number of axes and 4 bytes for the length of each. */
static size_t header_size(const unsigned char *bytes, size_t size) {
  size_t header;
  if (size < 4 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8) return 0;
  header = 4 + 4 * (size_t)bytes[3];
  return header <= size ? header : 0;
}

static int classify(const signet_model *model, const unsigned char *images,
                    size_t count) {
  signet_error error;
  signet_workspace *workspace = NULL;
  int32_t *classes = malloc(count * sizeof *classes);
  int failed = classes == NULL;
  size_t i;
  if (failed) {
    fputs("classify: out of memory\n", stderr);
  } else if (signet_workspace_create(model, 64, &workspace, &error) !=
                 SIGNET_OK ||
             signet_classify(model, workspace, images, count, classes,
                             &error) != SIGNET_OK) {
    fprintf(stderr, "classify: %s\n", error.message);
    failed = 1;
  } else {
    for (i = 0; i < count; ++i) {
      const char *name = signet_model_class(model, (size_t)classes[i]);
      printf("%d %s\n", (int)classes[i], name != NULL ? name : "");
    }
  }
  signet_workspace_free(workspace);
  free(classes);
  return failed;
}

int main(int argc, char **argv) {
  signet_options options = {0};
  signet_error error;
  signet_model *model;
  unsigned char *bytes;
  size_t size, header, count;
  int failed;
  if (argc < 3 || argc > 4) {
    fputs("usage: classify MODEL.signet IMAGES [LEVEL]\n", stderr);
    return 2;
  }
  options.level = argc == 4 ? argv[3] : NULL;
  if (signet_model_load(argv[1], &options, &model, &error) != SIGNET_OK) {
    fprintf(stderr, "classify: %s (%s)\n", error.message,
            signet_status_text(error.status));
    return 1;
  }
  bytes = read_file(argv[2], &size);
  if (bytes == NULL) {
    fprintf(stderr, "classify: %s cannot be read\n", argv[2]);
    signet_model_free(model);
    return 1;
  }
  header = header_size(bytes, size);
  count = (size - header) / signet_model_inputs(model);
  if (count == 0 || (size - header) % signet_model_inputs(model) != 0) {
    fprintf(stderr, "classify: %s: must hold images of %lu bytes\n", argv[2],
            (unsigned long)signet_model_inputs(model));
    failed = 1;
  } else {
    failed = classify(model, bytes + header, count);
  }
  free(bytes);
  signet_model_free(model);
  return failed;
}
