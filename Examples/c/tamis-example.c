/*
 * Shows what the C library does, with a model of yours: encodes it in memory, opens the result, lists it, decodes it whole, by one tensor,
 * by rows, into another form and as it arrives, and meets damage and a caller who changes their mind.
 *
 *     cc tamis-example.c $(pkg-config --cflags --libs tamis) -o tamis-example
 *     ./tamis-example model.onnx
 *
 * Every step checks what it got, so the tests run this program too.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tamis.h>

/* Ends the program, with the library's own words if there are any. */
static void give_up(const char *what, tamis_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? tamis_error_message(error) : "not as expected");
    tamis_error_free(error);
    exit(EXIT_FAILURE);
}

#define REQUIRE(condition) do { if (!(condition)) give_up(#condition, NULL); } while (0)

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    REQUIRE(memory != NULL);
    return memory;
}

static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    void *bytes;
    long length = -1;
    if (file == NULL) give_up(path, NULL);
    REQUIRE(fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0);
    bytes = allocate((size_t)length);
    *size = fread(bytes, 1, (size_t)length, file);
    REQUIRE(*size == (size_t)length);
    fclose(file);
    return bytes;
}

/* Encoding: options are text, by the keys of recipes. */
static void encode(const void *model, size_t model_size, void **encoded, size_t *encoded_size)
{
    tamis_options *options;
    tamis_error *error = NULL;
    if (tamis_options_new(&options, &error) != TAMIS_OK) give_up("options", error);
    if (tamis_options_set(options, "quality", "20", &error) != TAMIS_OK) give_up("quality", error);
    if (tamis_options_set(options, "effort", "1", &error) != TAMIS_OK) give_up("effort", error);
    if (tamis_options_rule(options, "*.bias", "quantizer", "exact", &error) != TAMIS_OK) give_up("rule", error);

    /* What is not understood is said, and changes nothing. */
    REQUIRE(tamis_options_set(options, "qualty", "20", &error) == TAMIS_MISUSE);
    printf("  a slip:    %s\n", tamis_error_message(error));
    tamis_error_free(error);

    if (tamis_encode_memory(model, model_size, "model.onnx", options, NULL, encoded, encoded_size, &error) != TAMIS_OK) give_up("encode", error);
    tamis_options_free(options);
    printf("  encoded:   %lu bytes to %lu\n", (unsigned long)model_size, (unsigned long)*encoded_size);
}

/* What is in a file is known without decoding it. */
static void list(const tamis_model *model)
{
    size_t number, shown = tamis_tensor_count(model) < 5 ? tamis_tensor_count(model) : 5;
    tamis_error *error = NULL;
    printf("  made by:   %s (%s)\n", tamis_made_by(model), tamis_made_with(model));
    for (number = 0; number < tamis_file_count(model); number++) {
        tamis_file_info info = TAMIS_FILE_INFO_INIT;
        if (tamis_get_file_info(model, number, &info, &error) != TAMIS_OK) give_up("file", error);
        printf("  file:      %s, %lu bytes\n", info.name, (unsigned long)info.byte_count);
    }
    for (number = 0; number < shown; number++) {
        tamis_tensor_info info = TAMIS_TENSOR_INFO_INIT;
        tamis_tensor_coding coding = TAMIS_TENSOR_CODING_INIT;
        size_t axis, found;
        if (tamis_get_tensor_info(model, number, &info, &error) != TAMIS_OK) give_up("tensor", error);
        if (tamis_get_tensor_coding(model, number, &coding, &error) != TAMIS_OK) give_up("coding", error);
        printf("  tensor:    %s, %s [", info.name, tamis_element_type_name(info.element_type));
        for (axis = 0; axis < info.rank; axis++) printf(axis ? ", %lu" : "%lu", (unsigned long)info.dimensions[axis]);
        printf("], %lu bytes in %lu, %s\n", (unsigned long)info.byte_count, (unsigned long)coding.coded_bytes, coding.exact ? "exact" : "quantized");
        if (tamis_find_tensor(model, info.name, &found, &error) != TAMIS_OK) give_up("find", error);
        REQUIRE(found == number);
    }
}

static void count(void *user, uint64_t done, uint64_t total)
{
    REQUIRE(done <= total);
    *(uint64_t *)user = done;
}

