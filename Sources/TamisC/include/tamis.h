/*
 * tamis.h: the C library of Tamis, small files for neural networks.
 *
 * A .tamis file holds a model: one or more files (an ONNX model and its external data, or safetensors) whose tensors are coded, and
 * whose other bytes are kept as they were. This library opens and decodes such files, whole, by tensors or as they arrive, and makes them.
 *
 *     tamis_model *model;
 *     tamis_error *error = NULL;
 *     if (tamis_open_path("model.tamis", TAMIS_OPEN_ALL, NULL, &model, &error) != TAMIS_OK) {
 *         fprintf(stderr, "%s\n", tamis_error_message(error));
 *         tamis_error_free(error);
 *         return 1;
 *     }
 *     void *bytes;
 *     size_t size;
 *     if (tamis_decode_file_new(model, 0, &bytes, &size, NULL, &error) == TAMIS_OK) {
 *         ...                                   // the bytes of model.onnx
 *         tamis_free(bytes);
 *     }
 *     tamis_close(model);
 *
 * Conventions, which hold unless a function says otherwise:
 *
 * - Status. What can fail returns a tamis_status, TAMIS_OK being 0. Its last argument `error` may be NULL. If it is not, it is set to
 *   NULL on success, and otherwise to an error that tells more, which the caller frees with tamis_error_free. Whatever a function
 *   returns through other pointers is set to NULL or 0 if it fails; structs and buffers may then hold anything.
 * - Arguments. NULL where an object or a place for a result is needed, a number that is out of range, or a buffer that is too small
 *   is TAMIS_MISUSE, never a crash. A handle that was closed, or was never one, cannot be told from one that is open: it must not be given.
 * - Text is UTF-8 and ends in a zero byte. Text that is returned belongs to the handle that it was asked of, and lives as long.
 * - Threads. There is no global state. A tamis_model, a tamis_export and a tamis_error may be used by any number of threads at
 *   once; tamis_options and tamis_stream by one at a time. Nobody may use a handle while, or after, it is freed.
 * - Versions. A struct begins with its own size, which its _INIT macro fills in, so that a later library can add members at its end
 *   and still serve programs compiled with this header. A member left 0 means the default.
 * - Element bytes are little-endian and in C order (the last dimension runs fastest), elements of less than a byte packed, the first one
 *   in the lowest bits: as ONNX has them in raw_data.
 * - Files from strangers are safe to open: every count and size is checked, and what would exceed the limits is refused before
 *   memory is taken for it. See SECURITY.md.
 *
 * Names of codes, elements and units are those of the format's specification, Spec/ in the source repository.
 */

#ifndef TAMIS_H
#define TAMIS_H

#include <stddef.h>
#include <stdint.h>

/** Version of this header, to be compared with tamis_version_number() of the library that runs. */
#define TAMIS_VERSION_MAJOR 0
#define TAMIS_VERSION_MINOR 1
#define TAMIS_VERSION_PATCH 0
#define TAMIS_VERSION_NUMBER (TAMIS_VERSION_MAJOR * 10000 + TAMIS_VERSION_MINOR * 100 + TAMIS_VERSION_PATCH)
#define TAMIS_VERSION "0.1.0"

#ifndef TAMIS_API
#  if defined(__GNUC__) && __GNUC__ >= 4
#    define TAMIS_API __attribute__((visibility("default")))
#  else
#    define TAMIS_API
#  endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ------------------------------------------------------------------------------------------------------------------ */

/** Version of the library, such as "0.1.0". Never freed. */
TAMIS_API const char *tamis_version(void);

/** The same as a number that grows: 10000 · major + 100 · minor + patch. */
TAMIS_API int tamis_version_number(void);

/** The newest version of the format that the library reads. */
TAMIS_API int tamis_format_version(void);

/** What files made by this library say made them, such as "tamis 0.1.0, libzstd 1.5.4": where this is the same, the same model and
 *  options give the same bytes. Never freed. */
TAMIS_API const char *tamis_encoder_name(void);

/* ---- Status and errors --------------------------------------------------------------------------------------------------------- */

