/* The packed runtime for C, C++ and languages that call C: loads a model file
 * and classifies images.
 *
 *   signet_error error;
 *   signet_model *model = NULL;
 *   signet_workspace *workspace = NULL;
 *   if (signet_model_load("mlp.signet", NULL, &model, &error) ||
 *       signet_workspace_create(model, 64, &workspace, &error) ||
 *       signet_classify(model, workspace, images, count, classes, &error))
 *     fprintf(stderr, "%s\n", error.message);
 *   signet_workspace_free(workspace);
 *   signet_model_free(model);
 *
 * Nothing here is global, prints, aborts or throws. A model never changes, so
 * threads share it, each with a workspace of its own. Link with
 * libsignet_runtime; see pkg-config signet-runtime.
 */
#ifndef SIGNET_RUNTIME_SIGNET_H
#define SIGNET_RUNTIME_SIGNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---- */

/* What a call returns; 0 is success. */
typedef enum signet_status {
  SIGNET_OK = 0,
  SIGNET_BAD_ARGUMENT = 1, /* a null pointer, an empty batch */
  SIGNET_BAD_FILE = 2,     /* cannot be opened or read */
  SIGNET_BAD_MODEL = 3,    /* not a model, damaged, of another version */
  SIGNET_OVER_LIMIT = 4,   /* needs more than signet_options allow */
  SIGNET_NO_MEMORY = 5,    /* the machine has no more */
  SIGNET_BAD_LEVEL = 6     /* a level that is unknown or not available here */
} signet_status;

/* Filled in by the call that it was given to, success or not; NULL if nobody
 * wants to know. */
typedef struct signet_error {
  signet_status status;
  char message[256]; /* one line, ends with 0, cut off if longer; "" if none */
} signet_error;

/* What a status means, such as "out of memory"; static. */
const char* signet_status_text(signet_status status);

/* ---- Loading ---- */

/* A model ready to run. */
typedef struct signet_model signet_model;

/* How to load; NULL or all zeros takes every default. */
typedef struct signet_options {
  /* Highest level of instructions to use: a name of signet_level(). NULL: the
   * best of this processor. The environment variable SIGNET_FORCE_ISA caps it
   * further. Every level gives the same results. */
  const char* level;
  /* Bytes of memory that loading, and then the model with a workspace, may
   * take. 0: 1 GiB. */
  uint64_t max_memory;
  /* Steps that one example may cost, about a nanosecond each at the scalar
   * level. 0: 2^33. */
  uint64_t max_steps;
} signet_options;

/* Loads a model file. Nothing in the file is trusted.
 * Ownership: *model is the caller's, for signet_model_free(); NULL on failure.
 * Errors: every status. */
signet_status signet_model_load(const char* path, const signet_options* options,
                                signet_model** model, signet_error* error);

/* The same from the bytes of a model file, which need no alignment and may be
 * freed after the call. */
signet_status signet_model_from_memory(const void* bytes, size_t size,
                                       const signet_options* options,
                                       signet_model** model,
                                       signet_error* error);

/* Frees a model; NULL is none. Its workspaces may outlive it. */
void signet_model_free(signet_model* model);

/* ---- What a model is ----
 * Text lives as long as the model. */

/* What the model reads. */
typedef enum signet_input {
  SIGNET_PIXELS = 0, /* bytes 0..255 */
  SIGNET_SIGNS = 1,  /* {-1,+1}: byte 0 is -1, any other +1 */
  SIGNET_BITS = 2    /* {0,1}: byte 0 is 0, any other 1 */
} signet_input;

/* Of an image; a model of plain rows of n values has {1, 1, n}. */
typedef struct signet_shape {
  size_t height;
  size_t width;
  size_t channels;
} signet_shape;

const char* signet_model_name(const signet_model* model);
signet_input signet_model_input(const signet_model* model);
/* Bytes of one example: height x width x channels. */
size_t signet_model_inputs(const signet_model* model);
signet_shape signet_model_image(const signet_model* model);
/* Classes: scores of one example. */
size_t signet_model_outputs(const signet_model* model);
/* Name of class `index`; NULL if the model has no names or index is not below
 * signet_model_outputs(). */
const char* signet_model_class(const signet_model* model, size_t index);
/* The level in use. */
const char* signet_model_level(const signet_model* model);
/* Bytes of memory that it takes, without workspaces. */
uint64_t signet_model_memory(const signet_model* model);

/* Names of the levels that this build has and this processor runs, slowest
 * first: index 0 is "scalar"; NULL at the end. Static. */
const char* signet_level(size_t index);

/* ---- Running ---- */

/* Memory for the calls of one thread with one model. */
typedef struct signet_workspace signet_workspace;

/* Memory for blocks of at most max_batch examples. Longer batches are done in
 * several blocks; more than 64 brings nothing.
 * Ownership: *workspace is the caller's, for signet_workspace_free(); NULL on
 * failure.
 * Errors: SIGNET_BAD_ARGUMENT (max_batch is 0), SIGNET_OVER_LIMIT,
 * SIGNET_NO_MEMORY. */
signet_status signet_workspace_create(const signet_model* model,
                                      size_t max_batch,
                                      signet_workspace** workspace,
                                      signet_error* error);

/* Frees a workspace; NULL is none. */
void signet_workspace_free(signet_workspace* workspace);

/* Scores of a batch: those of an example's classes, the greatest wins.
 * Shapes: inputs is [batch, signet_model_inputs()] bytes, images as data sets
 * have them, [channels, height, width]; scores is
 * [batch, signet_model_outputs()].
 * Cost: no allocation and no lock.
 * Errors: SIGNET_BAD_ARGUMENT (batch is 0, the workspace is of another
 * model). */
signet_status signet_scores(const signet_model* model,
                            signet_workspace* workspace, const uint8_t* inputs,
                            size_t batch, float* scores, signet_error* error);

/* The class with the highest score, the first of equals.
 * Shapes: inputs as above, classes is [batch].
 * Cost and errors: as above. */
signet_status signet_classify(const signet_model* model,
                              signet_workspace* workspace,
                              const uint8_t* inputs, size_t batch,
                              int32_t* classes, signet_error* error);

#ifdef __cplusplus
}
#endif

#endif /* SIGNET_RUNTIME_SIGNET_H */