/* The whole file, into a buffer of our own: to a caller's progress bar, and with all digests compared. */
static void *decode_whole(const tamis_model *model, size_t *size)
{
    tamis_file_info info = TAMIS_FILE_INFO_INIT;
    tamis_run run = TAMIS_RUN_INIT;
    tamis_error *error = NULL;
    uint64_t done = 0;
    void *buffer;
    if (tamis_get_file_info(model, 0, &info, &error) != TAMIS_OK) give_up("file", error);
    *size = (size_t)info.byte_count;
    buffer = allocate(*size);
    run.threads = 2;
    run.progress = count;
    run.user = &done;
    if (tamis_decode_file(model, 0, buffer, *size, &run, &error) != TAMIS_OK) give_up("decode", error);
    printf("  decoded:   %s, progress up to %lu\n", info.name, (unsigned long)done);
    REQUIRE(tamis_decode_file(model, 0, buffer, *size - 1, NULL, NULL) == TAMIS_MISUSE); /* the buffer is too small */
    if (tamis_verify(model, NULL, &error) != TAMIS_OK) give_up("verify", error);
    return buffer;
}

/* Single tensors, and rows of them, without the rest. */
static void decode_parts(const tamis_model *model)
{
    size_t number;
    tamis_error *error = NULL;
    for (number = 0; number < tamis_tensor_count(model); number++) {
        tamis_tensor_info info = TAMIS_TENSOR_INFO_INIT;
        uint64_t rows, first, row_bytes;
        char *whole, *part;
        if (tamis_get_tensor_info(model, number, &info, &error) != TAMIS_OK) give_up("tensor", error);
        whole = (char *)allocate((size_t)info.byte_count);
        if (tamis_decode_tensor(model, number, whole, (size_t)info.byte_count, NULL, &error) != TAMIS_OK) give_up("tensor", error);
        rows = info.rank ? info.dimensions[0] : 1;
        if (rows > 1 && tamis_element_type_bits(info.element_type) >= 8) {
            row_bytes = info.byte_count / rows;
            first = rows / 3;
            part = (char *)allocate((size_t)row_bytes);
            if (tamis_decode_rows(model, number, first, 1, part, (size_t)row_bytes, NULL, &error) != TAMIS_OK) give_up("rows", error);
            REQUIRE(memcmp(part, whole + first * row_bytes, (size_t)row_bytes) == 0);
            free(part);
        }
        free(whole);
    }
    printf("  parts:     %lu tensors, and a row of each\n", (unsigned long)number);
}

/* Weights as small integers with a DequantizeLinear node each. */
static void export_integers(const tamis_model *model)
{
    tamis_export_options options = TAMIS_EXPORT_OPTIONS_INIT;
    tamis_file_info info = TAMIS_FILE_INFO_INIT;
    tamis_export *form;
    tamis_error *error = NULL;
    void *buffer;
    options.form = TAMIS_FORM_QDQ;
    if (tamis_export_open(model, &options, NULL, &form, &error) != TAMIS_OK) give_up("export", error);
    if (tamis_export_get_file_info(form, 0, &info, &error) != TAMIS_OK) give_up("export", error);
    buffer = allocate((size_t)info.byte_count);
    if (tamis_export_read(form, 0, buffer, (size_t)info.byte_count, NULL, &error) != TAMIS_OK) give_up("export", error);
    printf("  integers:  %lu bytes; %lu tensors stay as they are\n", (unsigned long)info.byte_count, (unsigned long)tamis_export_note_count(form));
    free(buffer);
    tamis_export_close(form);
}

/* The same from a pipe or a connection: bytes are pushed as they come, and parts of files taken as they come to be. */
static void decode_stream(const char *encoded, size_t encoded_size, const void *expected, size_t expected_size)
{
    const size_t portion = 4096;
    char *output = (char *)allocate(expected_size);
    size_t pushed = 0, tensors = 0, first_tensor_after = 0;
    uint64_t written = 0;
    tamis_stream *stream;
    tamis_error *error = NULL;
    if (tamis_stream_new(TAMIS_STREAM_TENSORS | TAMIS_STREAM_PIECES, NULL, NULL, &stream, &error) != TAMIS_OK) give_up("stream", error);
    while (pushed < encoded_size) {
        size_t count = encoded_size - pushed < portion ? encoded_size - pushed : portion, size, file;
        const void *bytes;
        uint64_t offset;
        tamis_tensor_info info = TAMIS_TENSOR_INFO_INIT;
        tamis_status status;
        if (tamis_stream_push(stream, encoded + pushed, count, &error) != TAMIS_OK) give_up("push", error);
        pushed += count;
        while ((status = tamis_stream_next_tensor(stream, &info, &bytes, &size, &error)) == TAMIS_OK) {
            REQUIRE(size == info.byte_count);
            if (tensors++ == 0) first_tensor_after = pushed;
        }
        if (status != TAMIS_AGAIN) give_up("next tensor", error);
        while ((status = tamis_stream_next_piece(stream, &file, &offset, &bytes, &size, &error)) == TAMIS_OK) {
            REQUIRE(file == 0 && offset + size <= expected_size);
            memcpy(output + offset, bytes, size);
            written += size;
        }
        if (status != TAMIS_AGAIN) give_up("next piece", error);
    }
    if (tamis_stream_finish(stream, &error) != TAMIS_OK) give_up("finish", error);
    REQUIRE(tamis_stream_next_piece(stream, NULL, NULL, NULL, NULL, NULL) == TAMIS_MISUSE);
    REQUIRE(written == expected_size && memcmp(output, expected, expected_size) == 0);
    printf("  streamed:  %lu tensors, the first after %lu of %lu bytes\n", (unsigned long)tensors, (unsigned long)first_tensor_after,
           (unsigned long)encoded_size);
    tamis_stream_free(stream);
    free(output);
}