/** How a call ended, as far as a caller can do something about it. Numbers are stable. */
typedef enum tamis_status {
    TAMIS_OK = 0,
    /** The bytes are not what the format allows: damaged, truncated or never sound. Or a model is not what its format allows. */
    TAMIS_MALFORMED = 1,
    /** The bytes are sound, but this version cannot read them, or not in the way asked for. */
    TAMIS_UNSUPPORTED = 2,
    /** The bytes ask for more than the limits given, or for more memory than there is. */
    TAMIS_LIMIT = 3,
    /** The caller asked for something that makes no sense. */
    TAMIS_MISUSE = 4,
    /** The operating system refused to read or write. */
    TAMIS_IO = 5,
    /** The callback `cancel` asked to stop. */
    TAMIS_CANCELLED = 6,
    /** No error: a stream has nothing to give before more is pushed. */
    TAMIS_AGAIN = 7,
    /** No error: a stream has given all it has. */
    TAMIS_END = 8
} tamis_status;

/** "ok", "malformed", "unsupported", "limit", "misuse", "io", "cancelled", "again" or "end"; "unknown" for any other number. */
TAMIS_API const char *tamis_status_name(tamis_status status);

/** What went wrong, where, what was expected, and what to do. All functions on it accept NULL, as if for an error without content. */
typedef struct tamis_error tamis_error;

TAMIS_API tamis_status tamis_error_status(const tamis_error *error);
/** A stable name for programs, such as "payload_checksum" (Spec §3.6). */
TAMIS_API const char *tamis_error_code(const tamis_error *error);
/** All of it in one sentence for people, without a line end. */
TAMIS_API const char *tamis_error_message(const tamis_error *error);
/** What was found, and what was expected: the sentence without place, code and advice. */
TAMIS_API const char *tamis_error_reason(const tamis_error *error);
/** The file that the bytes came from; NULL if there is none. */
TAMIS_API const char *tamis_error_file(const tamis_error *error);
/** The unit of the stream, such as "data_unit[3]"; NULL if it is about none. */
TAMIS_API const char *tamis_error_unit(const tamis_error *error);
/** The syntax element or key that was read; NULL if it is about none. */
TAMIS_API const char *tamis_error_element(const tamis_error *error);
/** Offset of the fault from the start of the file, in bytes; -1 if it has none. */
TAMIS_API int64_t tamis_error_byte_offset(const tamis_error *error);
/** What the reader of the message can do; NULL if there is nothing. */
TAMIS_API const char *tamis_error_advice(const tamis_error *error);
TAMIS_API void tamis_error_free(tamis_error *error);

/** Frees bytes that the library returned with their size. NULL is allowed. */
TAMIS_API void tamis_free(void *bytes);

/* ---- What a caller is willing to spend, and how a call runs -------------------------------------------------------------------- */

/** What a stream may ask for; it is refused (TAMIS_LIMIT) before anything is allocated for it. 0 means the default in brackets. */
typedef struct tamis_limits {
    size_t size;
    /** Bytes of all decoded files together. [4 GiB] */
    uint64_t output_bytes;
    /** Bytes of one tensor. [2 GiB] */
    uint64_t tensor_bytes;
    /** Bytes of one file besides its tensors. [4 GiB] */
    uint64_t skeleton_bytes;
    /** [65536] */
    uint64_t tensors;
    /** Places in files that tensors fill. [262144] */
    uint64_t holes;
    /** [256] */
    uint64_t files;
    /** Bytes of the list of files and tensors. [64 MiB] */
    uint64_t topology_bytes;
    /** [262144] */
    uint64_t units;
} tamis_limits;

#define TAMIS_LIMITS_INIT { sizeof(tamis_limits), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * How a call runs. NULL in place of it means all defaults.
 *
 * Callbacks may come from any thread, never two at a time for one call, and none after the call has returned. They must not call
 * the library with the handle at work, and must not throw or jump out.
 */
typedef struct tamis_run {
    size_t size;
    /** Threads that work side by side; 0 for one per processor. What comes out never depends on it. */
    int threads;
    /** Nonzero leaves out the comparison of whole decoded files with their SHA-256; checksums and digests of units and tensors are
     *  always compared. */
    int skip_file_digests;
    /** Called now and then if not NULL: `done` never falls and is at most `total`, both in a measure of the call's own. */
    void (*progress)(void *user, uint64_t done, uint64_t total);
    /** Asked often if not NULL; once it returns other than 0, the call ends soon with TAMIS_CANCELLED and frees what it took. */
    int (*cancel)(void *user);
    /** Passed to both. */
    void *user;
} tamis_run;

#define TAMIS_RUN_INIT { sizeof(tamis_run), 0, 0, NULL, NULL, NULL }