/* Damage is an error, with its place; nothing of what is damaged comes out. */
static void meet_damage(const char *encoded, size_t encoded_size)
{
    char *damaged = (char *)allocate(encoded_size);
    tamis_model *model;
    tamis_error *error = NULL;
    memcpy(damaged, encoded, encoded_size);
    damaged[encoded_size / 2] ^= 1;
    if (tamis_open_memory(damaged, encoded_size, TAMIS_OPEN_ALL, NULL, &model, &error) != TAMIS_OK) give_up("open", error);
    REQUIRE(tamis_verify(model, NULL, &error) == TAMIS_MALFORMED); /* tensors are looked at when they are decoded */
    printf("  damage:    %s\n", tamis_error_message(error));
    REQUIRE(strcmp(tamis_error_code(error), "payload_checksum") == 0 && tamis_error_unit(error) != NULL && tamis_error_byte_offset(error) > 0);
    tamis_error_free(error);
    tamis_close(model);
    REQUIRE(tamis_open_memory(damaged, encoded_size / 2, TAMIS_OPEN_ALL, NULL, &model, NULL) == TAMIS_MALFORMED && model == NULL);
    REQUIRE(tamis_open_path("no/such/file.tamis", TAMIS_OPEN_ALL, NULL, &model, &error) == TAMIS_IO);
    printf("  no file:   %s\n", tamis_error_message(error));
    tamis_error_free(error);
    free(damaged);
}

/* Says yes when it has been asked so often. */
static int stop_after(void *user)
{
    int *left = (int *)user;
    return (*left)-- <= 0;
}

/* A call that is stopped gives back all that it took. */
static void change_mind(const tamis_model *model, const void *original, size_t original_size)
{
    tamis_run run = TAMIS_RUN_INIT;
    tamis_error *error = NULL;
    tamis_status status;
    int decodes = 0, encodes = 0, left;
    void *bytes;
    size_t size;
    run.cancel = stop_after;
    run.user = &left;
    for (left = decodes;; left = decodes = decodes * 2 + 1) {
        status = tamis_decode_file_new(model, 0, &bytes, &size, &run, &error);
        if (status != TAMIS_CANCELLED) break;
        REQUIRE(bytes == NULL && size == 0);
        tamis_error_free(error);
    }
    if (status != TAMIS_OK) give_up("decode", error);
    tamis_free(bytes);
    for (left = encodes; encodes < 40; encodes = encodes * 2 + 1, left = encodes) {
        status = tamis_encode_memory(original, original_size, NULL, NULL, &run, &bytes, &size, &error);
        if (status != TAMIS_CANCELLED) break;
        REQUIRE(bytes == NULL && size == 0);
        tamis_error_free(error);
    }
    if (status == TAMIS_OK) tamis_free(bytes);
    else if (status != TAMIS_CANCELLED) give_up("encode", error);
    printf("  stopped:   decoding and encoding, some way into each\n");
}

int main(int argument_count, char **arguments)
{
    size_t original_size, encoded_size, decoded_size;
    void *original, *encoded, *decoded;
    tamis_model *model;
    tamis_error *error = NULL;
    if (argument_count != 2) {
        fprintf(stderr, "usage: %s MODEL\n", arguments[0]);
        return EXIT_FAILURE;
    }
    printf("tamis %s, format %d, header %s\n", tamis_version(), tamis_format_version(), TAMIS_VERSION);
    REQUIRE(tamis_version_number() == TAMIS_VERSION_NUMBER && strcmp(tamis_version(), TAMIS_VERSION) == 0);

    original = read_file(arguments[1], &original_size);
    encode(original, original_size, &encoded, &encoded_size);
    if (tamis_open_memory(encoded, encoded_size, TAMIS_OPEN_ALL, NULL, &model, &error) != TAMIS_OK) give_up("open", error);
    list(model);
    decoded = decode_whole(model, &decoded_size);
    decode_parts(model);
    export_integers(model);
    decode_stream((const char *)encoded, encoded_size, decoded, decoded_size);
    meet_damage((const char *)encoded, encoded_size);
    change_mind(model, original, original_size);

    tamis_close(model);
    tamis_free(encoded);
    free(decoded);
    free(original);
    return EXIT_SUCCESS;
}