/* ---- What is in a file --------------------------------------------------------------------------------------------------------- */

/** Types of elements; the numbers are those of ONNX's TensorProto.DataType. */
typedef enum tamis_element_type {
    TAMIS_FLOAT32 = 1,
    TAMIS_UINT8 = 2,
    TAMIS_INT8 = 3,
    TAMIS_UINT16 = 4,
    TAMIS_INT16 = 5,
    TAMIS_INT32 = 6,
    TAMIS_INT64 = 7,
    TAMIS_BOOL = 9,
    TAMIS_FLOAT16 = 10,
    TAMIS_FLOAT64 = 11,
    TAMIS_UINT32 = 12,
    TAMIS_UINT64 = 13,
    TAMIS_COMPLEX64 = 14,
    TAMIS_COMPLEX128 = 15,
    TAMIS_BFLOAT16 = 16,
    TAMIS_FLOAT8E4M3FN = 17,
    TAMIS_FLOAT8E4M3FNUZ = 18,
    TAMIS_FLOAT8E5M2 = 19,
    TAMIS_FLOAT8E5M2FNUZ = 20,
    TAMIS_UINT4 = 21,
    TAMIS_INT4 = 22,
    TAMIS_FLOAT4E2M1 = 23,
    TAMIS_FLOAT8E8M0 = 24,
    TAMIS_UINT2 = 25,
    TAMIS_INT2 = 26,
    TAMIS_FLOAT6E2M3 = 27,
    TAMIS_FLOAT6E3M2 = 28
} tamis_element_type;

/** The name people know a type by, such as "float32"; "unknown" for any other number. Never freed. */
TAMIS_API const char *tamis_element_type_name(tamis_element_type type);

/** Bits of one element as stored; 0 for any other number. */
TAMIS_API int tamis_element_type_bits(tamis_element_type type);

/** An open .tamis file. */
typedef struct tamis_model tamis_model;

/** How much of a file is looked at when it is opened. */
typedef enum tamis_access {
    /** Every unit from front to back: to decode all of it. Finds every fault of the frame at once. */
    TAMIS_OPEN_ALL = 0,
    /** The index at the end: to decode some tensors, whatever the size of the file. */
    TAMIS_OPEN_INDEX = 1
} tamis_access;

/** Opens a file by mapping it into memory. It must not be changed while it is open. */
TAMIS_API tamis_status tamis_open_path(
    const char *path, tamis_access access, const tamis_limits *limits, tamis_model **model, tamis_error **error);

/** Opens a file held in memory. The bytes are not copied: they must stay, unchanged, until tamis_close. */
TAMIS_API tamis_status tamis_open_memory(
    const void *bytes, size_t size, tamis_access access, const tamis_limits *limits, tamis_model **model, tamis_error **error);

/** Frees the model, and all text and arrays that it gave out. NULL is allowed. Exports stay usable. */
TAMIS_API void tamis_close(tamis_model *model);

/** A file that decoding yields. */
typedef struct tamis_file_info {
    size_t size;
    /** A relative path with `/` between its parts; nothing is ever opened by it unasked. */
    const char *name;
    uint64_t byte_count;
} tamis_file_info;

#define TAMIS_FILE_INFO_INIT { sizeof(tamis_file_info), NULL, 0 }

/** Number of files that decoding yields; file 0 is the model itself. 0 for NULL. */
TAMIS_API size_t tamis_file_count(const tamis_model *model);

TAMIS_API tamis_status tamis_get_file_info(const tamis_model *model, size_t file, tamis_file_info *info, tamis_error **error);

/** A tensor of the model. */
typedef struct tamis_tensor_info {
    size_t size;
    /** Its name in the model; a path where the model gives it no unique name. */
    const char *name;
    tamis_element_type element_type;
    /** Number of dimensions; 0 for a scalar. */
    size_t rank;
    /** `rank` of them. Live as long as the handle. */
    const uint64_t *dimensions;
    uint64_t element_count;
    uint64_t byte_count;
} tamis_tensor_info;

#define TAMIS_TENSOR_INFO_INIT { sizeof(tamis_tensor_info), NULL, (tamis_element_type)0, 0, NULL, 0, 0 }

/** How a tensor is coded. */
typedef struct tamis_tensor_coding {
    size_t size;
    /** Bytes in the .tamis file; for a small tensor that shares a unit with others, its estimated share. */
    uint64_t coded_bytes;
    /** "raw" or "float" (bit-exact), or "index" (quantized, or integers as they are). */
    const char *mode;
    /** "uniform", "trellis", "codebook", "companded", "minifloat" or "integer"; NULL where there are no indices. */
    const char *quantizer;
    /** Nonzero if the elements are those that the encoder read, bit by bit. */
    int exact;
    /** Step size of the quantizer; 0 if it has none. */
    float step;
    /** Root mean square of the differences from the source, as the encoder states it; negative if it states none for this tensor alone. */
    float weight_error;
} tamis_tensor_coding;

#define TAMIS_TENSOR_CODING_INIT { sizeof(tamis_tensor_coding), 0, NULL, NULL, 0, 0, 0 }

/** Number of tensors in the file; those that the model stores twice count once. 0 for NULL. */
TAMIS_API size_t tamis_tensor_count(const tamis_model *model);

TAMIS_API tamis_status tamis_get_tensor_info(const tamis_model *model, size_t tensor, tamis_tensor_info *info, tamis_error **error);

/** Reads the headers of all units the first time it is called for a model. */
TAMIS_API tamis_status tamis_get_tensor_coding(const tamis_model *model, size_t tensor, tamis_tensor_coding *coding, tamis_error **error);

/** The number of the tensor with this name, or with this alias; "no_such_tensor" (TAMIS_MISUSE) if there is none. */
TAMIS_API tamis_status tamis_find_tensor(const tamis_model *model, const char *name, size_t *tensor, tamis_error **error);

/** Number of aliases: further names of tensors that the model stores under more than one. 0 for NULL. */
TAMIS_API size_t tamis_alias_count(const tamis_model *model);

TAMIS_API tamis_status tamis_get_alias(const tamis_model *model, size_t alias, const char **name, size_t *tensor, tamis_error **error);

/** What made the file, such as "tamis 0.1.0, libzstd 1.5.4"; NULL for NULL. */
TAMIS_API const char *tamis_made_by(const tamis_model *model);

/** The options it was made with, as words of the command line; NULL for NULL. */
TAMIS_API const char *tamis_made_with(const tamis_model *model);

/* ---- Decoding ------------------------------------------------------------------------------------------------------------------ */

/** Decodes a file of the model into `buffer`, which has room for `capacity` bytes; its size is in tamis_get_file_info. */
TAMIS_API tamis_status tamis_decode_file(
    const tamis_model *model, size_t file, void *buffer, size_t capacity, const tamis_run *run, tamis_error **error);

/** As tamis_decode_file, into memory of its own, which the caller frees with tamis_free. An empty file gives a pointer that is not NULL. */
TAMIS_API tamis_status tamis_decode_file_new(
    const tamis_model *model, size_t file, void **bytes, size_t *size, const tamis_run *run, tamis_error **error);

/** Decodes one tensor, and compares its digest; only the unit that holds it is read. */
TAMIS_API tamis_status tamis_decode_tensor(
    const tamis_model *model, size_t tensor, void *buffer, size_t capacity, const tamis_run *run, tamis_error **error);

/**
 * Decodes the rows `first_row` to `first_row + row_count - 1`: the elements with these places along the first dimension. A scalar
 * has one row.
 *
 * Only the parts of the tensor that hold these rows are decoded where its coding order allows, else all of it. The checksum of the
 * unit is compared always, the digest of the tensor only if all of it was decoded. TAMIS_UNSUPPORTED if the elements are packed and
 * the rows do not begin and end at a byte.
 */
TAMIS_API tamis_status tamis_decode_rows(
    const tamis_model *model, size_t tensor, uint64_t first_row, uint64_t row_count, void *buffer, size_t capacity, const tamis_run *run,
    tamis_error **error);

/** Decodes everything, compares all checksums and digests, and keeps nothing: in bounded memory, whatever the size of the model. */
TAMIS_API tamis_status tamis_verify(const tamis_model *model, const tamis_run *run, tamis_error **error);

/* ---- Decoding into other forms ------------------------------------------------------------------------------------------------- */

/** Into which files a model is decoded. */
typedef enum tamis_layout {
    /** The files that were encoded. */
    TAMIS_LAYOUT_AS_STORED = 0,
    /** One ONNX file with everything in it, which is below 2 GiB. */
    TAMIS_LAYOUT_SINGLE_FILE = 1,
    /** An ONNX file, and one file beside it with the data of all larger tensors. */
    TAMIS_LAYOUT_EXTERNAL = 2
} tamis_layout;

/** What becomes of quantized tensors. */
typedef enum tamis_form {
    /** Floating-point numbers, as in the model that was encoded. */
    TAMIS_FORM_FLOAT = 0,
    /** Integers with a DequantizeLinear node each where their values allow it, for a small model in memory; others stay as they are,
     *  and there is a note on each of these. */
    TAMIS_FORM_QDQ = 1
} tamis_form;

typedef struct tamis_export_options {
    size_t size;
    tamis_layout layout;
    tamis_form form;
    /** 0 to leave floating-point tensors as they are; TAMIS_FLOAT16 or TAMIS_BFLOAT16 to store float32 weights as these. */
    tamis_element_type element_type;
    /** For TAMIS_LAYOUT_EXTERNAL: the name of the file beside the model; NULL for the model's name and ".data". */
    const char *external_name;
} tamis_export_options;

#define TAMIS_EXPORT_OPTIONS_INIT { sizeof(tamis_export_options), TAMIS_LAYOUT_AS_STORED, TAMIS_FORM_FLOAT, (tamis_element_type)0, NULL }

/** A model in the form asked for, ready to be read. */
typedef struct tamis_export tamis_export;

/** Prepares the files, and finds out their sizes. `options` may be NULL. */
TAMIS_API tamis_status tamis_export_open(
    const tamis_model *model, const tamis_export_options *options, const tamis_run *run, tamis_export **export_, tamis_error **error);

/** Number of files; file 0 is the model itself. 0 for NULL. */
TAMIS_API size_t tamis_export_file_count(const tamis_export *export_);

TAMIS_API tamis_status tamis_export_get_file_info(const tamis_export *export_, size_t file, tamis_file_info *info, tamis_error **error);

/** Decodes a file into `buffer`, which has room for `capacity` bytes. */
TAMIS_API tamis_status tamis_export_read(
    const tamis_export *export_, size_t file, void *buffer, size_t capacity, const tamis_run *run, tamis_error **error);

/** Writes the model to `path` and its other files below the folder of it: all files or none, each durable before it takes its name.
 *  Without `overwrite`, files that exist are an error (TAMIS_IO). */
TAMIS_API tamis_status tamis_export_write(
    const tamis_export *export_, const char *path, int overwrite, const tamis_run *run, tamis_error **error);

/** Number of tensors that are not in the form asked for. 0 for NULL. */
TAMIS_API size_t tamis_export_note_count(const tamis_export *export_);

/** The name of such a tensor, and why. */
TAMIS_API tamis_status tamis_export_get_note(
    const tamis_export *export_, size_t note, const char **tensor, const char **reason, tamis_error **error);

/** NULL is allowed. */
TAMIS_API void tamis_export_close(tamis_export *export_);

/* ---- Encoding ------------------------------------------------------------------------------------------------------------------ */

/** What the encoder is asked to do. Without any setting: quality 15. */
typedef struct tamis_options tamis_options;

TAMIS_API tamis_status tamis_options_new(tamis_options **options, tamis_error **error);

/** NULL is allowed. */
TAMIS_API void tamis_options_free(tamis_options *options);

/**
 * Sets one option, as text, by the keys of recipes (docs/recipes.md); a later value replaces an earlier one.
 *
 *     how close        quality           decibels, -20 to 120 (15)
 *     (one of these;   bits_per_weight   0.01 to 40
 *     the last one     target_size       bytes, such as 600000, 600K or 1.5M
 *     set counts)      snr               decibels, -10 to 150
 *                      step              a positive number
 *                      lossless          "true"
 *     effort           effort            1 to 9 (5)
 *     which way        allocation        "balanced" or "global"
 *                      quantizer         such as "trellis,states=64", "affine,bits=8" or "exact"
 *                      prune             such as "sigma=0.5" or "keep=2:4"
 *                      feedback          "none" or "synthetic"
 *                      grid              "int8" or "int4", for TAMIS_FORM_QDQ
 *                      statistics        path of a safetensors file of measured statistics, read at once
 *                      exclude           a pattern over tensor names; adds to those given before
 *
 * Returns TAMIS_MISUSE, with the key as element, for a key or a value that is not understood; then nothing has changed.
 */
TAMIS_API tamis_status tamis_options_set(tamis_options *options, const char *key, const char *value, tamis_error **error);

/**
 * Sets one option of the tensors whose names match `pattern` (* stands for any text, ? for one character): "quantizer", "prune",
 * "weight" (of 4: half the step) or "step". All rules that match apply, later ones over earlier ones. Calls in a row with the same
 * pattern make one rule.
 */
TAMIS_API tamis_status tamis_options_rule(
    tamis_options *options, const char *pattern, const char *key, const char *value, tamis_error **error);

/**
 * Encodes the model at `model_path`: ONNX with its external data, safetensors, or the index of several safetensors files.
 *
 * The output takes its name only when all of it is on the disk; a call that fails or is cancelled leaves what was there. Without
 * `overwrite`, an output that exists is an error (TAMIS_IO, "output_exists"). `options` may be NULL.
 */
TAMIS_API tamis_status tamis_encode_path(
    const char *model_path, const char *output_path, int overwrite, const tamis_options *options, const tamis_run *run, tamis_error **error);

/**
 * Encodes a model of one file held in memory, ONNX or safetensors. `file_name` is what the decoded file is to be called; NULL for
 * "model.onnx" or "model.safetensors". The bytes returned are freed with tamis_free.
 */
TAMIS_API tamis_status tamis_encode_memory(
    const void *model, size_t model_size, const char *file_name, const tamis_options *options, const tamis_run *run, void **bytes,
    size_t *size, tamis_error **error);

/* ---- Decoding while the bytes arrive ------------------------------------------------------------------------------------------- */

/** A .tamis file that arrives in pieces. */
typedef struct tamis_stream tamis_stream;

/** What a stream is to give; to be added up. What is not asked for takes no memory. */
enum {
    /** Tensors, by tamis_stream_next_tensor. */
    TAMIS_STREAM_TENSORS = 1,
    /** Pieces of the files, by tamis_stream_next_piece. */
    TAMIS_STREAM_PIECES = 2
};

/** `run` is copied, and serves all calls with the stream; its callback `progress` is told bytes pushed, and a total of 0. */
TAMIS_API tamis_status tamis_stream_new(
    int wanted, const tamis_limits *limits, const tamis_run *run, tamis_stream **stream, tamis_error **error);

/**
 * Takes the next bytes, any number of them, and decodes each unit as soon as it is complete. What comes out waits to be fetched:
 * memory is bounded to the largest unit and tensor only if everything is fetched after each push of moderate size.
 *
 * After an error the stream is spent: pushing and finishing give the same error again. What came before the fault can still be fetched.
 */
TAMIS_API tamis_status tamis_stream_push(tamis_stream *stream, const void *bytes, size_t size, tamis_error **error);

/** Says that there are no more bytes: TAMIS_MALFORMED ("truncated") if some are missing. */
TAMIS_API tamis_status tamis_stream_finish(tamis_stream *stream, tamis_error **error);

/** Number of files; 0 until the list of files has arrived, and for NULL. */
TAMIS_API size_t tamis_stream_file_count(const tamis_stream *stream);

TAMIS_API tamis_status tamis_stream_get_file_info(const tamis_stream *stream, size_t file, tamis_file_info *info, tamis_error **error);

/** Sets `is_checked` to nonzero if the SHA-256 of the whole file has been compared, by tamis_stream_finish. It is not where pieces came too
 *  far from their places; each tensor has been held against its digest all the same. */
TAMIS_API tamis_status tamis_stream_file_is_checked(const tamis_stream *stream, size_t file, int *is_checked, tamis_error **error);

/**
 * Gives the next tensor, checked against its digest: TAMIS_OK, TAMIS_AGAIN if none waits, or TAMIS_END after tamis_stream_finish.
 * Tensors come in the order of the stream. `bytes` stay valid until the next call with the stream.
 */
TAMIS_API tamis_status tamis_stream_next_tensor(
    tamis_stream *stream, tamis_tensor_info *info, const void **bytes, size_t *size, tamis_error **error);

/**
 * Gives the next piece of a file, to be put at `offset` of file number `file`; returns as tamis_stream_next_tensor. All pieces of a
 * stream that ends well fill each file exactly. `bytes` stay valid until the next call with the stream.
 */
TAMIS_API tamis_status tamis_stream_next_piece(
    tamis_stream *stream, size_t *file, uint64_t *offset, const void **bytes, size_t *size, tamis_error **error);

/** NULL is allowed. */
TAMIS_API void tamis_stream_free(tamis_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
